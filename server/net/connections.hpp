#pragma once
#include "core/message/message.hpp"
#include "core/types/histogram.hpp"
#include "net/burst.hpp"
#include "net/connection.hpp"
#include "net/flow_table.hpp"
#include "net/options.hpp"
#include "net/wait_lists.hpp"
#include "net/way.hpp"
#include "net/web/completions.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sotto::net {

/// Counts since the start.
struct ConnectionCounters {
    std::uint64_t open{0};       ///< now, handshakes included
    std::uint64_t handshakes{0}; ///< completed
    std::uint64_t handshake_failures{0};
    std::uint64_t handshake_timeouts{0};
    std::uint64_t crowded_out{0}; ///< connections closed that said nothing or did not go on, when others came
    std::uint64_t idle_timeouts{0};
    std::uint64_t slow_messages{0};
    std::uint64_t slow_readers{0};
    std::uint64_t unframeable{0}; ///< connections closed because what came could not be cut into messages
    std::uint64_t pings{0};
    std::uint64_t internal_errors{0}; ///< a message met a bug of ours: its connection was closed
};

/// What a worker does with what its connections bring.
class ConnectionUser : public Bursts {
public:
    virtual void received(Flow& flow, MessagePtr message) = 0;
    virtual RelayReply asked(Flow& flow, const RelayRequest& request) = 0;
    /// The flow takes no more messages. `asked_by`: the workers (modulo 64) that may await an answer over it.
    virtual void ended(const Flow& flow, std::uint64_t asked_by) = 0;
    /// `greeted`: the client had said who it wants to speak to, and so the handshake has cost something. Not for a
    /// connection that we began.
    virtual void handshake_over(bool greeted) = 0;
    /// The connection is gone and its place is free. Not for one that we began.
    virtual void left(KeyedHash source) = 0;
    /// A connection that we began is open, or will never be.
    virtual void dialled(FlowId flow, std::optional<WayFailure> failure) = 0;
};

/// One worker's connections: TLS, framing (RFC 3261 18.3), keep-alive (RFC 5626 3.5.1), bounded queues and timeouts. An
/// idle connection owns no buffer: reading goes through one scratch area, which is wiped after each burst. Only on the
/// worker's thread.
class Connections {
public:
    Connections(asio::io_context& context, std::uint16_t worker, ConnectionUser& user,
                std::shared_ptr<const Identities> identities, std::shared_ptr<const ConnectionLimits> limits);

    /// For connections that begin from now on.
    void use(std::shared_ptr<const Identities> identities) { identities_ = std::move(identities); }
    /// For what is waited for from now on.
    void use(std::shared_ptr<const ConnectionLimits> limits) { limits_ = std::move(limits); }

    /// A burst begins: what is queued or begun in it counts from now.
    void begins(TimePoint now) { now_ = now; }
    /// Starts the handshake. False when no place is left; the socket is closed then. With `outside`, the other end
    /// must prove a domain by a certificate.
    bool accept(Socket socket, KeyedHash source, Transport transport,
                const std::shared_ptr<const Identities>& outside = nullptr);
    /// Starts the handshake of the client's side on a connected socket, on behalf of the served domain `own`. None when
    /// no place is left.
    FlowId dial(Socket socket, const std::string& domain, std::string_view own,
                const std::shared_ptr<const Identities>& outside);
    /// The domains that our certificate on that connection proves to the other end; none: the connection is gone.
    [[nodiscard]] std::vector<std::string> proven_by_us(FlowId id);
    /// Closes the connection that has said nothing for the longest time since it began. False when there is none.
    bool make_room();
    /// Queues one message, written at the end of the burst. False, with `bytes` untouched, when the flow is gone or its
    /// peer reads too slowly and was cut off.
    bool send(FlowId id, std::string& bytes);
    /// That worker awaits an answer to what it sent over the flow.
    void awaits_answer(FlowId id, std::uint16_t worker);
    /// What the flow has promised may have changed (`Flow::keep_alive`): its next sign of life is waited for anew.
    void wait_anew(FlowId id);
    /// Closes after what is queued is written. What arrives from now on is not read.
    void close(FlowId id);
    void close_all();
    /// The flow's state, if it still takes messages.
    Flow* find(FlowId id);
    /// `serve(Flow&)`, for what came over the flow and has waited since, as if it had come now; nothing, if the flow
    /// has ended or is about to.
    template <class Serve> void resume(FlowId id, Serve serve)
    {
        auto* connection = table_.find(id);
        if (connection == nullptr || connection->state != State::open) return;
        guarded(*connection, serve);
        wait_anew(id);
    }
    [[nodiscard]] std::size_t size() const { return table_.size(); }

