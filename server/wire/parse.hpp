#pragma once
#include "core/message/message.hpp"

#include <string_view>

namespace sotto::wire {

/// Called once, before any thread starts: prepares the packaged grammar (sofia-sip).
void initialise();

/// Turns one framed message into the core's form. Null when nothing can be answered: no usable start line, Via, From,
/// To, Call-ID or CSeq, or a response with any defect. A request that can be answered but not processed has `defect`
/// set. `framing` is a defect that the framer found already. Safe on hostile bytes; reentrant.
MessagePtr parse(std::string_view bytes, std::optional<Refusal> framing = std::nullopt);

/// Whether the bytes start like a response. One that gives no message is ignored (RFC 3261 18.1.2); a request that
/// gives none cannot even be answered, and ends the connection.
bool is_response(std::string_view bytes);

/// Parses one address as it stands in a configuration file, a command or a header value. The result's views point into
/// `arena`. Nothing when it is malformed.
std::optional<NameAddr> parse_address(std::string_view text, Arena& arena);

} // namespace sotto::wire
