#include "core/sdp/candidate.hpp"

#include "core/sdp/media_names.hpp"

#include <algorithm>
#include <utility>

namespace sotto::sdp {

namespace {
constexpr std::array<std::string_view, 4> types{"host", "srflx", "prflx", "relay"}; // in the order of Candidate::Type
constexpr std::array<std::string_view, 3> tcp_types{"active", "passive", "so"};

constexpr std::array<std::uint32_t, 4> type_preferences{126, 100, 110, 0}; // RFC 8445 5.1.2.2
constexpr std::uint32_t tcp_preference = 90;                               // RFC 6544 4.2: below UDP
} // namespace

std::uint32_t Priorities::next(const Candidate& candidate)
{
    auto preference = type_preferences[static_cast<std::size_t>(candidate.type)];
    if (candidate.tcp) preference = std::min(preference, tcp_preference);
    if (std::exchange(component_, candidate.component) != candidate.component) {
        type_preference_ = preference;
        local_preference_ = UINT16_MAX;
    }
    // Those of a type are counted for themselves: one may stand alone in the next offer.
    if (preference < type_preference_) {
        type_preference_ = preference;
        local_preference_ = UINT16_MAX;
    }
    const auto local = local_preference_;
    if (local_preference_ > 0) --local_preference_;
    return (type_preference_ << 24U) + (local << 8U) + (256U - candidate.component);
}

std::optional<Candidate> read_candidate(std::string_view value)
{
    Candidate candidate;
    candidate.foundation = take_word(value);
    const auto component = number_of<std::uint16_t>(take_word(value));
    const auto transport = take_word(value);
    const auto priority = number_of<std::uint32_t>(take_word(value));
    auto address = read_candidate_address(take_word(value));
    const auto port = number_of<std::uint16_t>(take_word(value));
    const auto type_word = take_word(value);
    const auto type = position_in(types, take_word(value));

    candidate.tcp = iequals(transport, "TCP");
    const bool known_transport = candidate.tcp || iequals(transport, "UDP");
    const bool valid = !candidate.foundation.empty() && component && *component >= 1 && *component <= 256 &&
                       known_transport && priority && address && port && *port != 0 && type_word == "typ" &&
                       type < types.size();
    if (!valid) return std::nullopt;

    candidate.component = *component;
    candidate.priority = *priority;
    candidate.address = std::move(*address);
    candidate.port = *port;
    candidate.type = static_cast<Candidate::Type>(type);

    for (auto name = take_word(value); !name.empty(); name = take_word(value)) {
        const auto extension = take_word(value);
        if (name != "tcptype") continue;
        const auto which = position_in(tcp_types, extension);
        if (which == tcp_types.size()) return std::nullopt;
        candidate.tcp_type = tcp_types[which];
    }
    if (candidate.tcp == candidate.tcp_type.empty()) return std::nullopt; // RFC 6544 4.5
    return candidate;
}

void put_candidate(std::string& out, const Candidate& candidate, unsigned foundation, std::uint32_t priority)
{
    const std::string_view hidden =
        candidate.address.family == Family::ip6 ? " raddr :: rport 9" : " raddr 0.0.0.0 rport 9";
    put_line(out, "a=candidate:", foundation, ' ', unsigned{candidate.component}, candidate.tcp ? " TCP " : " UDP ",
             priority, ' ', candidate.address.text, ' ', unsigned{candidate.port}, " typ ",
             types[static_cast<std::size_t>(candidate.type)],
             candidate.type == Candidate::Type::host ? std::string_view{} : hidden,
             candidate.tcp ? std::string_view{" tcptype "} : std::string_view{}, candidate.tcp_type);
}

} // namespace sotto::sdp
