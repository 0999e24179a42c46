#include "ctl/assess/tls_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdexcept>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace sotto::assess {
namespace {

constexpr std::chrono::seconds patience{4};
constexpr std::size_t longest_answer = 65'536;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses look_up(const std::string& host, const std::string& port, int kind, std::string& fault)
{
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = kind;
    addrinfo* found = nullptr;
    const int result = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
    if (result != 0) fault = host + ": " + gai_strerror(result);
    return {found, freeaddrinfo};
}

bool connect_within(int descriptor, const addrinfo& address)
{
    if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS) return false;
    pollfd ready{descriptor, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) != 1) {
        errno = ETIMEDOUT;
        return false;
    }
    socklen_t length = sizeof errno;
    int error = 0;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    return error == 0;
}

/// Connected, and blocking for a limited time from then on.
Socket connect_to(const std::string& host, const std::string& port, int kind, std::string& fault)
{
    const auto addresses = look_up(host, port, kind, fault);
    for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
        Socket socket{::socket(address->ai_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        if (socket.descriptor() < 0 || !connect_within(socket.descriptor(), *address)) {
            fault =
                std::string{"port "}.append(port).append(" of ").append(host).append(": ").append(std::strerror(errno));
            continue;
        }
        const int flags = ::fcntl(socket.descriptor(), F_GETFL);
        ::fcntl(socket.descriptor(), F_SETFL, flags & ~O_NONBLOCK);
        const timeval limit{patience.count(), 0};
        ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        return socket;
    }
    return Socket{};
}

template <class Name> std::string address_of(int descriptor, Name name)
{
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, NI_MAXHOST> text{};
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (name(descriptor, raw, &length) != 0 ||
        getnameinfo(raw, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text.data();
}

/// How long the first message in `bytes` is; 0: it is not whole yet. What frames no message is taken whole.
std::size_t message_length(const std::string& bytes)
{
    const auto head = bytes.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    std::size_t body = 0;
    for (const auto* name : {"\r\nContent-Length:", "\r\ncontent-length:", "\r\nl:"})
        if (const auto at = bytes.find(name); at < head)
            body = std::strtoul(bytes.c_str() + at + std::strlen(name), nullptr, 10);
    const auto length = head + 4 + std::min(body, longest_answer);
    return bytes.size() >= length ? length : 0;
}

bool is_provisional(const std::string& message) { return message.starts_with("SIP/2.0 1"); }

} // namespace

Socket::~Socket()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}
Socket::Socket(Socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
Socket& Socket::operator=(Socket&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

TlsClient::TlsClient(const Target& target, Offer what) : context_{SSL_CTX_new(TLS_client_method())}
{
    socket_ = connect_to(target.host, target.port, SOCK_STREAM, fault_);
    if (socket_.descriptor() < 0) return;
    peer_ = address_of(socket_.descriptor(), getpeername);
    own_ = address_of(socket_.descriptor(), getsockname);
    offer(what);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_msg_callback(ssl_.get(), on_record);
    SSL_set_msg_callback_arg(ssl_.get(), this);
    SSL_set_fd(ssl_.get(), socket_.descriptor());
    std::array<unsigned char, 16> number{};
    const bool numeric = ::inet_pton(AF_INET, target.host.c_str(), number.data()) == 1 ||
                         ::inet_pton(AF_INET6, target.host.c_str(), number.data()) == 1;
    auto* wanted = SSL_get0_param(ssl_.get());
    if (numeric) {
        X509_VERIFY_PARAM_set1_ip_asc(wanted, target.host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl_.get(), target.host.c_str());
        X509_VERIFY_PARAM_set1_host(wanted, target.host.c_str(), 0);
    }
    ::fcntl(socket_.descriptor(), F_SETFL, ::fcntl(socket_.descriptor(), F_GETFL) | O_NONBLOCK);
    const int result = drive(std::chrono::steady_clock::now() + patience, [this] { return SSL_connect(ssl_.get()); });
    connected_ = result == 1;
    const bool silent = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    if (!silent) accepted_ = connected_;
    if (connected_) return;
    const auto* reason = ERR_reason_error_string(ERR_peek_last_error());
    fault_ = "port " + target.port + " of " + target.host + " speaks no TLS" +
             (reason == nullptr ? std::string{} : std::string{": "} + reason);
}

void TlsClient::offer(const Offer& what)
{
    auto* context = context_.get();
    SSL_CTX_set_default_verify_paths(context);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr); // it is looked at, not required
    constexpr std::array newest{TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    SSL_CTX_set_max_proto_version(context, newest[static_cast<std::size_t>(what.newest)]);
    SSL_CTX_set_min_proto_version(context, what.newest == Version::tls12 ? TLS1_2_VERSION : TLS1_VERSION);
    // Without security level 0 the library would not offer what is to be looked for.
    if (what.newest != Version::tls13 &&
        SSL_CTX_set_cipher_list(context, what.ciphers != nullptr ? what.ciphers : "ALL:@SECLEVEL=0") != 1)
        throw std::logic_error{"the TLS library knows none of these ciphers"};
}

void TlsClient::on_record(int sent, int, int type, const void* bytes, std::size_t size, SSL*, void* self)
{
    // RFC 8446 5.1: type, version, and the length that a watcher of the wire sees.
    if (sent != 0 || type != SSL3_RT_HEADER || size < 5) return;
    const auto* head = static_cast<const unsigned char*>(bytes);
    if (head[0] == SSL3_RT_APPLICATION_DATA)
        static_cast<TlsClient*>(self)->received_ += static_cast<std::size_t>(head[3]) << 8U | head[4];
}

std::string TlsClient::version() const { return SSL_get_version(ssl_.get()); }

std::string TlsClient::certificate_fault() const
{
    const auto result = SSL_get_verify_result(ssl_.get());
    return result == X509_V_OK ? std::string{} : X509_verify_cert_error_string(result);
}

int TlsClient::certificate_days() const
{
    const std::unique_ptr<X509, Releaser<X509_free>> leaf{SSL_get1_peer_certificate(ssl_.get())};
    int days = 0;
    int seconds = 0;
    if (!leaf || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(leaf.get())) != 1) return 0;
    return days;
}

int TlsClient::drive(std::chrono::steady_clock::time_point until, const std::function<int()>& call)
{
    for (;;) {
        ERR_clear_error();
        const int result = call();
        const int wanted = SSL_get_error(ssl_.get(), result);
        if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return result;
        const auto left = until - std::chrono::steady_clock::now();
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
        pollfd ready{socket_.descriptor(), static_cast<short>(wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
        if (milliseconds <= 0 || ::poll(&ready, 1, static_cast<int>(milliseconds)) != 1) return result;
    }
}

std::string TlsClient::ask(std::string_view request)
{
    const auto until = std::chrono::steady_clock::now() + patience;
    const auto write = [&] { return SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())); };
    if (!connected_ || drive(until, write) <= 0) return {};
    std::array<char, 4096> some{};
    while (std::chrono::steady_clock::now() < until && left_.size() < longest_answer) {
        if (const auto length = message_length(left_); length > 0) {
            auto message = left_.substr(0, length);
            left_.erase(0, length);
            if (!is_provisional(message)) return message;
            continue;
        }
        const int got = drive(until, [&] { return SSL_read(ssl_.get(), some.data(), static_cast<int>(some.size())); });
        if (got <= 0) break;
        left_.append(some.data(), static_cast<std::size_t>(got));
    }
    return {};
}

std::string ask_plainly(const std::string& host, int kind, std::string_view request)
{
    std::string fault;
    const auto socket = connect_to(host, "5060", kind, fault);
    if (socket.descriptor() < 0 || ::send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
        return {};
    std::array<char, 4096> answer{};
    const auto got = ::recv(socket.descriptor(), answer.data(), answer.size(), 0);
    return got > 0 ? std::string(answer.data(), static_cast<std::size_t>(got)) : std::string{};
}

} // namespace sotto::assess
