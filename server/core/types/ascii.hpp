#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace sotto {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Case-insensitive for ASCII only, as RFC 3261 7.3.1 asks for header names, tokens and host names.
constexpr bool iequals(std::string_view a, std::string_view b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

constexpr std::string_view trim(std::string_view text)
{
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

inline std::string lower(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), to_lower);
    return out;
}

} // namespace sotto
