#pragma once
#include "core/sdp/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::sdp {

enum class Family : std::uint8_t { ip4, ip6 };

/// An address as a c= line or a candidate names it, in its canonical spelling (RFC 5952). A candidate's may be the
/// drawn name that a browser shows in place of its own (draft-ietf-mmusic-mdns-ice-candidates 3.1.1); any other name
/// would be the device's or its network's.
struct Address {
    std::string text{"0.0.0.0"};
    Family family{Family::ip4};

    bool operator==(const Address&) const = default;
    [[nodiscard]] bool unspecified() const { return text == "0.0.0.0" || text == "::"; }
    [[nodiscard]] std::string_view network() const { return family == Family::ip6 ? "IN IP6 " : "IN IP4 "; }
};

/// An IPv4 or IPv6 address, not a name, a zone or a range.
std::optional<Address> read_literal(std::string_view text);
/// The same, or a drawn name of mDNS: a UUID under .local.
std::optional<Address> read_candidate_address(std::string_view text);
/// "IN IP4 192.0.2.1", of a c= or a=rtcp line. Nothing for what is not a literal of that family.
std::optional<Address> read_address(std::string_view text);

} // namespace sotto::sdp
