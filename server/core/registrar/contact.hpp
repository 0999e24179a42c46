#pragma once
#include "core/message/message.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto {

/// What one Contact of a REGISTER asks for (RFC 3261 10.2, 20.10; RFC 5626 4.2): its parameters, read once. Views into
/// the message.
struct ContactTerms {
    const NameAddr* contact{nullptr};
    std::optional<std::string_view> expires;
    std::optional<std::string_view> q;
    std::optional<std::string_view> reg_id;
    std::optional<std::string_view> instance; ///< `+sip.instance`

    [[nodiscard]] bool has_instance() const { return instance && !instance->empty(); }
};
ContactTerms terms_of(const NameAddr& contact);

/// A delta-seconds value; malformed ones count as 3600 s (RFC 3261 20.19).
std::uint32_t seconds_of(std::string_view text);
/// The Contact's own `expires`, else the Expires header, else `lifetime`. 0 removes.
std::uint32_t wanted_expiry(const Message& request, const ContactTerms& terms, seconds lifetime);
/// `q` in thousandths; malformed or absent: 1000.
std::uint16_t q_of(const ContactTerms& terms);
/// `reg-id`, 1 to 2^31 - 1; 0 when absent, malformed, or without an instance id (RFC 5626 6: it is ignored then).
std::uint32_t reg_id_of(const ContactTerms& terms);

/// Whether flows are kept on the way from the phone: it is connected here, or its first hop said `ob` (RFC 5626 6).
bool first_hop_keeps_flows(const Message& request);

} // namespace sotto
