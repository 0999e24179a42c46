#include "core/transaction/layer.hpp"

#include "core/privacy/reply.hpp"
#include "core/transaction/key.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sotto::transaction {
namespace {

constexpr std::uint8_t server_timer = 1;
constexpr std::uint8_t client_timer = 2;
constexpr std::uint8_t cancelled_timer = 3; ///< a cancelled INVITE that nobody ends (RFC 3261 9.1)

/// All flows together have the places of this many.
constexpr std::uint64_t flows_of_all = 100;

/// An INVITE from a phone takes one, whatever it describes; 64 KiB of body take nine.
constexpr std::size_t body_of_a_place = 8'192;

TimePoint deadline_of(const auto& machine)
{
    return std::visit([](const auto& m) { return m.deadline(); }, machine);
}
bool terminated(const auto& machine)
{
    return std::visit([](const auto& m) { return m.terminated(); }, machine);
}

/// A branch is made of its transaction's slot. A process that was given the keys of the one before would repeat its
/// branches if it began to count where that one began, and take late responses to that one for its own.
std::uint32_t start_of_generations(Cryptography& cryptography)
{
    std::array<std::uint8_t, 4> bytes;
    cryptography.random(bytes);
    std::uint32_t start = 0;
    for (const auto byte : bytes) start = (start << 8U) | byte;
    return start;
}

/// Among those of all flows: strangers must not fill what subscribers need.
bool counts(const Server& server) { return server.party || server.of_subscriber; }

template <class T> void enter(SlotTable<T>& table, SlotId id, SlotId& first)
{
    table.find(id)->on_flow = {.before = {}, .after = first}; // one that moves has others' places in it
    if (auto* next = table.find(first); next != nullptr) next->on_flow.before = id;
    first = id;
}

template <class T> void leave(SlotTable<T>& table, const T& one, SlotId& first)
{
    if (auto* next = table.find(one.on_flow.after); next != nullptr) next->on_flow.before = one.on_flow.before;
    if (auto* previous = table.find(one.on_flow.before); previous != nullptr)
        previous->on_flow.after = one.on_flow.after;
    else
        first = one.on_flow.after;
}

/// Calls `each(SlotId, T&)` for all of a chain; it may not end any.
template <class T, class Each> void along(SlotTable<T>& table, SlotId first, Each each)
{
    for (auto* one = table.find(first); one != nullptr; one = table.find(first)) {
        const auto id = std::exchange(first, one->on_flow.after);
        each(id, *one);
    }
}

} // namespace

Layer::Layer(Self self, Cryptography& cryptography, User& user)
    : self_{self}, cryptography_{cryptography}, user_{user}, clients_{start_of_generations(cryptography)}
{
}

void Layer::receive(Flow& flow, MessagePtr message, TimePoint now, Actions& out)
{
    if (message->is_request)
        receive_request(flow, std::move(message), now, out);
    else
        receive_response(std::move(message), {flow.id, flow.parties}, false, now, out);
}

void Layer::receive_handed_over(HandOver handed, TimePoint now, Actions& out)
{
    const Message& message = *handed.message;
    const Sender sender{handed.from, handed.parties};
    if (!message.is_request) return receive_response(std::move(handed.message), sender, true, now, out);
    if (message.method == Method::cancel ? match_cancel(message, sender, now, out)
                                         : match_ack(server_key(cryptography_, message), sender, now, out))
        return;
    offer_to_others(std::move(handed), out);
}

void Layer::offer_to_others(HandOver handed, Actions& out)
{
    handed.worker = static_cast<std::uint16_t>((self_.worker + 1) % self_.workers);
    if (handed.worker != handed.from.worker()) {
        out.push_back(std::move(handed));
        return;
    }
    if (handed.message->method == Method::cancel)
        answer_cancel(*handed.message, handed.from, 481, out);
    else
        ++strays;
}

