#include "net/client.hpp"

#include <openssl/err.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace sotto::test {

Client::Client(const net::Endpoint& to, const Options& options)
{
    socket_ = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (options.receive_buffer > 0)
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
    if (options.segment > 0) ::setsockopt(socket_, IPPROTO_TCP, TCP_MAXSEG, &options.segment, sizeof options.segment);
    if (!options.source.empty()) {
        const net::Endpoint from{net::asio::ip::make_address(options.source), 0};
        if (::bind(socket_, from.data(), static_cast<socklen_t>(from.size())) != 0)
            throw std::runtime_error{"cannot bind to " + options.source};
    }
    if (::connect(socket_, to.data(), static_cast<socklen_t>(to.size())) != 0)
        throw std::runtime_error{"cannot connect"};
    if (!options.handshake) return;

    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    SSL_CTX_set_keylog_callback(context_.get(), &Client::note_secret);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_fd(ssl_.get(), socket_);
    SSL_set_msg_callback(ssl_.get(), &Client::observe);
    SSL_set_msg_callback_arg(ssl_.get(), this);
    if (!options.groups.empty()) SSL_set1_groups_list(ssl_.get(), options.groups.c_str());
    if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    if (!options.alpn.empty()) {
        const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
        SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
    }
    if (options.resume != nullptr) SSL_set_session(ssl_.get(), options.resume);
    ERR_clear_error();
    const bool connected = SSL_connect(ssl_.get()) == 1;
    if (connected && SSL_version(ssl_.get()) == TLS1_3_VERSION) take_ticket();
    good_ = connected;
}

void Client::note_secret(const SSL* ssl, const char* line)
{
    const std::string_view text{line};
    if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    long length = 0;
    auto* const secret = OPENSSL_hexstr2buf(line + text.rfind(' ') + 1, &length);
    static_cast<Client*>(SSL_get_app_data(ssl))->traffic_secret_.assign(secret, secret + length);
    OPENSSL_free(secret);
}

void Client::take_ticket()
{
    const int flags = ::fcntl(socket_, F_GETFL);
    ::fcntl(socket_, F_SETFL, flags | O_NONBLOCK);
    pollfd readable{socket_, POLLIN, 0};
    char byte = 0;
    while (!ticket_ && ::poll(&readable, 1, 5'000) == 1)
        if (const int got = SSL_peek(ssl_.get(), &byte, 1);
            got > 0 || SSL_get_error(ssl_.get(), got) != SSL_ERROR_WANT_READ)
            break;
    ERR_clear_error();
    ::fcntl(socket_, F_SETFL, flags);
}

Client::~Client()
{
    ssl_.reset();
    if (socket_ >= 0) ::close(socket_);
}

void Client::observe(int write, int, int type, const void* bytes, std::size_t length, SSL*, void* self)
{
    auto& client = *static_cast<Client*>(self);
    const auto* octets = static_cast<const unsigned char*>(bytes);
    if (write != 0) return;
    if (type == SSL3_RT_ALERT && length == 2 && octets[0] == SSL3_AL_FATAL) client.alert_ = octets[1];
    if (type == SSL3_RT_HANDSHAKE && length > 0 && octets[0] == SSL3_MT_NEWSESSION_TICKET) client.ticket_ = true;
    if (type == SSL3_RT_HEADER && length == 5 && octets[0] == SSL3_RT_APPLICATION_DATA && client.good_)
        client.records_.push_back(std::size_t{octets[3]} << 8U | octets[4]);
}

void Client::say_hello() const
{
    const std::unique_ptr<SSL_CTX, Free> context{SSL_CTX_new(TLS_client_method())};
    const std::unique_ptr<SSL, Free> ssl{SSL_new(context.get())};
    auto* written = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), written);
    SSL_connect(ssl.get()); // says hello, and finds nothing to read
    char* hello = nullptr;
    const auto size = BIO_get_mem_data(written, &hello);
    if (::send(socket_, hello, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size)
        throw std::runtime_error{"cannot greet"};
}

void Client::await_answer() const
{
    char answer = 0;
    if (::recv(socket_, &answer, 1, MSG_PEEK) != 1) throw std::runtime_error{"no answer to a greeting"};
}

void Client::greet() const
{
    say_hello();
    await_answer();
}

void Client::abandon()
{
    ssl_.reset();
    context_.reset();
}

std::string Client::certificate_subject() const
{
    auto* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
    return name.data();
}

std::string Client::alpn() const
{
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &length);
    return {reinterpret_cast<const char*>(chosen), length};
}

bool Client::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        ERR_clear_error();
        std::size_t put = 0;
        if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put) != 1) return false;
        bytes.remove_prefix(put);
    }
    return true;
}

std::string Client::receive()
{
    if (!buffer_.empty()) return std::exchange(buffer_, {});
    std::string bytes(16'384, '\0');
    std::size_t got = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &got) != 1) return {};
    bytes.resize(got);
    return bytes;
}

std::string Client::receive(std::size_t size)
{
    std::string all;
    while (all.size() < size) {
        const auto more = receive();
        if (more.empty()) return all;
        all += more;
    }
    buffer_ = all.substr(size);
    all.resize(size);
    return all;
}

std::string Client::receive_message()
{
    std::string all;
    for (;;) {
        const auto more = receive();
        if (more.empty()) return {};
        all += more;
        const auto head = all.find("\r\n\r\n");
        if (head == std::string::npos) continue;
        const auto length = all.find("Content-Length: ");
        const auto size = head + 4 + std::stoul(all.substr(length + 16));
        while (all.size() < size) {
            const auto rest = receive();
            if (rest.empty()) return {};
            all += rest;
        }
        buffer_ = all.substr(size);
        all.resize(size);
        return all;
    }
}

bool Client::ended()
{
    for (;;) {
        buffer_.clear();
        errno = 0;
        if (!receive().empty()) continue;
        return errno != EAGAIN && errno != EWOULDBLOCK;
    }
}

std::string request(std::string_view method, std::string_view body, std::size_t filler)
{
    static int serial = 0;
    const auto number = std::to_string(++serial);
    std::string text{method};
    text += " sip:example.org SIP/2.0\r\nVia: SIP/2.0/TLS client.invalid;branch=z9hG4bK" + number +
            "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: " +
            number + "\r\nCSeq: 1 " + std::string{method} + "\r\n";
    if (filler > 0) text += "Subject: " + std::string(filler, 's') + "\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

} // namespace sotto::test
