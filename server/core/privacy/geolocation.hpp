#pragma once
#include "core/message/message.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// Names of ours for the parts of a body that say where the sender is (RFC 6442 4.1): what its phone calls them would
/// tell the phone. Unique in their message, where a `cid:` URI looks for them (RFC 2392).
/// `index`: from 0. With angle brackets.
std::string location_id(std::size_t index);

/// Geolocation for an emergency service: references into this message's body under the names of ours, others only
/// where they are fetched over TLS or within SIP. `ids`: what the sender calls its parts, with angle brackets, in the
/// order of `location_id`. Empty when nothing of it can be followed.
std::string geolocation(const Message& source, std::span<const std::string> ids);

} // namespace sotto