/// Branches are unique, not secret: whoever has read one is not yet its client.
bool Layer::Sender::sent(const Server& server) const
{
    return flow == server.flow || std::ranges::count(parties, server.party) != 0;
}

/// RFC 3261 17.2.1: a retransmission gets the latest response. It comes only over another connection of the same
/// client, and finds a failure only while the connection that it went to is open (flow_closed).
void Layer::repeat(SlotId id, const Flow& flow, Actions& out)
{
    const auto* server = servers_.find(id);
    if (server == nullptr || server->latest.empty() || !Sender{flow.id, flow.parties}.sent(*server)) return;
    move(id, flow.id, server->latest, out);
}

void Layer::move(SlotId id, FlowId flow, std::string latest, Actions& out)
{
    auto* server = servers_.find(id);
    if (server == nullptr) return out.push_back(Send{flow, std::move(latest), {}});
    leave_flow(*server);
    server->flow = flow;
    enter_flow(id);
    const auto* invite = std::get_if<InviteServer>(&server->machine);
    const bool awaits = invite != nullptr && invite->state() != InviteServer::State::accepted;
    out.push_back(Send{flow, std::move(latest), {pack(server_ticket, id)}, awaits});
}

bool Layer::match_ack(const KeyedHash& key, const Sender& sender, TimePoint now, Actions& out)
{
    const auto* id = by_key_.find(key);
    auto* server = id != nullptr ? servers_.find(*id) : nullptr;
    auto* machine = server != nullptr && sender.sent(*server) ? std::get_if<InviteServer>(&server->machine) : nullptr;
    if (machine == nullptr || machine->state() != InviteServer::State::completed) return false;
    machine->on(InviteServer::Event::ack, now);
    end_server(*id, now, out);
    return true;
}

bool Layer::match_cancel(const Message& cancel, const Sender& sender, TimePoint now, Actions& out)
{
    const auto* found = by_key_.find(cancelled_key(cryptography_, cancel));
    if (found == nullptr) return false;
    const auto id = *found;
    auto* server = servers_.find(id);
    if (server == nullptr || !std::holds_alternative<InviteServer>(server->machine) || !sender.sent(*server))
        return false;
    if (sender.flow != server->flow) { // that one has gone: what the CANCEL brings about is waited for here
        leave_flow(*server);
        server->flow = sender.flow;
        enter_flow(id);
    }
    answer_cancel(cancel, sender.flow, 200, out); // before the 487 that it may bring about
    if (!server->answered) user_.on_cancel(id, cancel, now, out);
    return true;
}

void Layer::answer_cancel(const Message& cancel, FlowId flow, int status, Actions& out)
{
    const auto tag = own_tag(cryptography_, cancelled_key(cryptography_, cancel));
    out.push_back(Send{flow, reply(cancel, status, tag).write(), {}});
}

void Layer::refuse(FlowId flow, const Message& request, Actions& out)
{
    auto refusal = reply(request, 503, forgotten_tag(cryptography_, server_key(cryptography_, request)));
    refusal.set(Header::retry_after, std::to_string(retry_after(cryptography_)));
    user_.on_refusal();
    out.push_back(Send{flow, refusal.write(), {}});
}

