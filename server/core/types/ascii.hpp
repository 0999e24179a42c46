#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace sotto {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Case-insensitive for ASCII only, as RFC 3261 7.3.1 asks for header names, tokens and host names.
constexpr bool iequals(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return x == y || to_lower(x) == to_lower(y);
           }); // mostly the same at once
}

// Loops, since the searches of std::string_view for one of several characters call a function for each character.

constexpr std::string_view trim(std::string_view text)
{
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Where the first of two characters stands; npos when neither does.
constexpr std::size_t find_either(std::string_view text, char one, char other, std::size_t from = 0)
{
    for (auto at = from; at < text.size(); ++at)
        if (text[at] == one || text[at] == other) return at;
    return std::string_view::npos;
}

/// Where the first character stands that parts the elements of a list or keeps one together; npos when there is none.
constexpr std::size_t find_list_mark(std::string_view list, std::size_t from)
{
    for (auto at = from; at < list.size(); ++at)
        if (const char c = list[at]; c == '"' || c == ',' || c == '<' || c == '>') return at;
    return std::string_view::npos;
}

inline std::string lower(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), to_lower);
    return out;
}

} // namespace sotto
