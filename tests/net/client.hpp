#pragma once
#include "net/asio.hpp"

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::test {

/// A blocking TLS client. Every wait ends after ten seconds with a failure.
class Client {
public:
    struct Options {
        std::string server_name{"example.org"}; ///< empty: no SNI
        int max_version{TLS1_3_VERSION};
        int min_version{TLS1_2_VERSION};
        std::string groups{};
        std::string alpn{};
        int receive_buffer{0};
        int segment{0};               ///< bytes that it takes at once; the fewer, the less the other end's kernel keeps
        std::string source{};         ///< address to bind to
        SSL_SESSION* resume{nullptr}; ///< of an earlier connection
        bool handshake{true};
    };
    explicit Client(const net::Endpoint& to) : Client{to, Options{}} {}
    Client(const net::Endpoint& to, const Options& options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The handshake came to a good end, as far as this side can tell.
    [[nodiscard]] bool good() const { return good_; }
    /// Number of the fatal alert that the server sent; -1: none.
    [[nodiscard]] int alert() const { return alert_; }
    [[nodiscard]] std::string certificate_subject() const;
    [[nodiscard]] std::string alpn() const;
    [[nodiscard]] SSL* session() const { return ssl_.get(); }
    [[nodiscard]] int socket() const { return socket_; }
    [[nodiscard]] bool was_given_ticket() const { return ticket_; }
    /// What protects what this side sends, in TLS 1.3 (RFC 8446 7.1: client_application_traffic_secret_0).
    [[nodiscard]] const std::vector<std::uint8_t>& traffic_secret() const { return traffic_secret_; }

    /// Sends a ClientHello and does not wait.
    void say_hello() const;
    /// The server has said something. Throws when it does not.
    void await_answer() const;
    /// Sends a ClientHello, and nothing more once it is answered.
    void greet() const;
    bool send(std::string_view bytes);
    /// What comes next, at most 16 KiB; empty at the end of the connection.
    std::string receive();
    /// Reads until that many bytes are there or the connection ends.
    std::string receive(std::size_t size);
    /// One message with its body; "" at the end of the connection.
    std::string receive_message();
    /// True when the server ends the connection, whatever it sends before.
    bool ended();
    /// Forgets the TLS session but keeps the connection open.
    void abandon();
    /// Sizes of the application records received, as on the wire without the 5 bytes of header.
    [[nodiscard]] const std::vector<std::size_t>& records() const { return records_; }

private:
    /// The one ticket that a server gives after each handshake (TLS 1.3): it is no answer to anything.
    void take_ticket();
    static void note_secret(const SSL* ssl, const char* line);
    static void observe(int write, int version, int type, const void* bytes, std::size_t length, SSL* ssl, void* self);

    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
    std::unique_ptr<SSL, Free> ssl_;
    int socket_{-1};
    bool good_{false};
    bool ticket_{false};
    int alert_{-1};
    std::string buffer_;
    std::vector<std::size_t> records_;
    std::vector<std::uint8_t> traffic_secret_;
};

/// A request that the edge's element answers. Method, body, and how many bytes of padding header.
std::string request(std::string_view method, std::string_view body = {}, std::size_t filler = 0);

} // namespace sotto::test
