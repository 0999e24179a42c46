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

std::string encode(std::span<const std::uint8_t> bytes, std::string_view digits)
{
    std::string out((bytes.size() * 4 + 2) / 3, '\0');
    auto to = out.begin();
    // Three bytes are four digits; what is over is filled up with zeros, and makes one digit more than it has bytes.
    const auto put = [&](std::uint32_t three, unsigned count) {
        for (unsigned shift = 18; count-- > 0; shift -= 6) *to++ = digits[(three >> shift) & 63U];
    };
    while (bytes.size() >= 3) {
        put(std::uint32_t{bytes[0]} << 16U | std::uint32_t{bytes[1]} << 8U | bytes[2], 4);
        bytes = bytes.subspan(3);
    }
    if (bytes.size() == 2) put(std::uint32_t{bytes[0]} << 16U | std::uint32_t{bytes[1]} << 8U, 3);
    if (bytes.size() == 1) put(std::uint32_t{bytes[0]} << 16U, 2);
    return out;
}

} // namespace

std::string base64(std::span<const std::uint8_t> bytes)
{
    auto out = encode(bytes, plain_alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url(std::span<const std::uint8_t> bytes) { return encode(bytes, alphabet); }

bool from_base64url(std::string_view text, std::span<std::uint8_t> out)
{
    if (text.size() != (out.size() * 4 + 2) / 3) return false;
    std::uint32_t pending = 0;
    unsigned bits = 0;
    std::size_t at = 0;
    for (const char c : text) {
        const auto value = reverse[static_cast<unsigned char>(c)];
        if (value < 0) return false;
        pending = (pending << 6U) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = static_cast<std::uint8_t>(pending >> bits);
        }
    }
    return at == out.size() && (pending & ((1U << bits) - 1U)) == 0;
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
