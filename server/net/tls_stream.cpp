#include "net/tls_stream.hpp"

#include <openssl/err.h>

#include <netinet/tcp.h>

#include <new>

namespace sotto::net {

namespace {

using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
constexpr int unacknowledged_for = 30'000; // milliseconds, then the kernel reports the flow as dead

/// New keys or tickets that a peer may send without anything to read between them. A phone changes its keys once in
/// millions of records; of empty records the library takes as many in a row.
constexpr std::uintptr_t most_in_a_row = 32;

std::uintptr_t in_a_row(const SSL* ssl) { return reinterpret_cast<std::uintptr_t>(SSL_get_app_data(ssl)); }

/// The number itself: a place for it is only taken where there is one to note.
void note_in_a_row(SSL* ssl, std::uintptr_t number)
{
    SSL_set_app_data(ssl, reinterpret_cast<void*>(number)); // NOLINT(performance-no-int-to-ptr)
}

/// While the next such message is there already, SSL_read takes it, and returns to nobody: for seconds, if a peer
/// wants. Nothing calls this for what is ordinarily read.
void bound_messages_after_handshake(const SSL* session, int where, int)
{
    if ((where & SSL_CB_LOOP) == 0) return;
    const auto state = SSL_get_state(session); // left next: what it names has been read
    if (state != TLS_ST_SR_KEY_UPDATE && state != TLS_ST_CR_KEY_UPDATE && state != TLS_ST_CR_SESSION_TICKET) return;
    auto* ssl = const_cast<SSL*>(session);
    note_in_a_row(ssl, in_a_row(ssl) + 1);
    if (in_a_row(ssl) > most_in_a_row) SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN); // fails at the next record
}

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
    SSL_set_info_callback(ssl_.get(), &bound_messages_after_handshake);
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
    const auto progress = progress_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &got));
    if (progress == Progress::done && in_a_row(ssl_.get()) != 0) note_in_a_row(ssl_.get(), 0);
    return progress;
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
