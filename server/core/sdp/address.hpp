#pragma once
#include "core/sdp/text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto::sdp {

enum class Family : std::uint8_t { ip4, ip6 };

/// An address as a c= line or a candidate names it: IPv4, IPv6, or a name (RFC 8866 5.7; mDNS names of browsers).
struct Address {
    std::string_view text{"0.0.0.0"};
    Family family{Family::ip4};

    bool operator==(const Address&) const = default;
    [[nodiscard]] bool unspecified() const { return text == "0.0.0.0" || text == "::"; }
    [[nodiscard]] std::string_view network() const { return family == Family::ip6 ? "IN IP6 " : "IN IP4 "; }
};

/// Letters, digits, and what addresses and names are made of; so no zone id, and no multicast with a TTL.
constexpr bool valid_address(std::string_view text)
{
    return consists_of(text, 255, [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == ':'; });
}

constexpr Family family_of(std::string_view address)
{
    return address.find(':') == std::string_view::npos ? Family::ip4 : Family::ip6;
}

/// "IN IP4 192.0.2.1", of a c= or a=rtcp line. Nothing for what is not unicast.
constexpr std::optional<Address> read_address(std::string_view text)
{
    if (take_word(text) != "IN") return std::nullopt;
    const auto type = take_word(text);
    const auto address = take_word(text);
    if ((type != "IP4" && type != "IP6") || !valid_address(address) || !take_word(text).empty()) return std::nullopt;
    return Address{address, type == "IP6" ? Family::ip6 : Family::ip4};
}

} // namespace sotto::sdp
