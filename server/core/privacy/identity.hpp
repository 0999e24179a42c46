#pragma once
#include "core/message/message.hpp"

#include <string>
#include <string_view>

namespace sotto {

inline constexpr std::string_view anonymous_identity =
    "\"Anonymous\" <sip:anonymous@anonymous.invalid>"; ///< RFC 3323 4.1.1.3

/// True for the host of RFC 3323 4.1.1.3, whatever the user part is (RFC 5079 3).
bool is_anonymous(const Uri& uri);

/// `scheme:user@host` with the user part escaped as RFC 3261 25.1 needs it. `aor` is canonical ("user@host").
std::string address_uri(Scheme scheme, std::string_view aor);

/// `"Display" <uri>`: the display name requoted in one form, without control characters, at most 64 bytes; none stays
/// none.
std::string shown_address(std::string_view display, std::string_view uri);

} // namespace sotto
