#pragma once
#include "load/loop.hpp"
#include "load/loopback.hpp"

#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace sotto::load {

/// What all connections of a run share: where to, which names and certificates to insist on.
class TlsClient {
public:
    /// `ca_file`: PEM. `server_name`: asked for by SNI and required in the certificate. Throws std::runtime_error.
    TlsClient(LoopbackEndpoint target, const std::string& ca_file, std::string server_name);

    SSL_CTX* context() const { return context_.get(); }
    const LoopbackEndpoint& target() const { return target_; }
    const std::string& server_name() const { return server_name_; }

private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    LoopbackEndpoint target_;
    std::string server_name_;
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// One client connection over TLS 1.3 on a nonblocking socket. Can be opened again after it has closed.
class TlsConnection final : Watcher {
public:
    class Owner {
    public:
        virtual void on_open() = 0;
        virtual void on_message(std::string_view bytes) = 0;
        virtual void on_keep_alive() = 0;                 ///< a bare CRLF (RFC 5626 3.5.1)
        virtual void on_closed(std::string_view why) = 0; ///< not after close()

    protected:
        ~Owner() = default;
    };

    TlsConnection(Loop& loop, const TlsClient& client, Owner& owner) : loop_{loop}, client_{client}, owner_{owner} {}
    ~TlsConnection() { close(); }
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;

    /// Starts; on_open() or on_closed() follows later, or on_closed() at once. `source`: an address of 127.0.0.0/8 (not
    /// for IPv6).
    void open(const std::string& source);
    bool is_open() const { return state_ == State::open; }
    void send(std::string_view message); ///< dropped when not open
    void close();
    const std::string& local() const { return local_; } ///< "127.1.0.7:40123" while connected

private:
    enum class State : std::uint8_t { closed, handshaking, open };
    void on_ready(std::uint32_t events) override;
    void shake_hands();
    void read();
    void write();
    /// Takes whole messages from `bytes`; returns what is left of the last one.
    std::string_view take_messages(std::string_view bytes);
    void fail(std::string_view why);
    bool wants_more(int result) const;

    Loop& loop_;
    const TlsClient& client_;
    Owner& owner_;
    int socket_{-1};
    SSL* ssl_{nullptr};
    State state_{State::closed};
    std::uint32_t opened_{0}; ///< counts open() and close(), so that a loop notices that a callback has done either
    std::string local_;
    std::string in_;
    std::string out_;
};

} // namespace sotto::load
