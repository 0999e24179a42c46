#include "core/privacy/reply.hpp"

#include <array>

namespace sotto {

std::string as_written(const NameAddr& address)
{
    std::string out;
    out.reserve(address.display.size() + address.uri.text.size() + address.params.size() + 4);
    if (!address.display.empty()) (out += address.display) += ' ';
    ((out += '<') += address.uri.text) += '>';
    if (!address.params.empty()) (out += ';') += address.params;
    return out;
}

std::string without_tag(const NameAddr& address)
{
    std::string out;
    if (!address.display.empty()) (out += address.display) += ' ';
    return ((out += '<') += address.uri.text) += '>';
}

std::string route_value(std::span<const NameAddr> record_routes, bool reversed)
{
    std::string out;
    for (std::size_t i = 0; i < record_routes.size(); ++i) {
        if (!out.empty()) out += ", ";
        out += as_written(record_routes[reversed ? record_routes.size() - 1 - i : i]);
    }
    return out;
}

Outbound reply(const Message& request, int status, std::string_view to_tag, Receiver receiver)
{
    auto out = Outbound::response(status, receiver);
    for (const auto& via : request.vias) out.set(Header::via, via.text);
    if (request.method != Method::register_) // RFC 3261 10.3
        for (const auto& hop : request.record_routes) out.set(Header::record_route, as_written(hop));
    out.set(Header::from, as_written(request.from));
    auto to = as_written(request.to);
    if (request.to.tag().empty() && !to_tag.empty()) (to += ";tag=") += to_tag;
    out.set(Header::to, to);
    out.set(Header::call_id, request.call_id);
    out.set(Header::cseq, std::to_string(request.cseq.number).append(" ").append(request.cseq.method_name));
    return out;
}

std::uint32_t retry_after(Cryptography& cryptography)
{
    constexpr std::uint32_t least = 5;
    constexpr std::uint32_t spread = 32;
    std::array<std::uint8_t, 1> drawn{};
    cryptography.random(drawn);
    return least + drawn[0] % spread;
}

} // namespace sotto
