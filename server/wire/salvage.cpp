#include "wire/salvage.hpp"

#include "wire/characters.hpp"

#include <string>

namespace sotto::wire {
namespace {

constexpr auto none = std::string_view::npos;

// "name=value" as it stands in the text, when the value is a token.
std::string_view whole_param(std::string_view text, std::string_view name)
{
    const auto value = find_param(text, name);
    if (!value || !all(In::token, *value)) return {};
    const auto start = static_cast<std::size_t>(value->data() - text.data());
    const auto before = text.substr(0, start).rfind(';');
    const auto from = before == none ? 0 : before + 1;
    return trim(text.substr(from, start + value->size() - from));
}

} // namespace

std::optional<NameAddr> salvage_address(Grammar& grammar, std::string_view text)
{
    const auto open = text.rfind('<');
    const auto close = open == none ? none : text.find('>', open);
    NameAddr address;
    std::string_view inside;
    std::string_view rest;
    if (close != none) {
        inside = trim(text.substr(open + 1, close - open - 1));
        rest = text.substr(close + 1);
    } else {
        const auto end = std::min(text.find_first_of("?;, \t"), text.size());
        inside = text.substr(0, end);
        rest = text.substr(end);
    }
    const auto uri = grammar.uri(inside);
    if (!uri) return std::nullopt;
    address.uri = *uri;
    address.params = whole_param(rest, "tag");
    return address;
}

std::optional<Via> salvage_via(Grammar& grammar, std::string_view text, Arena& arena)
{
    const auto semicolon = std::min(text.find(';'), text.size());
    const auto sent_by = trim(text.substr(0, semicolon));
    const auto branch =
        semicolon < text.size() ? whole_param(text.substr(semicolon + 1), "branch") : std::string_view{};
    if (branch.empty()) return grammar.via(sent_by);
    return grammar.via(arena.copy(std::string{sent_by}.append(";").append(branch)));
}

} // namespace sotto::wire
