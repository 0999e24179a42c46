#pragma once
#include "core/privacy/outbound.hpp"
#include "core/types/cryptography.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// A name-addr as it was received, with all its parameters: only for the party that wrote it.
std::string as_written(const NameAddr& address);

/// The same without its tag, in angle brackets: how a party calls itself.
std::string without_tag(const NameAddr& address);

/// A route set as one Route value (RFC 3261 12.1): `reversed` for whoever called. Empty for none.
std::string route_value(std::span<const NameAddr> record_routes, bool reversed);

/// The start of a response to `request`: its own Vias, From, To, Call-ID and CSeq back (RFC 3261 8.2.6.2). `to_tag` is
/// added where To has none; empty for 100. Toward another domain its Record-Route goes back as well (12.1.1).
Outbound reply(const Message& request, int status, std::string_view to_tag, Receiver receiver = Receiver::subscriber);

/// Seconds for Retry-After (RFC 3261 20.33): 5 to 36, not the same for all, so that they do not come back together.
std::uint32_t retry_after(Cryptography& cryptography);

} // namespace sotto
