#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace sotto::wire {

/// What a byte may be part of (RFC 3261 25.1); one table look-up per byte.
enum class In : std::uint16_t {
    token = 1,      ///< method, header name, parameter name
    uri = 2,        ///< printable ASCII that may stand in a URI without breaking out of its place
    host = 4,       ///< host name; '_' is not a host character but is met in practice
    address = 8,    ///< inside the brackets of an IPv6 reference
    number = 16,    ///< telephone-subscriber (RFC 3966 3)
    user = 32,      ///< user of a SIP URI, without the escape and without ',', ';', '?' and '/'
    uri_param = 64, ///< paramchar, without the escape
    digit = 128,
    blank = 256,
    word = 512,                     ///< one part of a Call-ID; '$' is not a word character but was always let through
    token_or_blank = token | blank, ///< a display name that is not quoted
};

namespace detail {
constexpr bool alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
constexpr bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

inline constexpr std::array<std::uint16_t, 256> classes = [] {
    std::array<std::uint16_t, 256> table{};
    const auto put_at = [&](char c, In in) { table[static_cast<unsigned char>(c)] |= static_cast<std::uint16_t>(in); };
    put_at(' ', In::blank);
    put_at('\t', In::blank);
    for (int i = 33; i < 127; ++i) {
        const char c = static_cast<char>(i);
        const auto put = [&](In in, bool yes) {
            if (yes) put_at(c, in);
        };
        put(In::token, alphanumeric(c) || one_of(c, "-.!%*_+`'~"));
        put(In::uri, !one_of(c, "<>\"\\"));
        put(In::host, alphanumeric(c) || one_of(c, ".-_"));
        put(In::address, one_of(c, "0123456789abcdefABCDEF:."));
        put(In::number, one_of(c, "0123456789abcdefABCDEF+*#-.()"));
        const bool unreserved = alphanumeric(c) || one_of(c, "-_.!~*'()");
        put(In::user, unreserved || one_of(c, "&=+$"));
        put(In::uri_param, unreserved || one_of(c, "[]/:&+$"));
        put(In::digit, c >= '0' && c <= '9');
        put(In::word, alphanumeric(c) || one_of(c, "-.!%*_+`'~()<>:\\\"/[]?{}$"));
    }
    return table;
}();
} // namespace detail

constexpr bool is(In in, char c)
{
    return (detail::classes[static_cast<unsigned char>(c)] & static_cast<std::uint16_t>(in)) != 0;
}

/// True when `text` is one or more bytes of that class.
constexpr bool all(In in, std::string_view text)
{
    for (const char c : text)
        if (!is(in, c)) return false;
    return !text.empty();
}

constexpr bool is_digit(char c) { return is(In::digit, c); }
constexpr bool all_digits(std::string_view text) { return all(In::digit, text); }

/// The number that a row of digits says, or `limit` when it is larger. Digits only.
constexpr std::uint64_t number_up_to(std::uint64_t limit, std::string_view digits)
{
    std::uint64_t value = 0;
    for (const char c : digits) {
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
        if (value >= limit) return limit;
    }
    return value;
}

} // namespace sotto::wire
