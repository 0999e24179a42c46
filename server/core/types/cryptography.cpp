#include "core/types/cryptography.hpp"

namespace sotto {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view plain_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> reverse = [] {
    std::array<std::int8_t, 256> table{};
    for (auto& entry : table) entry = -1;
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}();

/// Three bytes are four digits; what is over is filled up with zeros, and makes one digit more than it has bytes.
std::string encode(std::span<const std::uint8_t> bytes, const char* digits)
{
    std::string out((bytes.size() * 4 + 2) / 3, '\0');
    auto* to = out.data();
    const auto* from = bytes.data();
    for (auto left = bytes.size() / 3; left > 0; --left, from += 3, to += 4) {
        const auto three = std::uint32_t{from[0]} << 16U | std::uint32_t{from[1]} << 8U | from[2];
        to[0] = digits[three >> 18U];
        to[1] = digits[three >> 12U & 63U];
        to[2] = digits[three >> 6U & 63U];
        to[3] = digits[three & 63U];
    }
    if (const auto over = bytes.size() % 3; over > 0) {
        const auto three = std::uint32_t{from[0]} << 16U | (over == 2 ? std::uint32_t{from[1]} << 8U : 0U);
        to[0] = digits[three >> 18U];
        to[1] = digits[three >> 12U & 63U];
        if (over == 2) to[2] = digits[three >> 6U & 63U];
    }
    return out;
}

} // namespace

std::string base64(std::span<const std::uint8_t> bytes)
{
    auto out = encode(bytes, plain_alphabet.data());
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url(std::span<const std::uint8_t> bytes) { return encode(bytes, alphabet.data()); }

bool from_base64url(std::string_view text, std::span<std::uint8_t> out)
{
    if (text.size() != (out.size() * 4 + 2) / 3) return false;
    const auto value = [](char digit) { return int{reverse[static_cast<unsigned char>(digit)]}; };
    const auto* from = text.data();
    auto* to = out.data();
    for (auto left = out.size() / 3; left > 0; --left, from += 4, to += 3) {
        const int bits = value(from[0]) << 18 | value(from[1]) << 12 | value(from[2]) << 6 | value(from[3]);
        if (bits < 0) return false; // one of them is
        to[0] = static_cast<std::uint8_t>(bits >> 16);
        to[1] = static_cast<std::uint8_t>(bits >> 8);
        to[2] = static_cast<std::uint8_t>(bits);
    }
    const auto over = out.size() % 3;
    if (over == 0) return true;
    const int bits = value(from[0]) << 12 | value(from[1]) << 6 | (over == 2 ? value(from[2]) : 0);
    if (bits < 0 || (bits & (over == 2 ? 3 : 1023)) != 0) return false;
    to[0] = static_cast<std::uint8_t>(bits >> 10);
    if (over == 2) to[1] = static_cast<std::uint8_t>(bits >> 2);
    return true;
}

bool equal_in_constant_time(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
    return difference == 0;
}

} // namespace sotto
