#include "load/echo_server.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sotto::load {
namespace {

volatile std::sig_atomic_t stopped = 0;
void stop(int) { stopped = 1; }

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

struct Connection {
    int socket;
    std::unique_ptr<SSL, Free> ssl;
    bool open{false};
};

int listen_on(const LoopbackEndpoint& endpoint)
{
    const int listener = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) != 0 ||
        listen(listener, 4096) != 0)
        throw std::runtime_error("cannot listen on " + endpoint.text);
    return listener;
}

/// False when the connection is over.
bool serve(Connection& connection)
{
    static std::array<char, 65536> buffer;
    auto* ssl = connection.ssl.get();
    ERR_clear_error();
    const auto waits = [ssl](int result) {
        const int error = SSL_get_error(ssl, result);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    };
    if (!connection.open) {
        const int result = SSL_do_handshake(ssl);
        if (result != 1) return waits(result);
        connection.open = true;
    }
    for (;;) {
        const int count = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) return waits(count);
        // A client that does not read what it has sent itself is cut off: there is nothing here to queue in.
        if (SSL_write(ssl, buffer.data(), count) != count) return false;
    }
}

} // namespace

void serve_echo(const EchoOptions& options)
{
    const std::unique_ptr<SSL_CTX, Free> context{SSL_CTX_new(TLS_server_method())};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_block_padding(context.get(), options.padding);
    if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), options.private_key.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("cannot read the certificate or its private key");
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::signal(SIGTERM, stop);
    std::signal(SIGINT, stop);
    std::signal(SIGPIPE, SIG_IGN);

    const int listener = listen_on(options.listen);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    std::puts("ready");
    std::fflush(stdout);

    std::array<epoll_event, 256> events;
    while (stopped == 0) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1000);
        for (int i = 0; i < count; ++i) {
            if (auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)) {
                if (serve(*connection)) continue;
                close(connection->socket);
                delete connection;
                continue;
            }
            for (int socket = 0; (socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                const int on = 1;
                setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                auto connection = std::make_unique<Connection>(
                    Connection{socket, std::unique_ptr<SSL, Free>{SSL_new(context.get())}});
                SSL_set_fd(connection->ssl.get(), socket);
                SSL_set_accept_state(connection->ssl.get());
                event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
                event.data.ptr = connection.release(); // the event holds it from now on
                epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
            }
        }
    }
    close(epoll);
    close(listener);
}

} // namespace sotto::load
