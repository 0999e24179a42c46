#include "core/privacy/secure_mime.hpp"

#include "core/types/ascii.hpp"

#include <array>

namespace sotto {
namespace {

using namespace std::string_view_literals;

constexpr auto enveloped_data = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"sv;              // 1.2.840.113549.1.7.3
constexpr auto auth_enveloped_data = "\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"sv; // ...1.9.16.1.23

/// Takes a length off the front (X.690 8.1.3). False: it does not reach just to the end of what is there.
bool take_length_of_all(std::string_view& bytes)
{
    if (bytes.empty()) return false;
    const auto first = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (first == 0x80) return bytes.ends_with("\0\0"sv); // indefinite: until the end-of-contents octets
    if (first < 0x80) return bytes.size() == first;
    const std::size_t count = first & 0x7FU;
    if (count > 4 || count > bytes.size()) return false;
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8U | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(count);
    return bytes.size() == length;
}

} // namespace

CmsContent cms_content(std::string_view bytes)
{
    constexpr char sequence = '\x30';
    constexpr char content = '\xA0';
    if (!bytes.starts_with(sequence)) return CmsContent::other;
    bytes.remove_prefix(1);
    if (!take_length_of_all(bytes)) return CmsContent::other;
    for (const auto& [type, kind] :
         {std::pair{enveloped_data, CmsContent::enveloped}, std::pair{auth_enveloped_data, CmsContent::auth_enveloped}})
        if (bytes.starts_with(type) && bytes.substr(type.size()).starts_with(content)) return kind;
    return CmsContent::other;
}

std::string_view find_micalg(std::string_view written)
{
    constexpr std::array names{"sha-256"sv, "sha-384"sv, "sha-512"sv};
    for (const auto name : names)
        if (iequals(name, written)) return name;
    return {};
}

bool is_plain_text(std::string_view part)
{
    constexpr std::array admitted{"content-type: text/plain"sv,
                                  "content-type: text/plain;charset=utf-8"sv,
                                  "content-type: text/plain; charset=utf-8"sv,
                                  "content-type: text/plain; charset=\"utf-8\""sv,
                                  "content-transfer-encoding: 7bit"sv,
                                  "content-transfer-encoding: 8bit"sv,
                                  "content-transfer-encoding: binary"sv,
                                  "content-transfer-encoding: quoted-printable"sv,
                                  "content-transfer-encoding: base64"sv};
    bool typed = false;
    while (!part.empty()) {
        const auto end = part.find("\r\n");
        const auto line = part.substr(0, end);
        if (line.empty()) return typed;
        if (std::ranges::none_of(admitted, [&](auto one) { return iequals(one, line); })) return false;
        typed |= to_lower(line[8]) == 't' && to_lower(line[9]) == 'y';
        part.remove_prefix(end == std::string_view::npos ? part.size() : end + 2);
    }
    return false;
}

bool is_base64_text(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        const char l = to_lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' || c == '\r' ||
               c == '\n';
    });
}

} // namespace sotto
