#include "wire/framer.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"
#include "wire/head.hpp"

#include <algorithm>
#include <utility>

namespace sotto::wire {
namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view end_of_head = "\r\n\r\n";

Frame refuse(std::size_t size, Refusal refusal) { return {FrameKind::refuse, size, refusal}; }
Frame broken(std::size_t size) { return {FrameKind::broken, size, std::nullopt}; }
Frame whole(std::size_t head, std::size_t body, const Examined& examined)
{
    return {FrameKind::message, head + body, std::nullopt, head, examined.folded};
}

struct ContentLength {
    std::optional<std::size_t> value;
    std::optional<Refusal> fault;
};

// The head ends with a line end. Exactly one row of digits (RFC 3261 20.14). A number that no buffer could hold is a
// body too large.
ContentLength content_length(std::string_view head, const Limits& limits)
{
    constexpr std::string_view long_name = "Content-Length";
    ContentLength found;
    for (auto end = head.find('\n'); end + 1 < head.size(); end = head.find('\n', end + 1)) {
        auto rest = head.substr(end + 1);
        const char first = to_lower(rest.front());
        if (first != 'l' && (first != 'c' || !iequals(rest.substr(0, long_name.size()), long_name))) continue;
        const auto header = split(take_line(rest));
        if (!header || !(iequals(header->name, long_name) || iequals(header->name, "l"))) continue;
        if (found.value || !all_digits(header->value)) return {std::nullopt, Refusal::bad_content_length};
        found.value = number_up_to(limits.body + 1, header->value);
    }
    if (found.value && *found.value > limits.body) found.fault = Refusal::message_too_large;
    return found;
}

// A head that does not end within the limit: the lines that are whole may still be enough for a 513.
Frame too_long(std::string_view buffer, const Limits& limits)
{
    const auto last = buffer.substr(0, limits.head).rfind(end_of_line);
    return last == std::string_view::npos ? broken(buffer.size())
                                          : refuse(last + end_of_line.size(), Refusal::header_too_large);
}

struct HeadEnd {
    std::size_t size{0}; ///< of the head with its blank line; 0: it does not end here
    bool bare_line_feed{false};
};

// Nothing in the first `seen` bytes ends the head.
HeadEnd end_of(std::string_view buffer, std::size_t seen, const Limits& limits)
{
    for (auto at = buffer.find('\n', seen); at != std::string_view::npos; at = buffer.find('\n', at + 1)) {
        const auto until = buffer.substr(0, at + 1);
        if (until.ends_with(end_of_head)) return {.size = until.size()};
        if (at < limits.head && !until.ends_with(end_of_line)) return {.bare_line_feed = true};
    }
    return {};
}

} // namespace

Frame Framer::next(std::string_view buffer)
{
    if (buffer.empty()) return {};
    if (whole_.kind == FrameKind::need_more) {
        if (buffer.front() == '\r') return between(buffer);
        after_crlf_ = false;
        if (const auto fault = look_for_head(buffer)) return *fault;
    }
    if (whole_.kind == FrameKind::need_more || buffer.size() < whole_.size) return {};
    seen_ = 0;
    return std::exchange(whole_, {});
}

Frame Framer::between(std::string_view buffer)
{
    if (buffer.size() == 1) return {};
    if (buffer[1] != '\n') return broken(buffer.size());
    if (after_crlf_) {
        after_crlf_ = false;
        return {FrameKind::ping, end_of_line.size(), std::nullopt};
    }
    if (buffer.starts_with(end_of_head)) return {FrameKind::ping, end_of_head.size(), std::nullopt};
    after_crlf_ = true;
    return {FrameKind::crlf, end_of_line.size(), std::nullopt};
}

std::optional<Frame> Framer::look_for_head(std::string_view buffer)
{
    if (!is(In::token, buffer.front())) return broken(buffer.size()); // neither a method nor "SIP/2.0"
    const auto end = end_of(buffer, seen_, limits_);
    // Who ends lines with LF alone would never end the head, or end it elsewhere for us than for others: not even
    // answered.
    if (end.bare_line_feed) return broken(buffer.size());
    if (end.size == 0) {
        seen_ = buffer.size();
        if (buffer.size() > limits_.head) return too_long(buffer, limits_);
        return std::nullopt;
    }
    const auto size = end.size;
    if (size > limits_.head) return too_long(buffer, limits_);
    const auto head = buffer.substr(0, size - end_of_line.size());
    const auto examined = examine(head, limits_);
    if (examined.fault) return refuse(size, *examined.fault);
    const auto length = content_length(head, limits_);
    if (length.fault) return refuse(size, *length.fault);
    if (!length.value) return refuse(size, Refusal::bad_content_length);
    whole_ = whole(size, *length.value, examined);
    return std::nullopt;
}

Frame frame_whole(std::string_view message, const Limits& limits)
{
    if (message == end_of_head) return {FrameKind::ping, message.size(), std::nullopt};
    if (message == end_of_line) return {FrameKind::crlf, message.size(), std::nullopt};
    if (message.empty() || !is(In::token, message.front())) return broken(message.size());
    const auto end = message.find(end_of_head);
    if (end == std::string_view::npos)
        return message.size() > limits.head ? too_long(message, limits) : broken(message.size());
    const auto size = end + end_of_head.size();
    if (size > limits.head) return too_long(message, limits);
    const auto head = message.substr(0, end + end_of_line.size());
    const auto examined = examine(head, limits);
    if (examined.fault) return refuse(size, *examined.fault);
    const auto length = content_length(head, limits);
    if (length.fault) return refuse(size, *length.fault);
    const auto body = message.size() - size;
    if (body > limits.body) return refuse(size, Refusal::message_too_large);
    if (length.value && *length.value != body) return refuse(size, Refusal::bad_content_length);
    return whole(size, body, examined);
}

} // namespace sotto::wire
