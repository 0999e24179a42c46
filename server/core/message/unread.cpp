#include "core/message/unread.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>

namespace sotto {
namespace {

struct Compact {
    char letter;
    std::string_view name;
};
constexpr std::array compact_forms{Compact{'s', "Subject"}, Compact{'n', "Identity-Info"},
                                   Compact{'a', "Accept-Contact"}, Compact{'j', "Reject-Contact"},
                                   Compact{'d', "Request-Disposition"}};

} // namespace

std::uint8_t unread_index(std::string_view name)
{
    if (name.size() == 1)
        for (const auto& form : compact_forms)
            if (form.letter == to_lower(name.front())) name = form.name;
    const auto found = std::ranges::find_if(unread_names, [&](std::string_view one) { return iequals(one, name); });
    return static_cast<std::uint8_t>(found - unread_names.begin());
}

} // namespace sotto
