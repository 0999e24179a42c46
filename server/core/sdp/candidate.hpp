#pragma once
#include "core/sdp/address.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::sdp {

/// One a=candidate (RFC 8839 5.1), without what only concerns the sender: related address and extensions.
struct Candidate {
    enum class Type : std::uint8_t { host, srflx, prflx, relay };

    std::string_view foundation;
    std::uint16_t component{1};
    bool tcp{false};
    std::uint32_t priority{0};
    Address address;
    std::uint16_t port{0};
    Type type{Type::host};
    std::string_view tcp_type; ///< RFC 6544: active, passive, so; empty for UDP
};

/// The value of an a=candidate; nothing when it breaks the grammar or names another transport or type.
std::optional<Candidate> read_candidate(std::string_view value);

/// Writes the line. The related address is there for those who debug: it is hidden, 0.0.0.0 or ::, port 9 (RFC 8828 3).
void put_candidate(std::string& out, const Candidate& candidate, unsigned foundation);

} // namespace sotto::sdp
