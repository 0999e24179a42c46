#pragma once
#include "core/message/message.hpp"
#include "wire/framer.hpp"

#include <string_view>

namespace sotto::wire {

/// Called once, before any thread starts: prepares the packaged grammar (sofia-sip).
void initialise();

/// Turns one framed message into the core's form. Null when nothing can be answered: no usable start line, Via, From,
/// To, Call-ID or CSeq, or a response with any defect. A request that can be answered but not processed has `defect`
/// set. `frame` is what the framer said of the same bytes (`message` or `refuse`), which start with the message: what
/// it looked at is not looked at again, and what it refused is the defect. Safe on hostile bytes; reentrant.
MessagePtr parse(std::string_view bytes, const Frame& frame);

/// The same for bytes that no framer has seen: all of them are the message.
MessagePtr parse(std::string_view bytes);

/// Whether the bytes start with the line of a request. One that gives no message cannot even be answered.
bool is_request(std::string_view bytes);

/// Whether the bytes start like a response. One that gives no message is ignored (RFC 3261 18.1.2).
bool is_response(std::string_view bytes);

/// Parses one address as it stands in a configuration file, a command or a header value. The result's views point into
/// `arena`. Nothing when it is malformed.
std::optional<NameAddr> parse_address(std::string_view text, Arena& arena);

} // namespace sotto::wire
