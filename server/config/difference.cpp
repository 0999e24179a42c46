#include "config/difference.hpp"

#include <algorithm>

namespace sotto::config {
namespace {

constexpr std::string_view empty_text = "\"\"";

/// Names one person, or somebody at another server.
bool names_somebody(const Key& key) { return key.kind == Kind::account || key.kind == Kind::credential; }

std::string shown(const Key& key, std::string text)
{
    if (names_somebody(key) && !text.empty() && text != empty_text) return "set";
    if (key.kind == Kind::accounts) {
        const auto named = text == "[]" ? 0 : 1 + std::ranges::count(text, ',');
        return text == "[\"*\"]" ? "every account" : std::to_string(named) + " accounts";
    }
    return text;
}

void compare(std::string path, const Key& key, std::string before, std::string after, std::vector<Difference>& found)
{
    if (before == after) return;
    auto now = shown(key, std::move(before));
    auto next = shown(key, std::move(after));
    if (names_somebody(key) && now == next) next = "changed";
    found.push_back({std::move(path), std::move(now), std::move(next), key.effect});
}

/// Entry by entry: one that only one side has is nothing on the other.
void compare_entries(const Key& key, const Settings& now, const Settings& next, std::vector<Difference>& found)
{
    constexpr std::string_view of_entry = "[]";
    const auto list = key.path.substr(0, key.path.find(of_entry));
    const auto rest = key.path.substr(list.size() + of_entry.size());
    const auto size = find_key(list)->field.size;
    const auto sizes = std::pair{size(now), size(next)};
    for (std::size_t entry = 0; entry < std::max(sizes.first, sizes.second); ++entry) {
        auto path = std::string{list} + '[' + std::to_string(entry) + ']';
        path += rest;
        compare(std::move(path), key, entry < sizes.first ? key.field.show_entry(now, entry, key) : std::string{},
                entry < sizes.second ? key.field.show_entry(next, entry, key) : std::string{}, found);
    }
}

} // namespace

std::vector<Difference> differences(const Settings& now, const Settings& next)
{
    std::vector<Difference> found;
    for (const auto& key : keys()) {
        if (key.field.show != nullptr)
            compare(std::string{key.path}, key, key.field.show(now, key), key.field.show(next, key), found);
        else if (key.field.show_entry != nullptr)
            compare_entries(key, now, next, found);
    }
    return found;
}

void keep_what_needs_restart(Settings& next, const Settings& running)
{
    for (const auto& key : keys())
        if (key.effect == Effect::restart && key.field.keep != nullptr) key.field.keep(next, running);
}

} // namespace sotto::config
