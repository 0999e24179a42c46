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

/// The priorities that leave, for the candidates of one component, given from the most preferred on: those of RFC 8445
/// 5.1.2.1 with its recommended type preferences, in the sender's order. What a sender computes itself tells its make.
class Priorities {
public:
    std::uint32_t next(const Candidate& candidate);

private:
    std::uint32_t component_{0};
    std::uint32_t type_preference_{0}; ///< of the one before: never surpassed, so that the order stays
    std::uint32_t local_preference_{0};
};

/// Writes the line. The related address is there for those who debug: it is hidden, 0.0.0.0 or ::, port 9 (RFC 8828 3).
void put_candidate(std::string& out, const Candidate& candidate, unsigned foundation, std::uint32_t priority);

} // namespace sotto::sdp
