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
    for (const auto& field : fields)
        if (field.name == name)
            for_each_element(field.value, [&](std::string_view one) {
                found = found || iequals(trim(one.substr(0, one.find(';'))), token);
            });
    return found;
}

} // namespace sotto
