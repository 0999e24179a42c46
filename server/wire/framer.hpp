#pragma once
#include "core/message/refusal.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace sotto::wire {

/// What one message may be at most. Beyond the first two: 513 or 413 and a closed connection.
struct Limits {
    std::size_t head{16'384}; ///< bytes of start line and headers
    std::size_t body{65'536}; ///< bytes of body
    std::size_t line{8'192};  ///< bytes of one header line
    std::size_t lines{128};   ///< at most `most_lines`
    std::size_t commas{512};  ///< in the whole head: the packaged parser recurses on comma lists

    static constexpr std::size_t most_lines = 1'024; ///< for which there is room when a message is read
};

enum class FrameKind : std::uint8_t {
    need_more, ///< read on; nothing to consume
    ping,      ///< CRLFCRLF (RFC 5626 3.5.1): answer with CRLF. When its halves arrive apart: `crlf`, then `ping`
    crlf,      ///< a lone CRLF between messages: skipped (RFC 3261 7.5)
    message,   ///< one whole message of `size` bytes
    refuse,    ///< the head is complete but the message cannot be taken: answer with `refusal` if the head
               ///< (`size` bytes) can be parsed, then close, since what follows cannot be framed
    broken     ///< nothing can be answered: close
};

struct Frame {
    FrameKind kind{FrameKind::need_more};
    std::size_t size{0};            ///< bytes to consume
    std::optional<Refusal> refusal; ///< for `refuse`
    std::size_t head{0};            ///< for `message`: bytes up to the blank line, with it. Nothing is wrong with them
    bool folded{false};             ///< for `message`: a header line goes on in the next one
    bool operator==(const Frame&) const = default;
};

/// Cuts a byte stream into messages by Content-Length (RFC 3261 18.3, 20.14). Remembers how far it has looked, so that
/// bytes that arrive one by one cost no more than all at once. One per connection; a few bytes.
class Framer {
public:
    explicit Framer(Limits limits = {}) : limits_{limits} {}
    /// Looks at the front of the connection's receive buffer. The caller consumes `size` bytes before the next call.
    /// After `refuse` or `broken` the stream cannot be framed any more: the framer is not to be asked again.
    Frame next(std::string_view buffer);

private:
    Frame between(std::string_view buffer);                      ///< the buffer starts with a CR
    std::optional<Frame> look_for_head(std::string_view buffer); ///< sets `whole_`, or says what is wrong

    Limits limits_;
    std::size_t seen_{0};    ///< bytes already searched for the end of the head
    Frame whole_;            ///< the message once its head is known; not yet: `need_more`
    bool after_crlf_{false}; ///< a lone CRLF was just consumed: another one makes it a ping, however they arrive
};

/// A WebSocket message is one SIP message (RFC 7118 5): Content-Length is optional and, where present, must agree.
Frame frame_whole(std::string_view message, const Limits& limits);

} // namespace sotto::wire
