#pragma once
#include "net/asio.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sotto::net {

/// What came of one TLS operation.
enum class Progress : std::uint8_t {
    done,
    want_read, ///< wait until the socket is readable and call again
    want_write,
    closed, ///< the peer ended the session in order
    failed  ///< broken: nothing more can be read or written
};

/// TLS directly on a non-blocking socket: no buffers of its own while it is idle. Never waits; the owner does.
class TlsStream {
public:
    /// Takes an accepted socket. `context` is kept alive by the session.
    TlsStream(Socket socket, SSL_CTX* context);
    /// Takes a connected socket for the client's side; `server` is whom the handshake asks for (RFC 6066 3).
    TlsStream(Socket socket, SSL_CTX* context, const std::string& server);

    Progress handshake();
    /// A whole ClientHello has come: from then on the handshake costs something.
    [[nodiscard]] bool greeted() const
    {
        const auto state = SSL_get_state(ssl_.get());
        return state != TLS_ST_BEFORE && state != TLS_ST_SR_CLNT_HELLO;
    }
    /// Decrypts at most one record into `into`.
    Progress read(std::span<char> into, std::size_t& got);
    /// Encrypts and sends one record of `from`, or a part. After `want_write`, the next call must offer at least the
    /// same bytes.
    Progress write(std::string_view from, std::size_t& put);
    /// Whether what is written from now on fills whole cells, where its context has cells (identities.hpp).
    void pads(bool wanted);
    /// Received bytes wait inside: read before waiting for the socket.
    [[nodiscard]] bool pending() const { return SSL_has_pending(ssl_.get()) != 0; }
    /// Says goodbye (close_notify), if the session is whole, and that nothing more will be sent.
    void finish();

    Socket& socket() { return socket_; }
    [[nodiscard]] SSL* session() const { return ssl_.get(); }

private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    void prepare_socket();
    Progress progress_of(int result);

    Socket socket_;
    std::unique_ptr<SSL, Free> ssl_;
    bool broken_{false};
};

} // namespace sotto::net
