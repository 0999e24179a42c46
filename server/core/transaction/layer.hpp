#pragma once
#include "core/action.hpp"
#include "core/message/message.hpp"
#include "core/transaction/answer_times.hpp"
#include "core/transaction/branch.hpp"
#include "core/transaction/index.hpp"
#include "core/transaction/invite_client.hpp"
#include "core/transaction/invite_server.hpp"
#include "core/transaction/non_invite_client.hpp"
#include "core/transaction/non_invite_server.hpp"
#include "core/transaction/slots.hpp"
#include "core/transaction/timer_queue.hpp"
#include "core/types/cryptography.hpp"
#include "core/types/flow.hpp"
#include "core/types/forget.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sotto::transaction {

/// Transactions of one flow are chained through themselves: when it ends, nobody else's are looked at.
struct Neighbours {
    SlotId before, after;
};

/// One request that this worker answers. Kept until its machine ends; the response goes to `flow`.
struct Server {
    KeyedHash key;
    FlowId flow;
    Transport transport{Transport::tls};
    Method method{Method::other};
    MessagePtr request; ///< null once the user has shed it: an accepted INVITE outlives its content (RFC 6026)
    std::variant<InviteServer, NonInviteServer> machine;
    TimerHandle timer;
    Party party;          ///< who sent it, once proven (`Layer::prove`)
    SlotId context;       ///< of the transaction user
    bool answered{false}; ///< a final response was given
    bool heard{false};    ///< the client has got an answer other than 100
    TimePoint began{};
    std::uint32_t places{1};   ///< of those that its flow has
    bool of_subscriber{false}; ///< one had proven to be at its flow when it came
    std::string latest;        ///< to an INVITE: the latest response, until it is accepted
    Neighbours on_flow;        ///< others that came over it
};

/// What CANCEL and the ACK to a failure repeat of the request that was sent (RFC 3261 9.1, 17.1.1.3). Empty for
/// requests that neither of them follows.
struct Sent {
    std::string request_uri;
    std::string via;
    std::string from;
    std::string to;
    std::string call_id;
    std::string route;
    std::uint32_t cseq{0};

    void forget_all()
    {
        for (auto* text : {&request_uri, &via, &from, &to, &call_id, &route}) forget(*text);
    }
};

/// One request that this worker sent on.
struct Client {
    FlowId flow;
    Party receiver; ///< may answer over another of its flows
    Method method{Method::other};
    Sent sent;
    std::variant<InviteClient, NonInviteClient> machine;
    TimerHandle timer;
    SlotId context;          ///< of the transaction user
    std::uint32_t branch{0}; ///< which of the context's branches
    Neighbours on_flow;      ///< others that went over it

    [[nodiscard]] bool proceeding() const
    {
        const auto* invite = std::get_if<InviteClient>(&machine);
        return invite != nullptr && invite->state() == InviteClient::State::proceeding;
    }
};

/// What the layer tells whoever uses it (RFC 3261 6: "transaction user").
class User {
public:
    virtual ~User() = default;
    /// A request of a new server transaction.
    virtual void on_request(SlotId server, Flow& flow, TimePoint now, Actions& out) = 0;
    /// An ACK that belongs to no failure: to a 2xx, or a stray.
    virtual void on_ack(MessagePtr ack, Flow& flow, TimePoint now, Actions& out) = 0;
    /// A CANCEL that matches `invite`; it has been answered.
    virtual void on_cancel(SlotId invite, const Message& cancel, TimePoint now, Actions& out) = 0;
    virtual void on_response(SlotId client, MessagePtr response, TimePoint now, Actions& out) = 0;
    /// The client transaction ended without an answer; the layer forgets it after the call.
    virtual void on_no_answer(SlotId client, bool transport_error, TimePoint now, Actions& out) = 0;
    /// A server transaction is about to be forgotten.
    virtual void on_server_end(SlotId server, TimePoint now, Actions& out) = 0;
    /// A timer that the user set is due.
    virtual void on_user_timer(std::uint8_t kind, SlotId id, TimePoint now, Actions& out) = 0;
    /// A request beyond a limit has been refused, and nothing is remembered of it.
    virtual void on_refusal() = 0;
    /// A call for help: no limit stops it once somebody is proven on its flow.
    [[nodiscard]] virtual bool passes_limits(const Message& request) const = 0;
};