    /// Writes what is queued, tells the user of ended flows and forgets dead connections. May make the user queue more.
    /// True: deadlines are others than before.
    bool settle();
    /// Nothing of the burst's plaintext stays behind.
    void wipe();

    [[nodiscard]] TimePoint next_deadline() const;
    void on_deadline(TimePoint now);
    [[nodiscard]] ConnectionCounters counters() const;
    /// From the connection's begin until its handshake was completed.
    [[nodiscard]] const WaitTimes& handshake_times() const { return handshake_times_; }

private:
    using State = Connection::State;
    static constexpr std::size_t record_size = 16'384; // plaintext of one TLS record at most
    static constexpr int reads_per_burst = 4;          // then others have their turn

    void await_readable(Connection& connection);
    void await_writable(Connection& connection);
    void readable(Connection& connection);
    void advance_handshake(Connection& connection);
    void opened(Connection& connection);
    bool proves_domain(Connection& connection);
    void read(Connection& connection);
    void read_on_later(FlowId id);
    void take(Connection& connection, std::string_view bytes);
    std::size_t cut(Connection& connection, std::string_view bytes);
    std::size_t cut_web(Connection& connection, std::string_view bytes);
    void take_whole(Connection& connection, std::string_view message);
    void answer_late(Connection& connection);
    void deliver(Connection& connection, MessagePtr message);
    /// A message that meets a bug of ours costs its connection, and nothing else.
    template <class Serve> void guarded(Connection& connection, Serve& serve)
    {
        try {
            serve(connection.flow);
        } catch (const std::exception&) {
            ++counters_.internal_errors;
            kill(connection);
        }
    }
    void answer_ping(Connection& connection);
    void pass_over(Connection& connection, std::string_view message);
    void discard(Connection& connection);
    /// What is queued: all but a sign of life hides its length.
    enum class What : std::uint8_t { message, sign_of_life };
    bool send(Connection& connection, std::string& bytes, What what);
    bool queue(Connection& connection, std::string& bytes, What what = What::message);
    /// False: the other end reads too slowly, or is gone, and the connection ends.
    bool has_room(Connection& connection, std::size_t bytes);
    void mark_dirty(Connection& connection);
    /// As long as the other end may keep us from writing.
    void wait_to_write(Connection& connection);
    void flush(Connection& connection);
    void finish(Connection& connection);
    void ask_whether_there(Connection& connection);
    void linger(Connection& connection);
    void kill(Connection& connection);
    void retire(Connection& connection);
    void wait_in(WaitLists& lists, Connection& connection, seconds span);
    void wait_for_next_message(Connection& connection);

    asio::io_context& context_;
    ConnectionUser& user_;
    std::shared_ptr<const Identities> identities_;
    std::shared_ptr<const ConnectionLimits> limits_;
    // The lists before the table: its connections leave them as they die.
    WaitLists handshaking_, strangers_, idle_, kept_alive_, quiet_, partial_, late_, lingering_;
    WriteList blocked_;
    web::Completions web_completions_; // and these, for its browsers
    FlowTable table_;
    std::vector<FlowId> dirty_, retired_;
    bool waits_anew_{false}; ///< in `settle`: a deadline has come or gone
    std::unique_ptr<std::array<char, record_size>> scratch_;
    std::size_t scratch_used_{0};
    TimePoint now_{};
    using Room = std::chrono::time_point<Clock, std::chrono::microseconds>;
    Room made_room_until_{}; ///< each connection that gave way stands for a part of a millisecond
    ConnectionCounters counters_;
    WaitTimes handshake_times_;
};

} // namespace sotto::net
