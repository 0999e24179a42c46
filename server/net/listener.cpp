#include "net/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

namespace sotto::net {

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
constexpr int backlog = 4'096; // the kernel cuts it to net.core.somaxconn

void check(const error_code& error, const Endpoint& endpoint, std::string_view what)
{
    if (error) throw ListenError{text_of(endpoint) + ": " + std::string{what} + ": " + error.message()};
}

} // namespace

Endpoint endpoint_of(std::string_view text)
{
    const auto colon = text.rfind(':');
    auto host = text.substr(0, colon);
    std::uint16_t port = 0;
    bool good = colon != std::string_view::npos;
    if (good) {
        const auto digits = text.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        good = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    error_code error;
    const auto address = asio::ip::make_address(std::string{host}, error);
    if (!good || error || address.is_v6() != bracketed)
        throw ListenError{std::string{text} + ": not an address and port such as 192.0.2.1:5061 or [2001:db8::1]:5061"};
    return {address, port};
}

std::string text_of(const Endpoint& endpoint)
{
    const auto host = endpoint.address().to_string();
    const auto port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

int listen_on(const Endpoint& endpoint)
{
    asio::io_context context;
    Acceptor acceptor{context};
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    check(error, endpoint, "cannot open a socket");
    acceptor.set_option(Acceptor::reuse_address{true}, error);
    acceptor.set_option(ReusePort{true}, error);
    if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only{true}, error);
    check(error, endpoint, "cannot share the address between threads");
    acceptor.bind(endpoint, error);
    check(error, endpoint, "cannot take the address");
    acceptor.listen(backlog, error);
    check(error, endpoint, "cannot listen");
    const int descriptor = acceptor.release(error);
    check(error, endpoint, "cannot listen");
    return descriptor;
}

void check_unused(const Endpoint& endpoint)
{
    asio::io_context context;
    Acceptor probe{context, endpoint.protocol()};
    error_code error;
    probe.set_option(Acceptor::reuse_address{true}, error);
    if (endpoint.address().is_v6()) probe.set_option(asio::ip::v6_only{true}, error);
    probe.bind(endpoint, error);
    check(error, endpoint, "cannot take the address");
}

bool shares_its_address(int descriptor)
{
    int on = 0;
    socklen_t length = sizeof on;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, &length) == 0 && on != 0;
}

int duplicate(int descriptor)
{
    const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) throw ListenError{"no descriptor is left for a listening socket"};
    return copy;
}

Acceptor adopt(asio::io_context& context, int descriptor)
{
    const auto endpoint = endpoint_of(descriptor);
    Acceptor acceptor{context};
    error_code error;
    acceptor.assign(endpoint.protocol(), descriptor, error);
    check(error, endpoint, "cannot adopt the listening socket");
    acceptor.non_blocking(true);
    return acceptor;
}

Endpoint endpoint_of(int descriptor)
{
    Endpoint endpoint;
    auto length = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(descriptor, endpoint.data(), &length) != 0)
        throw ListenError{"a descriptor that was passed in is not a socket"};
    endpoint.resize(length);
    return endpoint;
}

} // namespace sotto::net
