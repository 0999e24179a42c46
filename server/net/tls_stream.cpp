#include "net/tls_stream.hpp"

#include <openssl/err.h>

#include <netinet/tcp.h>

#include <new>

namespace sotto::net {

namespace {

using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
constexpr int unacknowledged_for = 30'000; // milliseconds, then the kernel reports the flow as dead

} // namespace

TlsStream::TlsStream(Socket socket, SSL_CTX* context) : socket_{std::move(socket)}, ssl_{SSL_new(context)}
{
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) throw std::bad_alloc{};
    SSL_set_accept_state(ssl_.get());
    prepare_socket();
}

TlsStream::TlsStream(Socket socket, SSL_CTX* context, const std::string& server)
    : socket_{std::move(socket)}, ssl_{SSL_new(context)}
{
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1 ||
        SSL_set_tlsext_host_name(ssl_.get(), server.c_str()) != 1)
        throw std::bad_alloc{};
    SSL_set_connect_state(ssl_.get());
    prepare_socket();
}

void TlsStream::prepare_socket()
{
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.set_option(UserTimeout{unacknowledged_for}, ignored);
}

Progress TlsStream::progress_of(int result)
{
    if (result > 0) return Progress::done;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return Progress::want_read;
    case SSL_ERROR_WANT_WRITE:
        return Progress::want_write;
    case SSL_ERROR_ZERO_RETURN:
        return Progress::closed;
    default:
        broken_ = true;
        return Progress::failed;
    }
}

Progress TlsStream::handshake()
{
    ERR_clear_error();
    return progress_of(SSL_do_handshake(ssl_.get()));
}

Progress TlsStream::read(std::span<char> into, std::size_t& got)
{
    ERR_clear_error();
    return progress_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &got));
}

Progress TlsStream::write(std::string_view from, std::size_t& put)
{
    ERR_clear_error();
    return progress_of(SSL_write_ex(ssl_.get(), from.data(), from.size(), &put));
}

void TlsStream::pads(bool wanted)
{
    auto* const cell = SSL_CTX_get_record_padding_callback_arg(SSL_get_SSL_CTX(ssl_.get()));
    SSL_set_record_padding_callback_arg(ssl_.get(), wanted ? cell : nullptr);
}

void TlsStream::finish()
{
    ERR_clear_error();
    if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

} // namespace sotto::net
