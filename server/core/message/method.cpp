#include "core/message/method.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {
constexpr std::array<std::string_view, 15> names{"INVITE",  "ACK",     "BYE",       "CANCEL",  "REGISTER",
                                                 "OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY",  "REFER",
                                                 "INFO",    "UPDATE",  "PRACK",     "PUBLISH", ""};
}

Method method_of(std::string_view name)
{
    const auto found = std::find(names.begin(), names.end() - 1, name);
    return static_cast<Method>(found - names.begin());
}

std::string_view name_of(Method method) { return names[static_cast<std::size_t>(method)]; }

} // namespace sotto
