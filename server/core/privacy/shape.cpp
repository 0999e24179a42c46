#include "core/privacy/shape.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <optional>

namespace sotto {
namespace {

/// Digits, read: a zero in front would tell one phone from another.
std::optional<std::uint32_t> number(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A time in seconds. Nobody who calls needs more than a day of it, and what is longer could number its sender.
std::optional<std::uint32_t> period(std::string_view text)
{
    constexpr std::uint32_t longest = 86400;
    const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return digits ? std::optional{std::min(number(text).value_or(longest), longest)} : std::nullopt;
}

std::string written(std::optional<std::uint32_t> value) { return value ? std::to_string(*value) : std::string{}; }

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

std::string_view same(std::string_view offered, const CarriedWords& known)
{
    const auto place = known.find(offered);
    return place == known.size() ? std::string_view{} : known[place];
}

/// Which of `known` the sender named, in the order of `known`: neither order nor spelling tells the sender's software.
std::string intersection(const Message& source, Header header, const CarriedWords& known)
{
    std::bitset<64> named; // one place more, for what is not known
    for (const auto& field : source.fields) {
        if (field.name != header) continue;
        const bool params = field.value.find(';') != std::string_view::npos;
        for_each_element(field.value,
                         [&](std::string_view one) { named.set(known.find(params ? before_params(one) : one)); });
    }
    std::string out;
    std::size_t length = 0;
    for (std::size_t i = 0; i < known.size(); ++i)
        if (named.test(i)) length += known[i].size() + 2;
    out.reserve(length);
    for (std::size_t i = 0; i < known.size(); ++i)
        if (named.test(i)) {
            if (!out.empty()) out += ", ";
            out += known[i];
        }
    return out;
}

/// The parameter's value in the spelling of `known`, behind `head`; what is not known goes.
std::string with_param(std::string head, std::string_view params, std::string_view name,
                       std::span<const std::string_view> known)
{
    if (const auto value = find_param(params, name))
        if (const auto one = same(*value, known); !one.empty()) (((head += ';') += name) += '=') += one;
    return head;
}

std::string session_interval(std::string_view value)
{
    constexpr std::array<std::string_view, 2> refreshers{"uac", "uas"};
    const auto interval = period(before_params(value));
    return interval ? with_param(written(interval), params_of(value), "refresher", refreshers) : std::string{};
}

std::string event(std::string_view value)
{
    return std::string{same(before_params(value), carried_events())}; // an id is another leg's: see event_of_referral
}

/// `head` with the time of that name behind it, if there is one.
std::string with_time(std::string head, std::string_view params, std::string_view name)
{
    if (const auto time = period(find_param(params, name).value_or(std::string_view{})))
        (((head += ';') += name) += '=') += written(time);
    return head;
}

/// RFC 6665 4.1.3: one that lasts says how long, one that has ended why, and when it may begin anew.
std::string subscription_state(std::string_view value)
{
    constexpr std::array<std::string_view, 3> states{"active", "pending", "terminated"};
    constexpr std::array<std::string_view, 6> reasons{"deactivated", "giveup",   "noresource",
                                                      "probation",   "rejected", "timeout"};
    const auto state = same(before_params(value), states);
    const auto params = params_of(value);
    if (state.empty()) return {};
    if (state != "terminated") return with_time(std::string{state}, params, "expires");
    const auto why = same(find_param(params, "reason").value_or(std::string_view{}), reasons);
    if (why.empty()) return std::string{state};
    const auto ended = std::string{state}.append(";reason=").append(why);
    return why == "giveup" || why == "probation" ? with_time(ended, params, "retry-after") : ended;
}

struct CauseRange {
    std::string_view protocol;
    std::uint32_t lowest, highest;
};
// RFC 3326 2: a status code, or a cause of Q.850; RFC 9410 4.1.
constexpr std::array cause_ranges{CauseRange{"SIP", 100, 699}, CauseRange{"Q.850", 1, 127},
                                  CauseRange{"STIR", 400, 699}};

/// RFC 3326 2: several values have different protocols; written in an order of ours.
std::string cause(const Message& source)
{
    std::array<std::optional<std::uint32_t>, cause_ranges.size()> said;
    for (const auto& field : source.fields)
        if (field.name == Header::reason)
            for_each_element(field.value, [&](std::string_view one) {
                const auto range = std::ranges::find_if(
                    cause_ranges, [&](const CauseRange& r) { return iequals(r.protocol, before_params(one)); });
                const auto code = number(find_param(params_of(one), "cause").value_or(std::string_view{}));
                if (range == cause_ranges.end() || !code || *code < range->lowest || *code > range->highest) return;
                auto& first = said[static_cast<std::size_t>(range - cause_ranges.begin())];
                if (!first) first = code;
            });
    std::string out;
    for (std::size_t i = 0; i < said.size(); ++i) {
        if (!said[i]) continue;
        if (!out.empty()) out += ", ";
        ((out += cause_ranges[i].protocol) += ";cause=") += written(said[i]);
    }
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

} // namespace

std::string_view admitted_media_type(std::string_view content_type)
{
    return same(before_params(content_type), carried_media_types());
}

std::string disposition(std::string_view value, std::string_view of)
{
    constexpr std::array<std::string_view, 6> types{"session",      "render", "early-session",
                                                    "info-package", "signal", "notification"};
    constexpr std::array<std::string_view, 2> handlings{"optional", "required"}; // the latter is what holds without
    const auto type = same(before_params(value), types);
    if (type.empty()) return {};
    const auto handling = same(find_param(params_of(value), "handling").value_or(std::string_view{}), handlings);
    if (handling == "optional") return std::string{type}.append(";handling=optional");
    return type == (of == "application/sdp" ? "session" : "render") ? std::string{} : std::string{type};
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
    default:
        break;
    }
    const auto value = source.field(header);
    if (!value) return {};
    switch (shape) {
    case Shape::period:
        return written(period(trim(value->substr(0, value->find_first_of(";("))))); // parameters and a comment go
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
        return disposition(*value,
                           admitted_media_type(source.field(Header::content_type).value_or(std::string_view{})));
    default:
        return {};
    }
}

} // namespace sotto