void Layer::receive_request(Flow& flow, MessagePtr request, TimePoint now, Actions& out)
{
    if (request->method == Method::ack) {
        const auto key = server_key(cryptography_, *request);
        if (match_ack(key, {flow.id, flow.parties}, now, out)) return;
        if (is_forgotten_tag(request->to.tag(), cryptography_, key)) return;
        return user_.on_ack(std::move(request), flow, now, out);
    }
    if (request->method == Method::cancel && !request->defect) {
        if (!match_cancel(*request, {flow.id, flow.parties}, now, out))
            offer_to_others({self_.worker, std::move(request), flow.id, flow.parties}, out);
        return;
    }
    const auto key = server_key(cryptography_, *request);
    if (const auto* known = by_key_.find(key); known != nullptr) return repeat(*known, flow, out);
    if (has_too_many(flow, *request)) return refuse(flow.id, *request, out);
    const auto method = request->method;
    const bool invite = method == Method::invite;
    const auto places = static_cast<std::uint32_t>(1 + request->body.size() / body_of_a_place);
    const auto id = servers_.emplace(Server{
        .key = key,
        .flow = flow.id,
        .transport = flow.transport,
        .method = method,
        .request = std::move(request),
        .machine = invite ? std::variant<InviteServer, NonInviteServer>{InviteServer{now}} : NonInviteServer{now},
        .timer = {},
        .party = {},
        .context = {},
        .began = now,
        .places = places,
        .of_subscriber = flow.authenticated() && !flow.foreign()});
    by_key_.insert(key, id);
    enter_flow(id);
    auto* server = servers_.find(id);
    rearm(server->timer, server_timer, id, deadline_of(server->machine));
    user_.on_request(id, flow, now, out);
}

void Layer::receive_response(MessagePtr response, const Sender& sender, bool handed_over, TimePoint now, Actions& out)
{
    const auto branch = read_branch(cryptography_, response->vias.front().branch());
    if (!branch || (branch->worker != self_.worker && (handed_over || branch->worker >= self_.workers))) {
        ++strays; // RFC 6026 6: not forwarded
        return;
    }
    if (branch->worker != self_.worker) {
        out.push_back(HandOver{branch->worker, std::move(response), sender.flow,
                               std::vector<Party>(sender.parties.begin(), sender.parties.end())});
        return;
    }
    const auto id = branch->transaction;
    auto* client = clients_.find(id);
    const auto may_answer = [&] {
        return sender.flow == client->flow || std::ranges::count(sender.parties, client->receiver) != 0;
    };
    if (client == nullptr || client->method != response->cseq.method ||
        !may_answer()) { // also the answer to our CANCEL
        ++strays;
        return;
    }
    if (sender.flow != client->flow) move(id, sender.flow); // RFC 3261 18.2.2, and what follows must not go there
    const int status = response->status;
    bool pass_up = false;
    bool acknowledge = false;
    if (auto* invite = std::get_if<InviteClient>(&client->machine)) {
        using Event = InviteClient::Event;
        const auto act = invite->on(status < 200   ? Event::provisional
                                    : status < 300 ? Event::success
                                                   : Event::failure,
                                    now);
        acknowledge = act == InviteClient::Action::ack_and_pass_up;
        pass_up = acknowledge || act == InviteClient::Action::pass_up;
    } else {
        auto& other = std::get<NonInviteClient>(client->machine);
        using Event = NonInviteClient::Event;
        pass_up = other.on(status < 200 ? Event::provisional : Event::final, now) == NonInviteClient::Action::pass_up;
    }
    if (acknowledge) acknowledge_failure(*client, *response, out);
    rearm(client->timer, client_timer, id, deadline_of(client->machine));
    if (pass_up) user_.on_response(id, std::move(response), now, out);
    client = clients_.find(id);
    if (client == nullptr) return;
    if (status >= 200) client->sent.forget_all(); // neither CANCEL nor ACK repeats it any more
    if (terminated(client->machine)) end_client(id);
}

void Layer::acknowledge_failure(const Client& client, const Message& response, Actions& out)
{
    auto ack = Outbound::request(Method::ack, client.sent.request_uri, client.receiver.receiver());
    ack.set(Header::via, client.sent.via);
    if (!client.sent.route.empty()) ack.set(Header::route, client.sent.route);
    ack.set(Header::max_forwards, "30");
    ack.set(Header::from, client.sent.from);
    ack.set(Header::to, as_written(response.to));
    ack.set(Header::call_id, client.sent.call_id);
    ack.set(Header::cseq, std::to_string(client.sent.cseq) + " ACK");
    out.push_back(Send{client.flow, ack.write(), {}});
}

