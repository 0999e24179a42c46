#include "core/message/extensions.hpp"

#include <algorithm>

namespace sotto {

std::string extensions_not_carried(const Message& request, std::span<const std::string_view> carried)
{
    constexpr std::string_view of_proxies = "privacy";
    std::string unsupported;
    for (const auto& field : request.fields) {
        if (field.name != Header::require && field.name != Header::proxy_require) continue;
        const auto known = field.name == Header::require ? carried : std::span{&of_proxies, 1};
        for_each_element(field.value, [&](std::string_view tag) {
            if (std::ranges::any_of(known, [&](std::string_view one) { return iequals(one, tag); })) return;
            if (!unsupported.empty()) unsupported += ", ";
            unsupported += tag;
        });
    }
    return unsupported;
}

} // namespace sotto
