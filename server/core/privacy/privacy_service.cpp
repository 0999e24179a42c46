#include "core/privacy/privacy_service.hpp"

#include "core/privacy/identity.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {

struct Value {
    std::string_view name;
    bool PrivacyWish::*flag;
};
constexpr std::array values{
    Value{"none", &PrivacyWish::none},
    Value{"header", &PrivacyWish::header},
    Value{"session", &PrivacyWish::session},
    Value{"user", &PrivacyWish::user},
    Value{"id", &PrivacyWish::id},
    Value{"history", &PrivacyWish::history},
    Value{"critical", &PrivacyWish::critical},
};

/// RFC 3323 4.2: a value is one.
bool is_token(std::string_view text)
{
    constexpr std::string_view separators = "()<>@,;:\\\"/[]?={}";
    return std::ranges::all_of(text,
                               [&](char c) { return c > ' ' && c < '\x7f' && separators.find(c) == separators.npos; });
}

void note(std::string_view text, PrivacyWish& wish)
{
    const auto* row = std::ranges::find_if(values, [&](const Value& v) { return iequals(v.name, text); });
    if (!is_token(text))
        wish.id = true; // somebody wishes something here that cannot be read
    else if (row == values.end())
        wish.unknown = true;
    else
        wish.*(row->flag) = true;
}

/// draft-ietf-sip-privacy: `;privacy=full`, `uri`, `name`, `off` on Remote-Party-ID, still sent by old devices.
void note_remote_party(std::string_view value, PrivacyWish& wish)
{
    const auto close = value.rfind('>');
    const auto params = close == std::string_view::npos ? value : value.substr(close + 1);
    const auto asked =
        find_param(params.substr(params.find(';') == params.npos ? params.size() : params.find(';') + 1), "privacy");
    if (asked && !iequals(*asked, "off")) wish.id = true;
}

} // namespace

PrivacyWish privacy_wish(const Message& request)
{
    PrivacyWish wish;
    for (const auto& field : request.fields) {
        if (field.name == Header::remote_party_id)
            for_each_element(field.value, [&](std::string_view one) { note_remote_party(one, wish); });
        if (field.name != Header::privacy) continue;
        for_each_element(field.value, [&](std::string_view part) {
            while (!part.empty()) {
                const auto semicolon = part.find(';');
                if (const auto one = trim(part.substr(0, semicolon)); !one.empty()) note(one, wish);
                part = semicolon == std::string_view::npos ? std::string_view{} : part.substr(semicolon + 1);
            }
        });
    }
    if (wish.none && (wish.withhold() || wish.session || wish.history)) wish.unknown = true;
    return wish;
}

Dialled take_prefix(std::string& user, const DialPrefixes& prefixes)
{
    const auto take = [&](std::string_view prefix) {
        if (prefix.empty() || user.size() <= prefix.size() || !user.starts_with(prefix)) return false;
        user.erase(0, prefix.size());
        return true;
    };
    if (take(prefixes.withhold)) return Dialled::withhold;
    return take(prefixes.show) ? Dialled::show : Dialled::plain;
}

bool withheld(const Message& request, const PrivacyWish& wish, Dialled dialled, bool account_default)
{
    if (is_anonymous(request.from.uri) || dialled == Dialled::withhold) return true;
    if (dialled == Dialled::show) return false;
    if (wish.withhold()) return true;
    return account_default && !wish.none;
}

bool looks_anonymous(const Message& request)
{
    auto display = request.from.display;
    if (display.size() >= 2 && display.front() == '"') display = display.substr(1, display.size() - 2);
    const auto wish = privacy_wish(request);
    return is_anonymous(request.from.uri) || iequals(display, "Anonymous") || wish.id || wish.user;
}

} // namespace sotto
