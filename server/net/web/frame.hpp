#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::net::web {

/// RFC 6455 11.8.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// RFC 6455 7.4.1.
enum class CloseCode : std::uint16_t {
    going_away = 1001,
    protocol_error = 1002,
    not_sip = 1007, ///< "data that was not consistent with the type of the message"
    too_big = 1009
};

/// One frame as it stands at the front of the stream (RFC 6455 5.2), from a client: masked.
struct Frame {
    enum class Kind : std::uint8_t {
        need_more,
        whole,
        broken, ///< breaks the protocol: 1002
        too_big ///< declares more than is taken: known before it has come
    };
    Kind kind{Kind::need_more};
    std::size_t size{0}; ///< bytes to consume
    Opcode opcode{Opcode::continuation};
    bool last{true};     ///< of its message (FIN)
    std::string payload; ///< unmasked
};

/// Looks at the front of the receive buffer. `most`: bytes of payload that are taken.
Frame next_frame(std::string_view buffer, std::size_t most);

/// One frame from us: whole and unmasked (RFC 6455 5.1).
std::string frame(Opcode opcode, std::string_view payload);
/// A SIP message as one WebSocket message: text, or binary where it is not UTF-8 throughout (RFC 7118 4.2).
std::string message_frame(std::string_view message);
std::string close_frame(CloseCode code);
/// What is wrong with the payload of a Close that came (RFC 6455 5.5.1, 7.4): one byte, a code that nobody may send, a
/// reason that is not UTF-8.
std::optional<CloseCode> fault_of_close(std::string_view payload);

bool is_utf8(std::string_view text);

} // namespace sotto::net::web
