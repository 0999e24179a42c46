#include "core/privacy/signed_identity.hpp"

#include "core/privacy/identity.hpp"
#include "core/types/cryptography.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sotto {
namespace {

constexpr std::size_t longest_part = 2048; ///< characters of a PASSporT's header, claims or signature

bool is_base64url(std::string_view text)
{
    return text.size() <= longest_part && std::ranges::all_of(text, [](char c) {
               const char l = to_lower(c);
               return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

std::optional<std::string> decoded(std::string_view text)
{
    std::vector<std::uint8_t> bytes(text.size() * 3 / 4);
    if (!from_base64url(text, bytes)) return std::nullopt;
    return std::string{bytes.begin(), bytes.end()};
}

std::string_view take_string(std::string_view& json)
{
    const auto end = json.find_first_of("\"\\", 1);
    if (end == std::string_view::npos || json[end] == '\\') return {};
    const auto text = json.substr(1, end - 1);
    json.remove_prefix(end + 1);
    return text;
}

/// True when every member of the one object that `json` is has a name in `known`. PASSporTs are written without
/// escapes and blanks (RFC 8225 9); what has them may be anything.
bool only_members(std::string_view json, std::span<const std::string_view> known)
{
    int depth = 0;
    bool name_next = false;
    while (!json.empty()) {
        const char c = json.front();
        if (c == '"') {
            const auto text = take_string(json);
            if (text.empty()) return false;
            if (depth == 1 && name_next && std::ranges::find(known, text) == known.end()) return false;
            name_next = false;
            continue;
        }
        if (static_cast<unsigned char>(c) <= ' ') return false;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (depth == 1 && (c == '{' || c == ',')) name_next = true;
        json.remove_prefix(1);
        if (depth == 0) return json.empty() && c == '}';
    }
    return false;
}

constexpr std::array<std::string_view, 4> header_members{"alg", "typ", "ppt", "x5u"};
constexpr std::array<std::string_view, 6> claims{"attest", "dest", "iat", "mky", "orig", "origid"}; // RFC 8225, 8588

/// As a claim names that party: the URI, or the digits of a telephone number (RFC 8224 8.3, 8.5).
bool names(std::string_view claim, const Uri& uri)
{
    const auto aor = canonical_aor(uri);
    if (!aor) return false;
    if (claim.find("\"sip:" + *aor + "\"") != std::string_view::npos) return true;
    auto number = *aor;
    number.erase(number.rfind('@'));
    if (number.starts_with('+')) number.erase(0, 1);
    return !number.empty() && claim.find("\"" + number + "\"") != std::string_view::npos;
}

/// The full form repeats what it signs, and must repeat what the message says (RFC 8224 6.2); the compact one is the
/// signature alone.
bool passport_fits(std::string_view digest, const Message& request)
{
    std::array<std::string_view, 3> parts;
    for (auto& part : parts) {
        const auto dot = digest.find('.');
        part = digest.substr(0, dot);
        if (!is_base64url(part)) return false;
        digest.remove_prefix(dot == std::string_view::npos ? digest.size() : dot + 1);
    }
    const auto& [header, payload, signature] = parts;
    if (!digest.empty() || signature.size() < 40 || header.empty() != payload.empty()) return false;
    if (header.empty()) return true;
    const auto said = decoded(payload);
    const auto form = decoded(header);
    return said && form && only_members(*form, header_members) && only_members(*said, claims) &&
           names(*said, request.from.uri) && names(*said, request.to.uri);
}

/// signed-identity-digest SEMI ident-info *( SEMI ident-info-params ) (RFC 8224 4)
bool is_identity(std::string_view value, const Message& request)
{
    const auto semicolon = std::min(value.find(';'), value.size());
    if (!passport_fits(trim(value.substr(0, semicolon)), request)) return false;
    bool info = false;
    while (!value.empty()) {
        value.remove_prefix(std::min(value.find(';'), value.size()));
        if (value.empty()) break;
        value.remove_prefix(1);
        const auto param = trim(value.substr(0, value.find(';')));
        const auto equals = std::min(param.find('='), param.size());
        const auto name = param.substr(0, equals);
        const auto text = param.substr(std::min(equals + 1, param.size()));
        const bool uri = text.size() < 512 && text.starts_with("<https://") && text.ends_with('>') &&
                         std::ranges::none_of(text, [](char c) { return c <= ' ' || c == '"'; });
        const bool word = !text.empty() && text.size() <= 16 && is_base64url(text);
        if (iequals(name, "info") ? !uri : !((iequals(name, "alg") || iequals(name, "ppt")) && word)) return false;
        info |= iequals(name, "info");
    }
    return info;
}

/// RFC 3261 20.17: "Sat, 13 Nov 2010 23:29:00 GMT", and nothing else.
bool is_date(std::string_view value)
{
    constexpr std::string_view days = "Mon,Tue,Wed,Thu,Fri,Sat,Sun,";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::string_view form = "____ 99 ___ 9999 99:99:99 GMT";
    if (value.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = value[i] >= '0' && value[i] <= '9';
        if (form[i] == '9' ? !digit : form[i] != '_' && form[i] != value[i]) return false;
    }
    return days.find(value.substr(0, 4)) % 4 == 0 && months.find(value.substr(8, 3)) % 3 == 0;
}

/// Does the written header name whom the sender's own one names (RFC 8224 8.5)?
bool same_party(std::string_view written, const Uri& sent)
{
    const auto aor = canonical_aor(sent);
    return aor && written.find("<" + address_uri(sent.scheme, *aor) + ">") != std::string_view::npos;
}

/// The keys that "mky" is made over (RFC 8225 5.2.2): each once, in one order, whatever the case of their digits.
std::vector<std::string> keys_in(std::string_view body)
{
    constexpr std::string_view line = "a=fingerprint:";
    std::vector<std::string> keys;
    for (auto at = body.find(line); at != std::string_view::npos; at = body.find(line, at)) {
        at += line.size();
        keys.push_back(lower(trim(body.substr(at, std::min(body.find_first_of("\r\n", at), body.size()) - at))));
    }
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

} // namespace

bool signature_holds(const Message& request, std::string_view from, std::string_view to, std::string_view body)
{
    const auto date = request.field(Header::date);
    if (!date || !is_date(*date) || !request.has(Header::identity) || is_anonymous(request.from.uri)) return false;
    for (const auto& field : request.fields)
        if (field.name == Header::identity && !is_identity(field.value, request)) return false;
    return same_party(from, request.from.uri) && same_party(to, request.to.uri) &&
           keys_in(body) == keys_in(request.body);
}

} // namespace sotto
