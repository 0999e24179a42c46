#include "load/tls_connection.hpp"

#include "load/text.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace sotto::load {

TlsClient::TlsClient(LoopbackEndpoint target, const std::string& ca_file, std::string server_name)
    : target_{std::move(target)}, server_name_{std::move(server_name)}, context_{SSL_CTX_new(TLS_client_method())}
{
    if (!context_) throw std::runtime_error("no TLS context");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_mode(context_.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    if (SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr) != 1)
        throw std::runtime_error("cannot read the CA file");
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
}

void TlsConnection::open(const std::string& source)
{
    close();
    ++opened_;
    const auto& target = client_.target();
    socket_ = socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return fail(join("socket: ", std::strerror(errno)));
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!target.ipv6) {
        // The port is chosen at connect(), so that as many connections as ports times sources are possible.
        setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        inet_pton(AF_INET, source.c_str(), &from.sin_addr);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
            return fail(join("bind: ", std::strerror(errno)));
    }
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&target.address), target.size) != 0 && errno != EINPROGRESS)
        return fail(join("connect: ", std::strerror(errno)));
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &size);
    local_ = target.ipv6
                 ? join("[::1]:", std::to_string(ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port)))
                 : join(source, ":", std::to_string(ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port)));
    ssl_ = SSL_new(client_.context());
    SSL_set_fd(ssl_, socket_);
    SSL_set_tlsext_host_name(ssl_, client_.server_name().c_str());
    SSL_set1_host(ssl_, client_.server_name().c_str());
    SSL_set_connect_state(ssl_);
    state_ = State::handshaking;
    loop_.watch(socket_, *this);
}

void TlsConnection::close()
{
    if (ssl_ != nullptr) {
        if (state_ == State::open) SSL_shutdown(ssl_); // says close_notify; does not wait for the answer
        ERR_clear_error();
        SSL_free(std::exchange(ssl_, nullptr));
        loop_.forget(socket_);
    }
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    state_ = State::closed;
    ++opened_;
    in_.clear();
    out_.clear();
}

void TlsConnection::fail(std::string_view why)
{
    const std::string reason{why};
    close();
    owner_.on_closed(reason);
}

bool TlsConnection::wants_more(int result) const
{
    const int error = SSL_get_error(ssl_, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

void TlsConnection::on_ready(std::uint32_t)
{
    const auto mine = opened_;
    if (state_ == State::handshaking) shake_hands();
    if (mine != opened_ || state_ != State::open) return;
    if (!out_.empty()) write();
    if (mine == opened_ && state_ == State::open) read();
}

void TlsConnection::shake_hands()
{
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        state_ = State::open;
        return owner_.on_open();
    }
    if (wants_more(result)) return;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(join("connect: ", std::strerror(error)));
    if (SSL_get_verify_result(ssl_) != X509_V_OK)
        return fail(join("certificate: ", X509_verify_cert_error_string(SSL_get_verify_result(ssl_))));
    fail("closed in handshake");
}

void TlsConnection::read()
{
    static thread_local std::array<char, 65536> buffer; // shared by all connections: an idle one holds nothing
    const auto mine = opened_;
    for (;;) {
        ERR_clear_error();
        const int count = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) {
            if (wants_more(count)) return;
            return fail("closed by the server");
        }
        std::string_view bytes{buffer.data(), static_cast<std::size_t>(count)};
        std::string joined;
        if (!in_.empty()) {
            joined = std::move(in_);
            in_.clear();
            joined.append(bytes);
            bytes = joined;
        }
        const auto rest = take_messages(bytes);
        if (mine != opened_) return;
        in_.assign(rest);
    }
}

std::string_view TlsConnection::take_messages(std::string_view bytes)
{
    const auto mine = opened_;
    while (!bytes.empty() && mine == opened_) {
        if (bytes.starts_with("\r\n")) {
            bytes.remove_prefix(2);
            owner_.on_keep_alive();
            continue;
        }
        const auto length = message_length(bytes);
        if (length == 0) break;
        if (length == malformed) {
            fail("unframed bytes");
            break;
        }
        const auto message = bytes.substr(0, length);
        bytes.remove_prefix(length);
        owner_.on_message(message);
    }
    return bytes;
}

void TlsConnection::send(std::string_view message)
{
    if (state_ != State::open) return;
    const bool idle = out_.empty();
    out_.append(message);
    if (idle) write();
}

void TlsConnection::write()
{
    std::size_t sent = 0;
    while (sent < out_.size()) {
        ERR_clear_error();
        const int count = SSL_write(ssl_, out_.data() + sent, static_cast<int>(out_.size() - sent));
        if (count <= 0) {
            if (!wants_more(count)) return fail("closed by the server");
            break;
        }
        sent += static_cast<std::size_t>(count);
    }
    out_.erase(0, sent);
    if (out_.empty()) out_.shrink_to_fit();
}

} // namespace sotto::load
