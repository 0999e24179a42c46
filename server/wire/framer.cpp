#include "wire/framer.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"
#include "wire/head.hpp"

#include <algorithm>

namespace sotto::wire {
namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view end_of_head = "\r\n\r\n";

Frame refuse(std::size_t size, Refusal refusal) { return {FrameKind::refuse, size, refusal}; }
Frame broken(std::size_t size) { return {FrameKind::broken, size, std::nullopt}; }

struct ContentLength {
    std::optional<std::size_t> value;
    std::optional<Refusal> fault;
};

// Exactly one row of digits (RFC 3261 20.14). A number that no buffer could hold is a body too large.
ContentLength content_length(std::string_view head, const Limits& limits)
{
    ContentLength found;
    take_line(head); // the start line
    while (!head.empty()) {
        const auto line = take_line(head);
        if (line.empty() || (to_lower(line.front()) != 'c' && to_lower(line.front()) != 'l')) continue;
        const auto header = split(line);
        if (!header || !(iequals(header->name, "Content-Length") || iequals(header->name, "l"))) continue;
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

bool has_bare_line_feed(std::string_view buffer, std::size_t from)
{
    for (auto at = buffer.find('\n', from); at != std::string_view::npos; at = buffer.find('\n', at + 1))
        if (at == 0 || buffer[at - 1] != '\r') return true;
    return false;
}

} // namespace

Frame Framer::next(std::string_view buffer)
{
    if (buffer.empty()) return {};
    if (whole_ == 0) {
        if (buffer.front() == '\r') return between(buffer);
        after_crlf_ = false;
        if (const auto fault = look_for_head(buffer)) return *fault;
    }
    if (whole_ == 0 || buffer.size() < whole_) return {};
    const Frame frame{FrameKind::message, whole_, std::nullopt};
    whole_ = 0;
    seen_ = 0;
    return frame;
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
    const auto end = buffer.find(end_of_head, seen_ > 3 ? seen_ - 3 : 0);
    // Who ends lines with LF alone would never end the head, or end it elsewhere for us than for others: not even
    // answered.
    if (has_bare_line_feed(buffer.substr(0, std::min(end, limits_.head)), seen_)) return broken(buffer.size());
    if (end == std::string_view::npos) {
        seen_ = buffer.size();
        if (buffer.size() > limits_.head) return too_long(buffer, limits_);
        return std::nullopt;
    }
    const auto size = end + end_of_head.size();
    if (size > limits_.head) return too_long(buffer, limits_);
    const auto head = buffer.substr(0, end + end_of_line.size());
    if (const auto fault = fault_of(head, limits_)) return refuse(size, *fault);
    const auto length = content_length(head, limits_);
    if (length.fault) return refuse(size, *length.fault);
    if (!length.value) return refuse(size, Refusal::bad_content_length);
    whole_ = size + *length.value;
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
    if (const auto fault = fault_of(head, limits)) return refuse(size, *fault);
    const auto length = content_length(head, limits);
    if (length.fault) return refuse(size, *length.fault);
    const auto body = message.size() - size;
    if (body > limits.body) return refuse(size, Refusal::message_too_large);
    if (length.value && *length.value != body) return refuse(size, Refusal::bad_content_length);
    return {FrameKind::message, message.size(), std::nullopt};
}

} // namespace sotto::wire