/// RFC 3261 26.3.2.4: or ACKs that are left out would fill the memory. Inside a dialog, whose To tag its ACK repeats,
/// it would be taken for one to a 2xx; whoever is proven on the flow has a bound.
bool Layer::forgets(const Server& server, int status)
{
    const bool answered_in_vain = status >= 300 && !server.party && !server.context;
    return answered_in_vain && (!server.of_subscriber || server.request->to.tag().empty());
}

void Layer::respond(SlotId id, int status, std::string bytes, TimePoint now, Actions& out)
{
    auto* server = servers_.find(id);
    if (server == nullptr) return;
    bool send = false;
    if (auto* invite = std::get_if<InviteServer>(&server->machine)) {
        using Event = InviteServer::Event;
        const auto act = invite->on(status < 200   ? Event::provisional
                                    : status < 300 ? Event::success
                                                   : Event::failure,
                                    now);
        send = act == InviteServer::Action::send;
    } else {
        using Event = NonInviteServer::Event;
        const auto act =
            std::get<NonInviteServer>(server->machine).on(status < 200 ? Event::provisional : Event::final, now);
        send = act == NonInviteServer::Action::send;
    }
    if (status >= 200) server->answered = true;
    if (status > 100 && !std::exchange(server->heard, true))
        answer_times.record(server->method, status, now - server->began);
    if (std::holds_alternative<InviteServer>(server->machine)) {
        forget(server->latest);
        if (status < 200 || status >= 300) server->latest = bytes;
    }
    // Of an INVITE more is to come over its flow: a CANCEL, an ACK, or nothing ever again, when it ends.
    const bool forgotten = forgets(*server, status);
    const bool awaits =
        std::holds_alternative<InviteServer>(server->machine) && (status < 200 || status >= 300) && !forgotten;
    // Where nobody was asked, nobody wants it.
    const bool wanted = server->party.foreign() && server->context && status > 100 && status < 300;
    if (send) out.push_back(Send{server->flow, std::move(bytes), {pack(server_ticket, id)}, awaits, wanted});
    if (forgotten || terminated(server->machine)) return end_server(id, now, out);
    rearm(server->timer, server_timer, id, deadline_of(server->machine));
}

void Layer::prove(SlotId id, Party party)
{
    auto* server = servers_.find(id);
    if (server == nullptr) return;
    if (!counts(*server)) places_ += server->places;
    server->party = std::move(party);
}

SlotId Layer::open_client(FlowId flow, Party receiver, Method method, SlotId context, std::uint32_t branch,
                          TimePoint now)
{
    const bool invite = method == Method::invite;
    const auto id = clients_.emplace(Client{
        .flow = flow,
        .receiver = std::move(receiver),
        .method = method,
        .sent = {},
        .machine = invite ? std::variant<InviteClient, NonInviteClient>{InviteClient{now}} : NonInviteClient{now},
        .timer = {},
        .context = context,
        .branch = branch});
    auto* client = clients_.find(id);
    enter(clients_, id, on_flow_[flow].client);
    rearm(client->timer, client_timer, id, deadline_of(client->machine));
    return id;
}

std::string Layer::branch_for(SlotId client, const Message& request)
{
    return make_branch(cryptography_, {self_.worker, client}, request);
}

std::string Layer::branch_for(SlotId client) { return make_branch(cryptography_, {self_.worker, client}); }

void Layer::send(SlotId id, Sent sent, std::string bytes, Actions& out)
{
    auto* client = clients_.find(id);
    if (client == nullptr) return;
    client->sent = std::move(sent);
    const bool wanted = client->receiver.foreign() && client->branch != of_a_probe;
    out.push_back(Send{client->flow, std::move(bytes), {pack(client_ticket, id)}, true, wanted});
}

