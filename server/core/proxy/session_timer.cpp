#include "core/proxy/session_timer.hpp"

#include "core/privacy/shape.hpp"

#include <algorithm>
#include <charconv>

namespace sotto {
namespace {

constexpr std::uint32_t recommended = 1800; ///< RFC 4028 4, seconds

bool knows_timers(const Message& message)
{
    bool timer = false;
    for (const auto& field : message.fields)
        if (field.name == Header::supported)
            for_each_element(field.value, [&](std::string_view tag) { timer = timer || iequals(tag, "timer"); });
    return timer;
}

std::string value_of(const Message& message, Header header, Shape shape)
{
    return message.has(header) ? shaped(message, header, shape) : std::string{};
}

} // namespace

std::string refresh_asked(const Message& invite)
{
    if (invite.has(Header::session_expires) || !knows_timers(invite)) return {};
    std::uint32_t least = 0;
    const auto text = value_of(invite, Header::min_se, Shape::period);
    std::from_chars(text.data(), text.data() + text.size(), least);
    return std::to_string(std::max(recommended, least));
}

void ask_caller_to_refresh(Outbound& message, const Message& request, const Message& answer, bool billed)
{
    if (request.method != Method::invite && request.method != Method::update) return;
    if (answer.status < 200 || answer.status > 299 || answer.has(Header::session_expires)) return;
    if (!knows_timers(request)) return;
    const auto own = value_of(request, Header::session_expires, Shape::session_interval);
    const bool refreshes = own.ends_with(";refresher=uac") && !request.to.tag().empty();
    if (!billed && !refreshes) return;
    const auto interval = own.empty() ? refresh_asked(request) : own.substr(0, own.find(';'));
    if (interval.empty()) return;
    message.set(Header::session_expires, interval + ";refresher=uac");
    const auto required = value_of(answer, Header::require, Shape::option_tags);
    message.set(Header::require, required.empty() ? "timer" : required + ", timer");
}

} // namespace sotto
