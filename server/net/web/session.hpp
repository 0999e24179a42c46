#pragma once
#include "core/relay/credentials.hpp"
#include "net/web/rules.hpp"
#include "net/web/web_socket.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::net::web {

/// What stood at the front of the stream, and what it asks for.
struct Step {
    std::size_t size{0};                ///< bytes to consume
    bool again{false};                  ///< the next step may be ready; otherwise: read on
    std::string reply{};                ///< to be written as it stands
    std::optional<std::string> message; ///< one WebSocket message: a SIP message (RFC 7118 5) or a keep-alive
    std::optional<RelayRequest> asked;  ///< to be answered by `answer`
    bool sign_of_life{false};           ///< that is what `reply` is: it tells nothing by its length
    bool end{false};                    ///< close once `reply` is written
};

/// What is spoken above TLS with a browser: HTTP/1.1 (RFC 9112), and from an upgrade on WebSocket (RFC 6455) with the
/// sub-protocol `sip` (RFC 7118). Bytes in, bytes out: no socket, no clock. On the thread of `completions`.
class Session {
public:
    explicit Session(Completions& completions);
    ~Session();

    /// `longest_head`, `longest_message`: bytes.
    Step next(std::string_view buffer, const Rules& rules, std::size_t longest_head, std::size_t longest_message);
    /// The response to what was `asked`, which must be the last thing that came.
    std::string answer(const RelayReply& reply) const;
    /// Keeps a response that is to be given late; nothing more is taken until it is `released`.
    void keep(Step response);
    [[nodiscard]] bool keeps_response() const { return kept_ != nullptr; }
    Step release();

    /// SIP may be sent: the upgrade is done, and no Close was said.
    [[nodiscard]] bool speaks_sip() const { return web_socket_ != nullptr; }
    /// Part of a WebSocket message has come, and not its end: a number, another one for the next message.
    [[nodiscard]] std::optional<std::uint64_t> under_way() const;
    /// What carries one SIP message. Only while it `speaks_sip`.
    std::string carry(std::string_view message);
    /// A Ping, or nothing when the last one was not followed by any byte.
    std::optional<std::string> ping();
    /// Says that the server goes; empty where there is nothing to say.
    std::string goodbye(CloseCode code = CloseCode::going_away);

private:
    Step http(std::string_view buffer, const Rules& rules, std::size_t longest_head, std::size_t longest_message);
    Step upgrade(HttpRequest&& request, Step step, std::size_t longest_message);
    Step web_socket(std::string_view buffer);

    Completions& completions_;
    std::unique_ptr<WebSocket> web_socket_; ///< from the upgrade to the Close
    bool over_{false};
    bool pinged_{false};
    std::string origin_;         ///< of what was asked
    std::unique_ptr<Step> kept_; ///< the response to it, until its time has come
};

} // namespace sotto::net::web
