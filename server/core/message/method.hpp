#pragma once
#include <cstdint>
#include <string_view>

namespace sotto {

/// The methods that Sotto carries or answers. Anything else is `other` and is refused with 501.
// clang-format off
enum class Method : std::uint8_t {
    invite, ack, bye, cancel, register_, options, message, subscribe, notify, refer, info, update, prack, publish, other
};
// clang-format on

/// Methods are case-sensitive (RFC 3261 7.1).
Method method_of(std::string_view name);
std::string_view name_of(Method method);

} // namespace sotto
