#include "load/loopback.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>

namespace sotto::load {

LoopbackEndpoint parse_loopback(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) throw std::invalid_argument("expected address:port");
    std::uint16_t port = 0;
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
        throw std::invalid_argument("the port must be a number from 1 to 65535");

    auto host = std::string{text.substr(0, colon)};
    LoopbackEndpoint endpoint;
    endpoint.text = text;
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1 || !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr))
            throw std::invalid_argument("only ::1 and 127.0.0.0/8 are allowed: this tool loads its own machine only");
        endpoint.ipv6 = true;
        endpoint.size = sizeof v6;
        reinterpret_cast<sockaddr_in6&>(endpoint.address) = v6;
        return endpoint;
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1 || (ntohl(v4.sin_addr.s_addr) >> 24) != 127)
        throw std::invalid_argument("only ::1 and 127.0.0.0/8 are allowed: this tool loads its own machine only");
    endpoint.size = sizeof v4;
    reinterpret_cast<sockaddr_in&>(endpoint.address) = v4;
    return endpoint;
}

std::string source_address(std::size_t index)
{
    const auto last = index % 254 + 1;
    const auto third = index / 254 % 256;
    const auto second = index / (254 * 256) % 254 + 1;
    return "127." + std::to_string(second) + '.' + std::to_string(third) + '.' + std::to_string(last);
}

} // namespace sotto::load
