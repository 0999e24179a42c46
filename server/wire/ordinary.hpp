#pragma once
#include "core/message/message.hpp"

#include <optional>
#include <string_view>

namespace sotto::wire {

// Single elements in the form in which nearly all of them come: sip or sips in lower case, no escapes, no password, no
// URI headers, no blanks where none is needed, no quotes but around a display name or a parameter's value. One pass
// over the text decides and divides; there is no copy. Nothing means that the text is of another form, not that it is
// wrong: the packaged grammar decides. What is read here is read there, and with the same result.
//
// Results are views into the text.

/// "sip:" [user "@"] host [":" port] *(";" name ["=" value])   (RFC 3261 19.1.1)
std::optional<Uri> ordinary_uri(std::string_view text);
/// [display-name] "<" uri ">" *(";" name ["=" value])   (RFC 3261 20.10)
std::optional<NameAddr> ordinary_name_addr(std::string_view text);
/// "SIP/2.0/" transport " " host [":" port] *(";" name ["=" value])   (RFC 3261 20.42)
std::optional<Via> ordinary_via(std::string_view text);

} // namespace sotto::wire
