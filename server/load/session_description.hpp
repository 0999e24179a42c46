#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sotto::load {

inline constexpr std::string_view allowed_methods =
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, UPDATE, PRACK, INFO, REFER, NOTIFY\r\nSupported: replaces\r\n";

/// An offer or answer as a phone with DTLS-SRTP makes it (RFC 5763). Nothing listens at its address (RFC 5737).
/// `setup`: actpass in an offer, active in an answer.
std::string session_description(std::uint16_t media_port, std::string_view setup);

} // namespace sotto::load
