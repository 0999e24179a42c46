#pragma once
#include "ctl/assess/observed.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace sotto::assess {

/// A socket, closed with this.
class Socket {
public:
    explicit Socket(int descriptor = -1) : descriptor_{descriptor} {}
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// One connection, which blocks for a few seconds at most. It takes every certificate, and says what is wrong with it.
class TlsClient {
public:
    enum class Version : std::uint8_t { tls11, tls12, tls13 };
    /// Those of TLS 1.2 that no server should take (RFC 9325 4.1): no forward secrecy, or no AEAD.
    static constexpr const char* weak_ciphers = "kRSA:ECDHE+SHA1:ECDHE+SHA256:ECDHE+SHA384:DHE+SHA1:DHE+SHA256:"
                                                "!AESGCM:!CHACHA20:!AESCCM:!aNULL:@SECLEVEL=0";
    struct Offer {
        Version newest{Version::tls13}; ///< with tls11 the older ones too, else back to 1.2; the first client takes all
        const char* ciphers{nullptr};   ///< of TLS 1.2; nothing: the library's
    };

    TlsClient(const Target& target, Offer offer);

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] const std::string& fault() const { return fault_; } ///< why it is not
    /// Whether the server took the offer; nothing: it was not reached, or said nothing in time.
    [[nodiscard]] std::optional<bool> accepted() const { return accepted_; }
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string certificate_fault() const;
    [[nodiscard]] int certificate_days() const;
    [[nodiscard]] const std::string& peer_address() const { return peer_; }
    [[nodiscard]] const std::string& own_address() const { return own_; }

    /// Sends a request and gives back its final answer's head; nothing when none comes.
    std::string ask(std::string_view request);
    /// Bytes of TLS records with content so far.
    [[nodiscard]] std::size_t received_on_the_wire() const { return received_; }

private:
    template <auto release> struct Releaser {
        template <class T> void operator()(T* object) const { release(object); }
    };
    static void on_record(int sent, int version, int type, const void* bytes, std::size_t size, SSL*, void* self);
    void offer(const Offer& what);
    /// Repeats a call of the library until it is done or has failed, or time is up: then it still wants to read or
    /// write.
    int drive(std::chrono::steady_clock::time_point until, const std::function<int()>& call);

    std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>> context_;
    Socket socket_;
    std::unique_ptr<SSL, Releaser<SSL_free>> ssl_;
    bool connected_{false};
    std::optional<bool> accepted_;
    std::string fault_, peer_, own_, left_;
    std::size_t received_{0};
};

/// Asks on port 5060 without encryption; empty: nobody answers. `kind`: SOCK_STREAM or SOCK_DGRAM.
std::string ask_plainly(const std::string& host, int kind, std::string_view request);

} // namespace sotto::assess
