#pragma once
#include "load/bench.hpp"
#include "load/digest.hpp"
#include "load/text.hpp"
#include "load/tls_connection.hpp"

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::load {

/// One side's view of a dialog (RFC 3261 12), or of a registration, which is addressed alike.
struct Dialog {
    std::string call_id;
    std::string local_uri;
    std::string local_tag;
    std::string remote_uri;
    std::string remote_tag;
    std::string remote_target; ///< Request-URI of the next request
    std::vector<std::string> route_set;
    std::uint32_t cseq{0};
};

/// What a line has received as the called side. Counts whole requests that were found correct.
struct Ladder {
    std::uint64_t invites{0};
    std::uint64_t acks{0};
    std::uint64_t byes{0};
    std::uint64_t messages{0};
};

/// One address-of-record on a phone.
struct Line {
    Credentials credentials;
    std::string address;  ///< "sip:user1@example.org"
    std::string instance; ///< RFC 5626 4.1: by it a server knows that a new connection replaces a lost one
    std::uint16_t media_port{0};
    Dialog registration;
    std::optional<Challenge> challenge;
    std::uint32_t nonce_count{0};
    Ladder seen;
    std::optional<Dialog> call;       ///< the last one, made or answered
    std::vector<std::string> secrets; ///< of whoever calls this line: must not appear in what it receives
};

/// A request ready to be sent, and by what its answer is recognised: always this client's own values.
struct Request {
    std::string method;
    std::string text;
    std::string ack; ///< INVITE: the ACK for a failure, up to the To header
    std::uint64_t branch{0};
    std::string call_id;
    std::string local_tag;
    std::uint32_t cseq{0};
};

struct Reply {
    std::optional<Message> answer;    ///< final
    std::string failure;              ///< why there is none
    std::optional<TimePoint> ringing; ///< first 180
};

/// One connection with its lines: sends requests and waits for their answers, answers what is sent to it.
class Phone final : TlsConnection::Owner {
public:
    Phone(Bench& bench, std::string source)
        : bench_{bench}, source_{std::move(source)}, connection_{bench.loop, bench.client, *this}
    {
    }
    Phone(const Phone&) = delete;
    Phone& operator=(const Phone&) = delete;

    std::vector<std::unique_ptr<Line>> lines;
    bool registered{false};     ///< all lines, over the connection that is open
    TimePoint told_to_wait;     ///< a server that is overloaded is asked nothing new until then (RFC 3261 21.5.4)
    std::function<void()> lost; ///< the connection has ended without being asked to; may be empty: then it is an error

    /// `co_await phone.connect()`: empty when open, else why not.
    auto connect();
    /// `co_await phone.exchange(request)`: the final answer.
    auto exchange(Request request);
    void disconnect();
    /// The other end is about to close it, and that is no error.
    void expect_loss() { leaving_ = true; }
    bool connected() const { return connection_.is_open(); }
    void change_source(std::string source) { source_ = std::move(source); }
    /// `co_await phone.ping()`: whether the keep-alive was answered (RFC 5626 3.5.1) before the time-out.
    auto ping();

    /// A request in `dialog` (whose CSeq it advances): `extra` are whole header lines, `body` is SDP or text as `extra`
    /// says.
    Request request(std::string_view method, Dialog& dialog, std::string_view extra = {}, std::string_view body = {});
    /// ACK to a 2xx: a transaction of its own, never answered (RFC 3261 13.2.2.4).
    void acknowledge(const Dialog& dialog);
    std::string contact(const Line& line) const;

private:
    struct Pending {
        Request request;
        Reply reply;
        std::coroutine_handle<> waiting;
    };
    friend struct Exchange;
    friend struct Connecting;
    friend struct Pinging;

    void on_open() override;
    void on_message(std::string_view bytes) override;
    void on_keep_alive() override;
    void on_closed(std::string_view why) override;

    void on_response(Message message);
    void on_request(const Message& message);
    void on_invite(const Message& message, Line& line);
    void answer(const Message& request, int status, std::string_view reason, std::string_view to_tag,
                std::string_view extra = {}, std::string_view body = {});
    bool looks_sound(const Pending& pending, const Message& answer);
    void check_request(const Message& message, const Line& line);
    Pending* pending(std::uint64_t branch);
    void finish(std::uint64_t branch, std::optional<Message> answer, std::string_view failure);
    std::string head(std::string_view method, const Dialog& dialog, std::string_view uri, std::uint64_t branch,
                     std::uint32_t cseq, bool with_to) const;
    Line* line_of(std::string_view user);

    Bench& bench_;
    std::string source_;
    TlsConnection connection_;
    std::set<std::string> hosts_; ///< of its contacts so far, where a lost connection comes back
    std::vector<Pending*> pending_;
    std::coroutine_handle<> connecting_;
    std::uint64_t attempt_{0};
    std::string connect_failure_;
    std::coroutine_handle<> pinging_;
    bool leaving_{false};
    bool ponged_{false};
    std::uint64_t ping_{0};
};

/// Awaitable of Phone::exchange. The pending entry lives in the awaiting coroutine's frame.
struct Exchange {
    Phone& phone;
    Phone::Pending pending;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting);
    Reply await_resume() { return std::move(pending.reply); }
};

struct Connecting {
    Phone& phone;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting);
    std::string await_resume() { return std::move(phone.connect_failure_); }
};

struct Pinging {
    Phone& phone;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting);
    bool await_resume() const { return phone.ponged_; }
};

inline auto Phone::connect() { return Connecting{*this}; }
inline auto Phone::exchange(Request request) { return Exchange{*this, {std::move(request), {}, {}}}; }
inline auto Phone::ping() { return Pinging{*this}; }

} // namespace sotto::load
