#pragma once
#include "core/message/message.hpp"

#include <string_view>

namespace sotto {

/// Whether the caller's own signature (RFC 8224) goes on, unchanged and with the Date that it is made over: `from`,
/// `to` and `body` as they are written must say what it was made over, or it would not verify any more. And it must be
/// one: an Identity in which anything else could be carried stays behind.
bool signature_holds(const Message& request, std::string_view from, std::string_view to, std::string_view body);

} // namespace sotto
