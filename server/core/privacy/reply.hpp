#pragma once
#include "core/privacy/outbound.hpp"

#include <string>
#include <string_view>

namespace sotto {

/// A name-addr as it was received, with all its parameters: only for the party that wrote it.
std::string as_written(const NameAddr& address);

/// The start of a response to `request`: its own Vias, From, To, Call-ID and CSeq back (RFC 3261 8.2.6.2). `to_tag` is
/// added where To has none; empty for 100.
Outbound reply(const Message& request, int status, std::string_view to_tag, Receiver receiver = Receiver::subscriber);

} // namespace sotto
