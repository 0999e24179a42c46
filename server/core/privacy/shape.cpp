#include "core/privacy/shape.hpp"

#include <algorithm>
#include <array>
#include <bitset>

namespace sotto {
namespace {

bool is_number(std::string_view text)
{
    return !text.empty() && text.size() <= 10 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_token(std::string_view text)
{
    constexpr std::string_view others = "-.!%*_+`'~";
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [&](char c) {
        const char l = to_lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
    });
}

std::string_view before_params(std::string_view value) { return trim(value.substr(0, value.find(';'))); }
std::string_view params_of(std::string_view value)
{
    const auto semicolon = value.find(';');
    return semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon + 1);
}

std::string_view same(std::string_view offered, std::span<const std::string_view> known)
{
    const auto found = std::ranges::find_if(known, [&](std::string_view one) { return iequals(one, offered); });
    return found == known.end() ? std::string_view{} : *found;
}

/// Which of `known` the sender named, in the order of `known`: neither order nor spelling tells the sender's software.
std::string intersection(const Message& source, Header header, std::span<const std::string_view> known)
{
    std::bitset<32> named;
    for (const auto& field : source.fields)
        if (field.name == header)
            for_each_element(field.value, [&](std::string_view one) {
                const auto name = before_params(one);
                const auto found = std::ranges::find_if(known, [&](std::string_view k) { return iequals(k, name); });
                if (found != known.end()) named.set(static_cast<std::size_t>(found - known.begin()));
            });
    std::string out;
    for (std::size_t i = 0; i < known.size(); ++i)
        if (named.test(i)) {
            if (!out.empty()) out += ", ";
            out += known[i];
        }
    return out;
}

std::string with_params(std::string head, std::string_view params, std::span<const std::string_view> admitted)
{
    for (const auto name : admitted)
        if (const auto value = find_param(params, name); value && is_token(*value)) {
            head += ';';
            head += name;
            head += '=';
            head += lower(*value);
        }
    return head;
}

std::string session_interval(std::string_view value)
{
    if (!is_number(before_params(value))) return {};
    constexpr std::array<std::string_view, 1> admitted{"refresher"};
    return with_params(std::string{before_params(value)}, params_of(value), admitted);
}

std::string event(std::string_view value)
{
    const auto package = same(before_params(value), carried_events());
    if (package.empty()) return {};
    std::string out{package};
    if (const auto id = find_param(params_of(value), "id"); id && is_number(*id)) {
        out += ";id=";
        out += *id;
    }
    return out;
}

std::string subscription_state(std::string_view value)
{
    constexpr std::array<std::string_view, 3> states{"active", "pending", "terminated"};
    constexpr std::array<std::string_view, 6> reasons{"deactivated", "giveup",   "noresource",
                                                      "probation",   "rejected", "timeout"};
    const auto state = same(before_params(value), states);
    if (state.empty()) return {};
    std::string out{state};
    if (const auto why = find_param(params_of(value), "reason"))
        if (const auto known = same(*why, reasons); !known.empty()) (out += ";reason=") += known;
    for (const std::string_view name : {"expires", "retry-after"})
        if (const auto number = find_param(params_of(value), name); number && is_number(*number))
            ((out += ';') += name) += std::string{"="}.append(*number);
    return out;
}

std::string cause(const Message& source)
{
    std::string out;
    for (const auto& field : source.fields)
        if (field.name == Header::reason)
            for_each_element(field.value, [&](std::string_view one) {
                constexpr std::array<std::string_view, 3> protocols{"SIP", "Q.850", "STIR"};
                const auto protocol = same(before_params(one), protocols);
                const auto number = find_param(params_of(one), "cause");
                if (protocol.empty() || !number || !is_number(*number)) return;
                if (!out.empty()) out += ", ";
                ((out += protocol) += ";cause=") += *number;
            });
    return out;
}

/// RFC 6442 4.1: only what travels in this message's own body; a reference to elsewhere would name a server of the
/// caller's.
std::string location(const Message& source)
{
    std::string out;
    for (const auto& field : source.fields)
        if (field.name == Header::geolocation)
            for_each_element(field.value, [&](std::string_view one) {
                const auto close = one.find('>');
                if (!one.starts_with("<cid:") || close == std::string_view::npos) return;
                (out += out.empty() ? "" : ", ") += one.substr(0, close + 1);
            });
    return out;
}

struct WarningText {
    std::string_view code, text;
};
// RFC 3261 20.43 and RFC 5630 6.3; the agent is anonymised as RFC 5379 5.1.17 recommends.
constexpr std::array warning_texts{
    WarningText{"300", "Incompatible network protocol"},
    WarningText{"301", "Incompatible network address formats"},
    WarningText{"302", "Incompatible transport protocol"},
    WarningText{"303", "Incompatible bandwidth units"},
    WarningText{"304", "Media type not available"},
    WarningText{"305", "Incompatible media format"},
    WarningText{"306", "Attribute not understood"},
    WarningText{"307", "Session description parameter not understood"},
    WarningText{"330", "Multicast not available"},
    WarningText{"331", "Unicast not available"},
    WarningText{"370", "Insufficient bandwidth"},
    WarningText{"380", "SIPS Not Allowed"},
    WarningText{"381", "SIPS Required"},
};

std::string warning(std::string_view value)
{
    const auto code = value.substr(0, value.find(' '));
    const auto* row = std::ranges::find_if(warning_texts, [&](const WarningText& w) { return w.code == code; });
    if (row == warning_texts.end()) return {};
    return std::string{code}.append(" anonymous.invalid \"").append(row->text).append("\"");
}

std::string disposition(std::string_view value)
{
    constexpr std::array<std::string_view, 6> types{"session",      "render", "early-session",
                                                    "info-package", "signal", "notification"};
    const auto type = same(before_params(value), types);
    if (type.empty()) return {};
    constexpr std::array<std::string_view, 1> admitted{"handling"};
    return with_params(std::string{type}, params_of(value), admitted);
}

} // namespace

std::string_view admitted_media_type(std::string_view content_type)
{
    return same(before_params(content_type), carried_media_types());
}

std::string shaped(const Message& source, Header header, Shape shape)
{
    switch (shape) {
    case Shape::option_tags:
        return intersection(source, header, carried_option_tags());
    case Shape::methods:
        return intersection(source, header, carried_methods());
    case Shape::media_types:
        return intersection(source, header, carried_media_types());
    case Shape::events:
        return intersection(source, header, carried_events());
    case Shape::cause:
        return cause(source);
    case Shape::location:
        return location(source);
    default:
        break;
    }
    const auto value = source.field(header);
    if (!value) return {};
    switch (shape) {
    case Shape::number: {
        const auto digits = trim(value->substr(0, value->find_first_of(";("))); // parameters and a comment go
        return is_number(digits) ? std::string{digits} : std::string{};
    }
    case Shape::session_interval:
        return session_interval(*value);
    case Shape::event:
        return event(*value);
    case Shape::subscription_state:
        return subscription_state(*value);
    case Shape::warning:
        return warning(*value);
    case Shape::boolean:
        return iequals(*value, "false") ? "false" : iequals(*value, "true") ? "true" : "";
    case Shape::disposition:
        return disposition(*value);
    default:
        return {};
    }
}

} // namespace sotto