void Layer::cancel(SlotId id, FlowId flow, std::string_view reason, TimePoint now, Actions& out)
{
    const auto* client = clients_.find(id);
    if (client == nullptr || client->method != Method::invite) return;
    if (flow != client->flow) move(id, flow);
    auto cancel = Outbound::request(Method::cancel, client->sent.request_uri, client->receiver.receiver());
    cancel.set(Header::via, client->sent.via);
    if (!client->sent.route.empty()) cancel.set(Header::route, client->sent.route);
    cancel.set(Header::max_forwards, "30");
    cancel.set(Header::from, client->sent.from);
    cancel.set(Header::to, client->sent.to);
    cancel.set(Header::call_id, client->sent.call_id);
    cancel.set(Header::cseq, std::to_string(client->sent.cseq) + " CANCEL");
    if (!reason.empty()) cancel.set(Header::reason, reason);
    out.push_back(Send{flow, cancel.write(), {pack(cancel_ticket, id)}, true});
    set_timer(cancelled_timer, id, now + no_answer);
}

void Layer::give_up(SlotId id, SlotId context, std::uint32_t branch, TimePoint now)
{
    auto* client = clients_.find(id);
    if (client == nullptr) return;
    client->context = context;
    client->branch = branch;
    set_timer(cancelled_timer, id, now + no_answer);
}

void Layer::abandon(SlotId client) { end_client(client); }

void Layer::undeliverable(SlotId id, TimePoint now, Actions& out)
{
    if (clients_.find(id) == nullptr) return;
    user_.on_no_answer(id, true, now, out);
    end_client(id);
}

void Layer::flow_closed(FlowId flow, TimePoint now, Actions& out)
{
    const auto on = on_flow_.find(flow);
    if (on == on_flow_.end()) return;
    std::vector<SlotId> unheard;
    along(clients_, on->second.client, [&](SlotId id, const Client& client) {
        const auto* invite = std::get_if<InviteClient>(&client.machine);
        const bool silent = invite != nullptr
                                ? invite->state() == InviteClient::State::calling
                                : std::get<NonInviteClient>(client.machine).state() == NonInviteClient::State::trying;
        if (silent) unheard.push_back(id);
    });
    for (const auto id : unheard) undeliverable(id, now, out);
    // The ACK would have come over it. Beside RFC 3261 17.2.1: an INVITE that is asked for anew begins anew.
    std::vector<SlotId> unacknowledged;
    const auto left = on_flow_.find(flow); // also those that have failed just now
    if (left == on_flow_.end()) return;
    along(servers_, left->second.server, [&](SlotId id, const Server& server) {
        const auto* invite = std::get_if<InviteServer>(&server.machine);
        if (invite != nullptr && invite->state() == InviteServer::State::completed) unacknowledged.push_back(id);
    });
    for (const auto id : unacknowledged) end_server(id, now, out);
}

bool Layer::waits_on(FlowId flow)
{
    const auto on = on_flow_.find(flow);
    bool waits = false;
    if (on != on_flow_.end())
        along(servers_, on->second.server, [&](SlotId, const Server& server) { waits = waits || !server.answered; });
    return waits;
}

std::vector<SlotId> Layer::contexts_on(FlowId flow)
{
    std::vector<SlotId> contexts;
    const auto on = on_flow_.find(flow);
    if (on == on_flow_.end()) return contexts;
    const auto note = [&](SlotId, const auto& transaction) {
        if (transaction.context) contexts.push_back(transaction.context);
    };
    along(clients_, on->second.client, note);
    along(servers_, on->second.server, note);
    std::ranges::sort(contexts);
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    return contexts;
}

TimerHandle Layer::set_timer(std::uint8_t kind, SlotId id, TimePoint when)
{
    return timers_.schedule(when, {pack(kind, id)});
}

void Layer::rearm(TimerHandle& timer, std::uint8_t kind, SlotId id, TimePoint deadline)
{
    if (timer) timers_.cancel(timer);
    timer = deadline == TimePoint::max() ? TimerHandle{} : set_timer(kind, id, deadline);
}