/// The transaction layer of one worker (RFC 3261 17). Knows its user by the interface above only.
class Layer {
public:
    struct Self {
        std::uint16_t worker{0};
        std::uint16_t workers{1};
    };
    Layer(Self self, Cryptography& cryptography, User& user);

    /// How many server transactions one subscriber's flow may have open; one with a long body takes the places of
    /// several. Those of all flows whose senders are proven may be a hundred times as many. Beyond, a request is
    /// refused and forgotten: a flood of INVITEs whose refusals nobody acknowledges would fill the memory for 32 s each
    /// (timer H).
    void use(std::uint32_t most_of_flow) { most_of_flow_ = most_of_flow; }

    void receive(Flow& flow, MessagePtr message, TimePoint now, Actions& out);
    /// 503 with Retry-After, and nothing is remembered of it (RFC 3261 8.2.7).
    void refuse(FlowId flow, const Message& request, Actions& out);
    /// A response, ACK, CANCEL that another worker could not match.
    void receive_handed_over(HandOver handed, TimePoint now, Actions& out);

    [[nodiscard]] Server* server(SlotId id) { return servers_.find(id); }
    [[nodiscard]] Client* client(SlotId id) { return clients_.find(id); }

    /// Who sent its request is proven: from now on it counts among those of all flows.
    void prove(SlotId server, Party party);
    /// Whether nothing is remembered of a request once it is answered so: it was refused before anybody had proven to
    /// be its sender, and has no context. Not inside a dialog of a subscriber who is proven on its flow.
    [[nodiscard]] static bool forgets(const Server& server, int status);
    /// Sends a response that the user built. A final one ends a non-INVITE transaction, and any that is forgotten.
    void respond(SlotId server, int status, std::string bytes, TimePoint now, Actions& out);
    /// Sends its latest response over another flow, which is the transaction's from now on. One that has ended is only
    /// answered there.
    void move(SlotId server, FlowId flow, std::string latest, Actions& out);
    /// In place of a branch: whose the client transactions are that belong to no response context.
    enum NoBranch : std::uint32_t { of_one_given_up = UINT32_MAX - 3, of_hanging_up, of_a_probe, of_a_subscription };
    /// A client transaction to be filled and started with `send`.
    SlotId open_client(FlowId flow, Party receiver, Method method, SlotId context, std::uint32_t branch, TimePoint now);
    /// Of a request that is forwarded as `request`, or of one of ours.
    [[nodiscard]] std::string branch_for(SlotId client, const Message& request);
    [[nodiscard]] std::string branch_for(SlotId client);
    void send(SlotId client, Sent sent, std::string bytes, Actions& out);
    /// CANCEL for an INVITE that got a provisional response (RFC 3261 9.1), over the flow on which its phone is now;
    /// `reason` may be empty (RFC 3326).
    void cancel(SlotId client, FlowId flow, std::string_view reason, TimePoint now, Actions& out);
    /// The transaction belongs to that branch of that context from now on, and ends if nothing comes for it.
    void give_up(SlotId client, SlotId context, std::uint32_t branch, TimePoint now);
    /// A request that found no transaction here: each other worker is asked once, one after the other.
    void offer_to_others(HandOver message, Actions& out);
    /// Ends a client transaction without a word.
    void abandon(SlotId client);
    /// Ends a server transaction without a word; its user is told.
    void end_server(SlotId id, TimePoint now, Actions& out);
    void undeliverable(SlotId client, TimePoint now, Actions& out);
    /// What went out over that flow and has heard nothing yet is lost with it (RFC 5626 7: as after a 430).
    void flow_closed(FlowId flow, TimePoint now, Actions& out);
    /// Somebody waits there for an answer of ours.
    [[nodiscard]] bool waits_on(FlowId flow);
    /// Of the transactions over that flow, each once: ids of their users, of whichever table.
    [[nodiscard]] std::vector<SlotId> contexts_on(FlowId flow);

