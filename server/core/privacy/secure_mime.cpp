#include "core/privacy/secure_mime.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

namespace sotto {
namespace {

using namespace std::string_view_literals;

constexpr auto enveloped_data = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"sv;              // 1.2.840.113549.1.7.3
constexpr auto auth_enveloped_data = "\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"sv; // ...1.9.16.1.23

constexpr auto end_of_contents = "\0\0"sv;
constexpr std::size_t indefinite = std::string_view::npos; ///< until the end-of-contents octets

/// Takes a length off the front (X.690 8.1.3). Nothing: it is none, or one of more than four octets.
std::optional<std::size_t> take_length(std::string_view& bytes)
{
    if (bytes.empty()) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (first == 0x80) return indefinite;
    if (first < 0x80) return first;
    const std::size_t count = first & 0x7FU;
    if (count > 4 || count > bytes.size()) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8U | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(count);
    return length;
}

/// ... that reaches just to the end of what is there.
bool take_length_of_all(std::string_view& bytes)
{
    const auto length = take_length(bytes);
    return length && (*length == indefinite ? bytes.ends_with(end_of_contents) : bytes.size() == *length);
}

// Tags of X.690, and those that RFC 5652 6.1 and 6.2 give.
constexpr char integer = '\x02', bit_string = '\x03', octet_string = '\x04', object_identifier = '\x06';
constexpr char sequence_of = '\x30', set_of = '\x31';
constexpr char context_0 = '\xA0', context_1 = '\xA1', context_3 = '\xA3';
constexpr char context_0_in_one_piece = '\x80';
constexpr char any = '\0';
constexpr int deepest = 16;

struct Element {
    char tag{0};
    std::string_view content;
};

std::optional<Element> take_element(std::string_view& bytes, int depth = 0);

/// What stands before the end-of-contents octets, which are taken off too.
std::optional<std::string_view> take_indefinite(std::string_view& bytes, int depth)
{
    auto rest = bytes;
    while (!rest.starts_with(end_of_contents))
        if (!take_element(rest, depth + 1)) return std::nullopt;
    const auto content = bytes.substr(0, bytes.size() - rest.size());
    bytes = rest.substr(end_of_contents.size());
    return content;
}

/// The next one, of a tag below 31; nothing at the end, or where it is none.
std::optional<Element> take_element(std::string_view& bytes, int depth)
{
    constexpr unsigned char constructed = 0x20, longer = 0x1F;
    if (bytes.empty() || depth > deepest) return std::nullopt;
    Element element{bytes.front(), {}};
    const auto tag = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const auto length = take_length(bytes);
    if ((tag & longer) == longer || !length) return std::nullopt;
    if (*length == indefinite) {
        const auto content = (tag & constructed) != 0 ? take_indefinite(bytes, depth) : std::nullopt;
        if (!content) return std::nullopt;
        element.content = *content;
        return element;
    }
    if (*length > bytes.size()) return std::nullopt;
    element.content = bytes.substr(0, *length);
    bytes.remove_prefix(*length);
    return element;
}

std::optional<std::string_view> take_content(std::string_view& bytes, char tag)
{
    const auto element = take_element(bytes);
    return element && element->tag == tag ? std::optional{element->content} : std::nullopt;
}

/// One element of each tag, and nothing behind them.
bool consists_of(std::string_view content, std::initializer_list<char> tags)
{
    const bool all = std::ranges::all_of(tags, [&](char tag) {
        const auto element = take_element(content);
        return element && (tag == any || element->tag == tag);
    });
    return all && content.empty();
}

/// RFC 5652 6.2.2: the sender's key is one of this message, for one recipient.
bool agrees_by_ephemeral_key(std::string_view content)
{
    if (!take_content(content, integer)) return false; // version
    auto originator = take_content(content, context_0);
    const auto key = originator ? take_content(*originator, context_1) : std::nullopt;
    if (!key || !originator->empty() || !consists_of(*key, {sequence_of, bit_string})) return false;
    auto next = take_element(content);
    if (next && next->tag == context_1) next = take_element(content); // user keying material
    auto keys = take_content(content, sequence_of);
    const auto only = keys ? take_content(*keys, sequence_of) : std::nullopt;
    return next && next->tag == sequence_of && only && consists_of(*only, {any, octet_string}) && keys->empty() &&
           content.empty();
}

/// RFC 5652 6.2: by a key of its own, by a key agreed with one that is for this message, or by a password.
bool names_nobody_else(const Element& recipient)
{
    const auto content = recipient.content;
    switch (recipient.tag) {
    case sequence_of:
        return consists_of(content, {integer, any, sequence_of, octet_string});
    case context_1:
        return agrees_by_ephemeral_key(content);
    case context_3:
        return consists_of(content, {integer, sequence_of, octet_string}) ||
               consists_of(content, {integer, context_0, sequence_of, octet_string});
    default:
        return false;
    }
}

/// RFC 5652 6.1, EncryptedContentInfo.
bool is_sealed_content(std::string_view content)
{
    return consists_of(content, {object_identifier, sequence_of, context_0_in_one_piece}) ||
           consists_of(content, {object_identifier, sequence_of, context_0}) ||
           consists_of(content, {object_identifier, sequence_of});
}

} // namespace

bool names_receiver_alone(std::string_view bytes)
{
    const auto kind = cms_content(bytes);
    auto info = take_content(bytes, sequence_of);
    if (kind == CmsContent::other || !info || !take_content(*info, object_identifier)) return false;
    auto wrapped = take_content(*info, context_0);
    auto data = wrapped ? take_content(*wrapped, sequence_of) : std::nullopt;
    if (!data || !wrapped->empty() || !info->empty() || !bytes.empty()) return false; // what is behind may name anybody
    if (!take_content(*data, integer)) return false;                                  // version
    auto recipients = take_content(*data, set_of); // the originator's certificates would stand before them
    const auto recipient = recipients ? take_element(*recipients) : std::nullopt;
    if (!recipient || !recipients->empty() || !names_nobody_else(*recipient)) return false;
    const auto content = take_content(*data, sequence_of);
    if (!content || !is_sealed_content(*content)) return false;
    if (kind == CmsContent::auth_enveloped && !take_content(*data, octet_string)) return false; // its MAC
    return data->empty();                                                                       // no attributes
}

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