void Layer::server_deadline(SlotId id, TimePoint now, Actions& out)
{
    auto* server = servers_.find(id);
    if (server == nullptr) return;
    server->timer = {};
    auto* other = std::get_if<NonInviteServer>(&server->machine);
    if (other == nullptr || other->on_deadline(now) != NonInviteServer::Action::send_trying)
        return end_server(id, now, out);
    out.push_back(Send{server->flow, reply(*server->request, 100, {}).write(), {}});
    rearm(server->timer, server_timer, id, other->deadline());
}

void Layer::on_deadline(TimePoint now, Actions& out)
{
    while (const auto due = timers_.pop_due(now)) {
        const auto [kind, id] = unpack(due->value);
        if (kind >= first_user_timer) {
            user_.on_user_timer(kind, id, now, out);
        } else if (kind == server_timer) {
            server_deadline(id, now, out);
        } else if (auto* client = clients_.find(id); client != nullptr) {
            if (kind == client_timer) client->timer = {};
            const auto* invite = std::get_if<InviteClient>(&client->machine);
            const bool accepted = invite != nullptr && invite->state() == InviteClient::State::accepted;
            if (kind == cancelled_timer && accepted) continue;
            if (!accepted) user_.on_no_answer(id, false, now, out);
            end_client(id);
        }
    }
}

void Layer::end_server(SlotId id, TimePoint now, Actions& out)
{
    auto* server = servers_.find(id);
    if (server == nullptr) return;
    if (server->timer) timers_.cancel(server->timer);
    by_key_.erase(server->key);
    leave_flow(*server);
    user_.on_server_end(id, now, out);
    servers_.erase(id);
}

/// Requests inside a dialog have as many places again: whoever has begun too much can go on with it, and end it. So
/// have calls for help while nobody is proven; somebody proven always has one.
bool Layer::has_too_many(const Flow& flow, const Message& request) const
{
    const auto found = on_flow_.find(flow.id);
    const std::uint64_t of_flow = found == on_flow_.end() ? 0 : found->second.places;
    const bool of_many = std::ranges::any_of(flow.parties, &Party::foreign); // a peer's or a gateway's
    const auto filled = [&](std::uint64_t times) {
        const auto most = std::uint64_t{most_of_flow_} * times;
        return (of_flow >= most && !of_many) || places_ >= most * flows_of_all;
    };
    if (!filled(1)) return false;
    const bool for_help = user_.passes_limits(request);
    if (for_help && flow.authenticated()) return false;
    return (request.to.tag().empty() && !for_help) || filled(2);
}

void Layer::enter_flow(SlotId id)
{
    const auto& server = *servers_.find(id);
    auto& flow = on_flow_[server.flow];
    enter(servers_, id, flow.server);
    flow.places += server.places;
    if (counts(server)) places_ += server.places;
}

void Layer::move(SlotId id, FlowId flow)
{
    auto* client = clients_.find(id);
    leave_flow(*client);
    client->flow = flow;
    enter(clients_, id, on_flow_[flow].client);
}

void Layer::leave_flow(const Server& server)
{
    const auto flow = on_flow_.find(server.flow);
    leave(servers_, server, flow->second.server);
    flow->second.places -= server.places;
    if (counts(server)) places_ -= server.places;
    if (flow->second.nothing()) on_flow_.erase(flow);
}

void Layer::leave_flow(const Client& client)
{
    const auto flow = on_flow_.find(client.flow);
    leave(clients_, client, flow->second.client);
    if (flow->second.nothing()) on_flow_.erase(flow);
}

void Layer::end_client(SlotId id)
{
    auto* client = clients_.find(id);
    if (client == nullptr) return;
    if (client->timer) timers_.cancel(client->timer);
    leave_flow(*client);
    clients_.erase(id);
}

} // namespace sotto::transaction
