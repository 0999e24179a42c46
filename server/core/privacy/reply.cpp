#include "core/privacy/reply.hpp"

#include <array>

namespace sotto {

namespace {

std::array<std::string_view, 7> parts_of(const NameAddr& address)
{
    return {address.display,
            address.display.empty() ? "" : " ",
            "<",
            address.uri.text,
            ">",
            address.params.empty() ? "" : ";",
            address.params};
}

} // namespace

std::string as_written(const NameAddr& address)
{
    std::string out;
    out.reserve(address.display.size() + address.uri.text.size() + address.params.size() + 4);
    for (const auto part : parts_of(address)) out += part;
    return out;
}

std::string without_tag(const NameAddr& address)
{
    std::string out;
    if (!address.display.empty()) (out += address.display) += ' ';
    ((out += '<') += address.uri.text) += '>';
    return out;
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
        for (const auto& hop : request.record_routes) out.set(Header::record_route, parts_of(hop));
    out.set(Header::from, parts_of(request.from));
    const auto to = parts_of(request.to);
    const bool adds_tag = !to_tag.empty() && request.to.tag().empty();
    out.set(Header::to,
            {to[0], to[1], to[2], to[3], to[4], to[5], to[6], adds_tag ? ";tag=" : "", adds_tag ? to_tag : ""});
    out.set(Header::call_id, request.call_id);
    out.set(Header::cseq, {std::to_string(request.cseq.number), " ", request.cseq.method_name});
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