    TimerHandle set_timer(std::uint8_t kind, SlotId id, TimePoint when);
    void cancel_timer(TimerHandle handle) { timers_.cancel(handle); }
    [[nodiscard]] TimePoint next_deadline() const { return timers_.next_deadline(); }
    void on_deadline(TimePoint now, Actions& out);

    [[nodiscard]] std::size_t servers() const { return servers_.size(); }
    [[nodiscard]] std::size_t clients() const { return clients_.size(); }
    std::uint64_t strays{0};
    AnswerTimes answer_times;

    /// Timer kinds below this are the layer's own.
    static constexpr std::uint8_t first_user_timer = 4;
    /// Kinds of the tickets that its `Send` actions carry.
    static constexpr std::uint8_t server_ticket = 1;
    static constexpr std::uint8_t client_ticket = 2;
    static constexpr std::uint8_t cancel_ticket = 3;

private:
    void receive_request(Flow& flow, MessagePtr request, TimePoint now, Actions& out);
    /// Over which flow a request came, and who is proven there.
    struct Sender {
        FlowId flow;
        std::span<const Party> parties;
        [[nodiscard]] bool sent(const Server& server) const;
    };
    void receive_response(MessagePtr response, const Sender& sender, bool handed_over, TimePoint now, Actions& out);
    bool match_ack(const KeyedHash& key, const Sender& sender, TimePoint now, Actions& out);
    bool match_cancel(const Message& cancel, const Sender& sender, TimePoint now, Actions& out);
    void answer_cancel(const Message& cancel, FlowId flow, int status, Actions& out);
    void repeat(SlotId server, const Flow& flow, Actions& out);
    void acknowledge_failure(const Client& client, const Message& response, Actions& out);
    [[nodiscard]] bool has_too_many(const Flow& flow, const Message& request) const;
    void enter_flow(SlotId server);
    void move(SlotId client, FlowId flow);
    void leave_flow(const Server& server);
    void leave_flow(const Client& client);
    void server_deadline(SlotId id, TimePoint now, Actions& out);
    void rearm(TimerHandle& timer, std::uint8_t kind, SlotId id, TimePoint deadline);
    void end_client(SlotId id);

    Self self_;
    Cryptography& cryptography_;
    User& user_;
    SlotTable<Server> servers_;
    SlotTable<Client> clients_;
    KeyIndex<SlotId> by_key_;
    TimerQueue timers_;
    std::uint32_t most_of_flow_{1000};
    std::size_t places_{0}; ///< of all flows, for proven senders
    struct OnFlow {
        SlotId server, client; ///< the first of each chain
        std::uint32_t places{0};
        [[nodiscard]] bool nothing() const { return !server && !client; }
    };
    boost::unordered_flat_map<FlowId, OnFlow, std::hash<FlowId>> on_flow_; ///< those that have a transaction
};

/// The same in either direction: what names a slot inside a timer key or a ticket. `kind` below 16, index below 2^28.
constexpr std::uint64_t pack(std::uint8_t kind, SlotId id)
{
    return (std::uint64_t{kind} << 60U) | (std::uint64_t{id.index} << 32U) | id.generation;
}
struct Unpacked {
    std::uint8_t kind;
    SlotId id;
};
constexpr Unpacked unpack(std::uint64_t value)
{
    return {static_cast<std::uint8_t>(value >> 60U),
            {static_cast<std::uint32_t>((value >> 32U) & 0x0FFF'FFFFU), static_cast<std::uint32_t>(value)}};
}

} // namespace sotto::transaction
