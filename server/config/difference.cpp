#include "config/difference.hpp"

#include <algorithm>

namespace sotto::config {
namespace {

std::string shown(const Key& key, std::string text)
{
    if (key.kind == Kind::accounts) {
        const auto named = text == "[]" ? 0 : 1 + std::ranges::count(text, ',');
        return text == "[\"*\"]" ? "every account" : std::to_string(named) + " accounts";
    }
    while (text.ends_with('\n')) text.pop_back();
    std::ranges::replace(text, '\n', ';');
    return text;
}

} // namespace

std::vector<Difference> differences(const Settings& now, const Settings& next)
{
    std::vector<Difference> found;
    for (const auto& key : keys()) {
        if (key.field.show == nullptr) continue;
        auto before = key.field.show(now, key);
        auto after = key.field.show(next, key);
        if (before == after) continue;
        found.push_back(
            {std::string{key.path}, shown(key, std::move(before)), shown(key, std::move(after)), key.effect});
    }
    return found;
}

} // namespace sotto::config
