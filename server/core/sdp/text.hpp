#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::sdp {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_visible(char c) { return c > ' ' && c < '\x7F'; }

/// RFC 8866 9 "token-char"; a table, as it is asked for every character.
inline constexpr auto token_chars = [] {
    std::array<bool, 256> table{};
    for (int c = 0; c < 128; ++c) table[static_cast<std::size_t>(c)] = is_alphanumeric(static_cast<char>(c));
    for (const char c : std::string_view{"!#$%&'*+-.^_`{|}~"}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();
constexpr bool is_token_char(char c) { return token_chars[static_cast<unsigned char>(c)]; }

inline constexpr auto hex_digits = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view{"0123456789abcdefABCDEF"}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();
constexpr bool is_hex(char c) { return hex_digits[static_cast<unsigned char>(c)]; }

/// True for 1 to `longest` characters that all satisfy `is`.
template <class Is> constexpr bool consists_of(std::string_view text, std::size_t longest, Is is)
{
    return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), is);
}

/// Takes the next word off `text`. Any run of spaces and tabs separates; empty at the end.
constexpr std::string_view take_word(std::string_view& text)
{
    std::size_t start = 0;
    while (start < text.size() && is_blank(text[start])) ++start;
    std::size_t end = start;
    while (end < text.size() && !is_blank(text[end])) ++end;
    const auto word = text.substr(start, end - start);
    text.remove_prefix(end);
    return word;
}

/// What stands before the next `separator`; it and the separator are taken off `text`.
constexpr std::string_view take_until(std::string_view& text, char separator)
{
    const auto part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

/// A decimal number below 2^32 as everybody writes it: one with a zero in front tells who wrote it.
constexpr std::optional<std::uint32_t> canonical_number(std::string_view text)
{
    if (!consists_of(text, 10, is_digit) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    return value <= UINT32_MAX ? std::optional{static_cast<std::uint32_t>(value)} : std::nullopt;
}

/// The whole of `text` as a decimal number that fits.
template <std::unsigned_integral Number> std::optional<Number> number_of(std::string_view text)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, char c) { out += c; }
template <std::unsigned_integral Number> void append(std::string& out, Number value)
{
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

/// Writes one line and ends it.
template <class... Parts> void put_line(std::string& out, const Parts&... parts)
{
    (append(out, parts), ...);
    out += "\r\n";
}

} // namespace sotto::sdp
