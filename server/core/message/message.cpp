#include "core/message/message.hpp"

#include <algorithm>

namespace sotto {

std::optional<std::string_view> Message::field(Header name) const
{
    const auto found = std::ranges::find_if(fields, [=](const HeaderField& f) { return f.name == name; });
    if (found == fields.end()) return std::nullopt;
    return found->value;
}

bool Message::lists(Header name, std::string_view token) const
{
    bool found = false;
    const auto look_at = [&](std::string_view one) {
        if (found || one.size() < token.size() || !iequals(one.substr(0, token.size()), token)) return;
        const auto rest = trim(one.substr(token.size()));
        found = rest.empty() || rest.front() == ';';
    };
    for (const auto& field : fields)
        if (field.name == name) for_each_element(field.value, look_at);
    return found;
}

} // namespace sotto
