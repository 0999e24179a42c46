#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::net::web {

class Completions;
struct HttpRequest;

/// RFC 6455 7.4.1.
enum class CloseCode : std::uint16_t {
    going_away = 1001,
    not_utf8 = 1007,   ///< "data that was not consistent with the type of the message"
    not_sip = not_utf8 ///< likewise: the sub-protocol is SIP
};

/// The server's end of one WebSocket (RFC 6455): Boost.Beast's, which is given the bytes that came and writes into
/// memory. Checks what comes, joins fragments, answers Ping and Close, and closes where the rules are broken. No
/// extensions: compression would make lengths tell more (CRIME). Never inside its own handlers when it returns, so that
/// it may be destroyed between any two calls.
class WebSocket {
public:
    /// What came of the bytes that were given.
    struct Received {
        std::size_t size{0};                ///< bytes taken
        std::optional<std::string> message; ///< one message that is whole; the next may be whole, too
        bool over{false};                   ///< a Close is said: nothing more is read
    };

    /// `longest_message`: bytes.
    WebSocket(Completions& completions, std::size_t longest_message);
    ~WebSocket();

    /// Answers the request for an upgrade (4.2.2) with `protocol`; nothing when the request is none.
    std::optional<std::string> accept(HttpRequest&& request, std::string_view protocol);
    /// Up to the end of one message. Called again until none comes.
    Received receive(std::string_view bytes);
    /// One whole message: text, or binary where it is not UTF-8 throughout (RFC 7118 4.2).
    void send(std::string_view message);
    void ping();
    /// Says that nothing more will be said.
    void close(CloseCode code);
    /// The bytes to send to the client, of all that was done since the last time.
    std::string written();

    /// Part of a message or frame has come, and not its end: a number, another one for the next message.
    [[nodiscard]] std::optional<std::uint64_t> under_way() const;

private:
    struct Stream;
    void read_on();

    std::unique_ptr<Stream> stream_;
    Completions& completions_;
    std::string message_;    ///< what has come of one
    std::uint64_t ended_{0}; ///< messages, and control frames outside of any
    bool reading_{false};
    bool whole_{false};
    bool over_{false};
};

} // namespace sotto::net::web
