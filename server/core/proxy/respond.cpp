#include "core/proxy/proxy.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/privacy/reply.hpp"
#include "core/proxy/session_timer.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sotto {
namespace {

constexpr std::string_view completed_elsewhere = "SIP;cause=200;text=\"Call completed elsewhere\""; ///< RFC 3326
constexpr seconds timer_c_interval{181};

bool carries_contact(int status, Method method)
{
    return status < 300 && (method == Method::invite || method == Method::update || method == Method::refer ||
                            method == Method::subscribe);
}

/// RFC 3262 7.1: of a provisional response.
std::optional<std::uint32_t> rseq_in(const Message& response)
{
    if (response.status <= 100 || response.status >= 200) return std::nullopt;
    const auto text = response.field(Header::rseq).value_or(std::string_view{});
    std::uint32_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// A redirection may bring a call that was to leave over a route back inside: that route did not carry it.
bool carried_as_dialled(const ResponseContext& context, const Branch& branch)
{
    return !context.outside || branch.target.party.foreign();
}

} // namespace

void Proxy::response(SlotId client_id, MessagePtr response, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(client_id);
    if (probe_answered(*client, now) || ours_answered(*client, *response, now, out) ||
        given_up_answered(*client, *response, out))
        return;
    const auto context_id = client->context;
    const auto index = client->branch;
    auto* context = contexts_.find(context_id);
    if (context == nullptr) { // the caller's transaction is over: RFC 6026 6, not forwarded
        ++env_.counters.strays;
        return;
    }
    auto& branch = context->branches[index];
    if (branch.target.flow != client->flow) follow_flow(*context, branch, *response, client->flow);
    const int status = response->status;
    if (client->method == Method::invite && answers_beside(*context, index, *response))
        return hang_up_beside(*context, branch, *response, now, out);
    if (context->shed) return repeat_accepted(*context, index, status, now, out);
    if (status >= 300) return failed(context_id, index, status, std::move(response), now, out);
    if (status >= 200 && branch.hung_up == response->to.tag())
        return acknowledge(*context, branch, *response, now, out);
    if (status >= 200 && branch.refused) return end_refused(context_id, index, *response, now, out);
    if (status >= 200 &&
        (branch.record == Branch::Record::waits || (branch.ended && (branch.announces || context->too_weak))))
        return; // repeated meanwhile, or after we have hung up
    const bool counts = status >= 200 || (status > 100 && !branch.cancelled);
    if (client->method == Method::invite && counts && answered_too_weakly(*context, branch, *response))
        return refuse_answered(context_id, index, *response, now, out);
    if (status < 200) {
        if (branch.cancelled && !branch.cancel_sent) // 9.1: a CANCEL waits for the first provisional response
            cancel_ringing(branch, now, out);
        if (status == 100 || client->method != Method::invite) return;
        env_.layer->cancel_timer(branch.timer_c); // 16.7 step 2
        branch.timer_c = env_.layer->set_timer(timer_c, client_id, now + timer_c_interval);
        if (context->answered || branch.cancelled) return;
        auto early = answer_body(*context, branch, *response);
        if (!early && rseq_in(*response)) return refuse_early(context_id, index, early.error(), now, out);
        if (response->has(Header::rseq)) keep_proposed(*context, branch);
        if (!context->in_dialog && !context->ring_timer && status >= 180)
            context->ring_timer = env_.layer->set_timer(ring_timer, context_id, now + env_.settings->ring_timeout);
        // A body that may not pass is left out: what counts comes with the final response.
        if (branch.announces && early && !early->content.empty())
            context->announcement = ResponseContext::Announcement::heard;
        return forward_response(context_id, index, *response, early ? std::move(*early) : Body{}, now, out);
    }
    if (branch.announces) { // nobody who was called has answered
        end_answered(*context, branch, *response, 200, now, out);
        if (!branch.ended) announcement_over(context_id, index, now, out);
        return;
    }
    branch.ended = true;
    env_.layer->cancel_timer(branch.timer_c);
    const bool invite = client->method == Method::invite;
    if (context->answered && !invite) return;
    context->answered = true;
    if (invite) branch.answered = env_.cryptography.keyed_hash(Cryptography::Use::dialog, response->to.tag());
    keep_proposed(*context, branch);
    spend_referral(*context, status);
    context->waiting.clear();
    env_.layer->cancel_timer(context->ring_timer);
    env_.layer->cancel_timer(context->wake_timer);
    context->completed = true;
    cancel_branches(*context, now, out);
    const auto server_id = context->server;
    // Who hangs up has hung up when it says so, however late the other side agrees. It may have said so before the call
    // was recorded, and of another phone than the one that has answered.
    const auto* server = env_.layer->server(server_id);
    if (client->method == Method::bye) {
        if (!end_named(*context, *server->request, *branch.seal, out, now - server->began))
            hangs_up(*branch.seal, false);
    }
    auto body = answer_body(*context, branch, *response);
    const bool offered = client->method == Method::update && !server->request->body.empty();
    if (!body && (invite || offered)) { // no 488 can be said to whoever answered
        end_answered(*context, branch, *response, 488, now, out);
        if (context->in_dialog)
            end_renegotiated(*context, out);
        else if (invite && awaits_answer(*context))
            ++env_.counters.calls_failed;
        return refuse_body(server_id, body.error(), now, out);
    }
    if (invite && !context->in_dialog && comes_too_late(*context, branch, *response))
        return end_unheard(context_id, index, *response, Refusal::request_terminated, now, out);
    auto passes = body ? std::move(*body) : Body{};
    if (context->charge && carried_as_dialled(*context, branch) && branch.record == Branch::Record::none)
        return record(context_id, index, std::move(response), std::move(passes), out);
    // A repeated answer to a recorded call leaves what is known of its parties.
    if (invite && !context->in_dialog && branch.target.party.foreign() && branch.record == Branch::Record::none)
        keep_answerer(*context, branch, *response);
    forward_response(context_id, index, *response, passes, now, out);
    shed(context_id);
}

/// A description that may not pass, in a provisional response that is reliable: it counts, and is not said again (RFC
/// 3262 5). Whoever wrote it rings no longer, and its branch fails as one whose 2xx brings such a description.
void Proxy::refuse_early(SlotId id, std::size_t index, const BodyRefusal& why, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    context->refused_body = why;
    branch.refused = branch.cancelled = true;
    cancel_ringing(branch, now, out);
}

/// ... and has answered before it heard so.
void Proxy::end_refused(SlotId id, std::size_t index, const Message& ok, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    end_answered(*context, branch, ok, 488, now, out);
    if (branch.ended) return;
    if (context->in_dialog) end_renegotiated(*context, out);
    failed(id, index, 487, nullptr, now, out);
}

/// Whoever answers has lost the connection that it was asked over: its dialog goes on over the other one.
void Proxy::follow_flow(const ResponseContext& context, Branch& branch, const Message& response, FlowId flow)
{
    branch.target.flow = flow;
    branch.gone = false;
    if (!branch.seal) return;
    const auto responder = other(context.role);
    const auto dialog = branch.seal->hash();
    const auto id = id_of_remote(response.to.tag(), responder, dialog);
    auto kept = env_.dialogs.handle(id);
    if (!kept) return;
    kept->flow = flow;
    env_.dialogs.keep(dialog, branch.seal->epoch(), id, *std::move(kept), branch.seal->holder(responder));
}

/// A proxy behind this branch has rung several phones, and another one of them has answered already.
bool Proxy::answers_beside(const ResponseContext& context, std::size_t index, const Message& response) const
{
    const auto& answered = context.branches[index].answered;
    return response.status >= 200 && response.status < 300 && !context.in_dialog && answered != KeyedHash{} &&
           answered != env_.cryptography.keyed_hash(Cryptography::Use::dialog, response.to.tag());
}

/// Beside RFC 3261 16.7 step 5, whose caller would do this itself (13.2.2.4): both dialogs are one here, and the end of
/// the one would be that of the other.
void Proxy::hang_up_beside(const ResponseContext& context, const Branch& branch, const Message& ok, TimePoint now,
                           Actions& out)
{
    auto to = answerer(context, branch, ok);
    auto view = view_of_bye(ok, 200); // completed elsewhere
    if (context.shed && to.device) {  // where it was called is forgotten, and the Path that leads there
        const auto device = to.device;
        return look_up_for_bye(device, {.to = std::move(to), .view = std::move(view), .acknowledges = ok.cseq.number},
                               out);
    }
    if (to.uri.empty()) return; // it names no Contact, and where it was called is forgotten
    acknowledge(context, branch, ok, now, out);
    send_ours({.method = Method::bye, .to = std::move(to), .view = std::move(view)}, now, out);
}

/// A 2xx that the callee repeats until the ACK reaches it (RFC 3261 13.3.1.4): the caller may have lost its connection.
void Proxy::repeat_accepted(const ResponseContext& context, std::size_t index, int status, TimePoint now, Actions& out)
{
    if (status < 200 || status >= 300 || index != context.accepted_branch || context.accepted.bytes.empty()) return;
    env_.layer->respond(context.server, status, env_.cryptography.open_in_memory(context.accepted.bytes), now, out);
}

/// The Accepted state of RFC 6026 lasts 32 s, but once every branch has ended nothing of the call is needed in the
/// clear any more (DESIGN.md P9): what may have to be repeated waits sealed.
void Proxy::shed(SlotId id)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->shed || context->accepted.bytes.empty()) return;
    if (std::ranges::any_of(context->branches,
                            [](const Branch& b) { return !b.ended || b.record == Branch::Record::waits; }))
        return;
    context->shed = true;
    context->charge.reset();
    env_.layer->server(context->server)->request.reset();
    forget(context->aor);
    forget(context->receiver_tag);
    forget(context->receiver_call_id);
    forget(context->quotes);
    forget(context->public_gruu);
    forget(context->cancel_reason);
    if (context->outside)
        for (auto* text :
             {&context->outside->aor, &context->outside->number, &context->outside->service, &context->outside->former})
            forget(*text);
    context->best.reset();
    context->sender_target.binding = context->sender_target.device();
    context->sender_target.handle.reset();
    for (auto& branch : context->branches) {
        forget(branch.target.uri);
        forget(branch.target.route);
        forget(branch.target.address);
        forget(branch.called);
        forget(branch.to);
        if (branch.hung_up) forget(*branch.hung_up);
        forget(branch.other_flows);
        if (branch.seal) branch.seal->forget_texts();
    }
}

void Proxy::refuse_body(SlotId id, const BodyRefusal& refusal, TimePoint now, Actions& out)
{
    const auto* server = env_.layer->server(id);
    if (server == nullptr || refusal.explanation.empty()) return env_.refuse(id, refusal.refusal, now, out);
    const auto verdict = verdict_of(refusal.refusal);
    auto reply = env_.own_reply(*server, verdict.status);
    reply.reason(verdict.reason);
    reply.set(
        Header::warning,
        std::string{"399 "}.append(env_.domains().first()).append(" \"").append(refusal.explanation).append("\""));
    env_.refusals.count(refusal.refusal);
    env_.answer(id, verdict.status, reply, now, out);
}

void Proxy::forward_response(SlotId id, std::size_t index, const Message& response, const Body& body, TimePoint now,
                             Actions& out)
{
    auto* context = contexts_.find(id);
    const auto* server = env_.layer->server(context->server);
    if (server == nullptr) return;
    const Message& request = *server->request;
    auto& branch = context->branches[index];
    const auto responder = other(context->role);
    const auto tag = request.to.tag().empty()
                         ? branch.seal->tag(responder, context->tag(response.to.tag(), branch.target.party))
                         : std::string{};
    if (context->unnamed && !tag.empty() && response.status < 300 && request.method == Method::invite)
        note_sender(*branch.seal, tag, context->sender.account());
    if (!tag.empty() && response.status < 300 && response.has(Header::privacy)) {
        const auto wish = privacy_wish(response); // of the connected line; the response itself shows nobody
        auto kept = branch.seal->callee_privacy();
        if (wish.withhold() || wish.none) kept.withheld = wish.withhold();
        kept.session = kept.session || wish.session;
        branch.session = kept.session;
        if (kept.withheld || kept.session) branch.seal->keep_callee_privacy(kept);
    }
    auto message = reply(request, response.status, tag, context->sender.receiver());
    message.from(response);
    env_.dropped.count(response, context->sender.receiver());
    mark_answer(message, *context, branch, request, response);
    // RFC 6141 4.7: inside a dialog a provisional response that may be lost changes no target.
    const bool may_refresh = !context->in_dialog || response.status >= 200 || rseq_in(response);
    // RFC 3261 12.1.1: the caller needs one to acknowledge and to hang up, whether the phone that answers knows or not.
    const bool begins = !context->in_dialog && (response.status >= 200 || rseq_in(response));
    if (carries_contact(response.status, request.method) && (begins || !response.contacts.empty()) && may_refresh)
        message.set(Header::contact, {"<", responder_contact(*context, request, branch, response), ">"});
    if (const auto number = rseq_in(response))
        message.set(Header::rseq, std::to_string(branch.seal->rseq(responder, *number)));
    ask_caller_to_refresh(message, request, response, context->charge != nullptr);
    if (!body.content.empty()) message.body(body.content_type, body.content);
    auto bytes = message.write();
    if (response.status >= 200 && response.status < 300 && request.method == Method::invite) {
        if (!context->in_dialog && awaits_answer(*context)) ++env_.counters.calls_answered;
        context->accepted = {env_.cryptography.seal_in_memory(bytes)};
        context->accepted_branch = index;
        if (server->party.foreign()) keep_way_back(*context, request);
    }
    env_.layer->respond(context->server, response.status, std::move(bytes), now, out);
}

std::string Proxy::responder_contact(ResponseContext& context, const Message& request, Branch& branch,
                                     const Message& response)
{
    auto& seal = *branch.seal;
    const auto responder = other(context.role);
    const auto& target = branch.target;
    auto id = target.id;
    const RegisteredDevice called{id, target.party.account()};
    const auto* server = env_.layer->server(context.server);
    auto uri = response.contacts.empty() ? std::string{} : request_uri_of(response.contacts.front().uri);
    // No Contact, or none that a request can go to: here the responder was reached.
    if (uri.empty()) uri = target.uri.empty() ? branch.called : target.uri;
    // RFC 3261 12.1.2: the route set is fixed when the dialog begins. Behind an edge its Path leads there instead.
    auto route = target.by_path      ? std::string{}
                 : context.in_dialog ? target.route
                                     : route_value(response.record_routes, true);
    // What was kept for another dialog, and led here, goes when that ends.
    const bool of_another = !context.in_dialog && id != target.device;
    const bool elsewhere = target.party.foreign() || !route.empty() || of_another ||
                           (uri != target.uri && device_named_by(response.contacts.front(), target.party.account(),
                                                                 std::span{&called, 1}) != id);
    if (elsewhere) {
        const auto dialog = seal.hash();
        const auto handle = id_of_remote(response.to.tag(), responder, dialog);
        RemoteTarget remote{.uri = std::move(uri), .route = std::move(route)};
        if (target.party.foreign()) {
            remote.address = context.in_dialog ? target.address : branch.to;
            remote.next_hop = target.next_hop;
        }
        env_.dialogs.keep(dialog, seal.epoch(), handle,
                          {.party = target.party,
                           .flow = target.flow,
                           .device = target.device,
                           .transport = target.transport,
                           .contact = {env_.cryptography.seal_in_memory(remote.pack())}},
                          seal.holder(responder));
        id = handle;
    }
    return target_uri(seal, responder, id, context.sender, server->transport, request.request_uri.scheme);
}

void Proxy::cancel_branches(ResponseContext& context, TimePoint now, Actions& out)
{
    for (auto& branch : context.branches) {
        if (branch.ended || branch.cancelled) continue;
        branch.cancelled = true;
        branch.ended = branch.connects(); // RFC 3261 9.1, 16.10: nothing was sent that a CANCEL could end
        const auto* client = env_.layer->client(branch.client);
        if (branch.ended || client == nullptr || !client->proceeding()) continue;
        cancel_ringing(branch, now, out);
    }
}

/// A phone of ours may ring on over another connection than the one over which it was rung, which may also hang in the
/// air: it is where it has registered last.
void Proxy::cancel_ringing(Branch& branch, TimePoint now, Actions& out)
{
    branch.cancel_sent = true;
    if (branch.target.device)
        out.push_back(Find{ticket_for(Waiting::cancel, branch.client), branch.target.device});
    else
        found_for_cancel(branch.client, {}, now, out);
}

void Proxy::found_for_cancel(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(id);
    if (client == nullptr || !client->proceeding()) return;
    const bool stays = flows.empty() || std::ranges::count(flows, client->flow, &Binding::flow) != 0;
    const auto flow = stays ? client->flow : flows.front().flow;
    if (client->branch != transaction::Layer::of_one_given_up) {
        const auto* context = contexts_.find(client->context);
        const auto reason = context == nullptr   ? std::string_view{}
                            : context->completed ? completed_elsewhere
                                                 : std::string_view{context->cancel_reason};
        return env_.layer->cancel(id, flow, reason, now, out);
    }
    if (!stays) cancel_given_up(id, flow, now, out);
}

void Proxy::cancel_given_up(SlotId id, FlowId flow, TimePoint now, Actions& out)
{
    auto* untold = untold_.find(env_.layer->client(id)->context);
    if (untold == nullptr || std::exchange(untold->told, true)) return;
    env_.layer->cancel(id, flow, untold->cause == 200 ? completed_elsewhere : std::string_view{}, now, out);
}

/// Nobody need wait for a phone of ours that is between two connections, nor for another domain that is connected to
/// anew. Inside a dialog there is nobody else to try, and both sides are to agree on what has become of the request.
void Proxy::cancel_undeliverable(SlotId client_id, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(client_id);
    if (client == nullptr || !client->proceeding() || client->branch == transaction::Layer::of_one_given_up) return;
    const auto id = client->context;
    const auto index = client->branch;
    const auto* context = contexts_.find(id);
    if (context == nullptr || context->in_dialog) return;
    const auto& branch = context->branches[index];
    if (!branch.target.device && !branch.target.party.foreign()) return;
    give_up(*context, branch, now, out);
    failed(id, index, 408, nullptr, now, out);
}

/// For 32 s it is known what the phone is to hear once it can be reached, and what becomes of its answer.
void Proxy::give_up(const ResponseContext& context, const Branch& branch, TimePoint now, Actions& out)
{
    const auto device = branch.target.device;
    const auto id = untold_.emplace(Untold{.client = branch.client,
                                           .device = device,
                                           .next_hop = branch.target.next_hop,
                                           .transport = branch.target.transport,
                                           .cause = context.completed ? 200 : 487});
    env_.layer->set_timer(untold_timer, id, now + transaction::no_answer);
    env_.layer->give_up(branch.client, id, transaction::Layer::of_one_given_up, now);
    if (branch.target.party.foreign()) return connect_for_cancel(context, branch, out);
    await(device, ticket_for(Waiting::cancel, branch.client), out);
    out.push_back(Find{ticket_for(Waiting::cancel, branch.client), device}); // it may have come just now
}

void Proxy::forget_untold(SlotId id, Actions& out)
{
    const auto* untold = untold_.find(id);
    if (untold == nullptr) return;
    if (untold->device) await_no_more(untold->device, ticket_for(Waiting::cancel, untold->client), out);
    untold_.erase(id);
}

void Proxy::await(BindingId device, Ticket ticket, Actions& out)
{
    awaited_.emplace(device, ticket);
    env_.watch(device, out);
}

void Proxy::await_no_more(BindingId device, Ticket ticket, Actions& out)
{
    const auto [from, to] = awaited_.equal_range(device);
    const auto awaited = std::find_if(from, to, [&](const auto& one) { return one.second == ticket; });
    if (awaited == to) return;
    awaited_.erase(awaited);
    env_.watch_no_more(device, out);
}

void Proxy::binding_changed(BindingId device, Actions& out)
{
    const auto [from, to] = awaited_.equal_range(device);
    for (auto at = from; at != to; ++at) out.push_back(Find{at->second, device});
}

/// True when nobody waits for that answer any more.
bool Proxy::given_up_answered(const transaction::Client& client, const Message& response, Actions& out)
{
    if (client.branch != transaction::Layer::of_one_given_up) return false;
    const auto id = client.context;
    const auto* untold = untold_.find(id);
    if (untold == nullptr || response.status < 200) return true;
    if (response.status < 300) hang_up_late(*untold, client, response, out);
    forget_untold(id, out);
    return true;
}

void Proxy::end_calls(TimePoint now, Actions& out)
{
    contexts_.for_each([&](SlotId, ResponseContext& context) {
        const auto* server = env_.layer->server(context.server);
        if (server == nullptr || server->method != Method::invite || context.in_dialog || context.answered) return;
        context.answered = true;
        context.waiting.clear();
        cancel_branches(context, now, out);
        for (const auto& branch : context.branches)
            if (branch.seal) end_dialog(*branch.seal, out);
        env_.refuse(context.server, context.cancelled ? Refusal::request_terminated : Refusal::overloaded, now, out);
    });
}

/// A request whose two sides are both gone is nobody's any more (DESIGN.md P9).
void Proxy::flow_closed(FlowId flow, TimePoint now, Actions& out)
{
    for (const auto id : env_.layer->contexts_on(flow)) {
        auto* context = contexts_.find(id);
        const auto* server = context == nullptr ? nullptr : env_.layer->server(context->server);
        if (server == nullptr) continue;
        for (auto& branch : context->branches)
            if (const auto* client = env_.layer->client(branch.client);
                branch.cancel_sent && !branch.ended && client != nullptr && client->flow == flow)
                cancel_ringing(branch, now, out); // the CANCEL may not have reached it
        if (context->answered) continue;
        if (server->flow == flow) context->sender_gone = flow;
        for (auto& branch : context->branches)
            if (branch.target.flow == flow && branch.other_flows.empty()) branch.gone = true;
        const bool alone = context->waiting.empty() && context->look_ups == 0 && context->asleep == 0 &&
                           std::ranges::all_of(context->branches, [](const Branch& b) { return b.ended || b.gone; });
        if (context->sender_gone != server->flow || !alone) continue;
        for (auto& branch : context->branches)
            if (!std::exchange(branch.ended, true)) env_.layer->abandon(branch.client);
        env_.layer->end_server(context->server, now, out);
    }
}

void Proxy::response_undeliverable(SlotId server_id, std::string bytes, Actions& out)
{
    const auto* server = env_.layer->server(server_id);
    const auto* context = server != nullptr ? contexts_.find(server->context) : nullptr;
    if (context == nullptr || server->method == Method::register_) return;
    const auto device = context->sender_target.device();
    // RFC 3261 18.2.2. Only for an answer that somebody here has given: nobody else is to make us connect anywhere.
    const bool answered = server->party.foreign() && !context->accepted.bytes.empty();
    if (!device && !answered) return;
    if (context->homeless) return; // its latest one waits already
    const auto waiting = homeless_.emplace(Homeless{server_id, server->flow, std::move(bytes)});
    if (answered) return connect_back(waiting, *context, server->party, out);
    out.push_back(Find{ticket_for(Waiting::caller_flow, waiting), device});
}

/// A caller that is between two connections is told how its call stands, for as long as the transaction lasts.
void Proxy::await_caller(SlotId id, Actions& out)
{
    auto* waiting = homeless_.find(id);
    const auto* server = env_.layer->server(waiting->server);
    auto* context = server != nullptr ? contexts_.find(server->context) : nullptr;
    if (context != nullptr && context->homeless == id) return;
    const bool said = context != nullptr && (!server->latest.empty() || !context->accepted.bytes.empty());
    if (!said || context->homeless) return forget_homeless(id, out);
    context->homeless = id;
    forget(waiting->bytes);
    waiting->device = context->sender_target.device();
    await(waiting->device, ticket_for(Waiting::caller_flow, id), out);
    out.push_back(Find{ticket_for(Waiting::caller_flow, id), waiting->device}); // it may have come just now
}

std::string Proxy::latest_response(SlotId id)
{
    const auto* server = env_.layer->server(id);
    const auto* context = server != nullptr ? contexts_.find(server->context) : nullptr;
    if (context == nullptr) return {};
    const auto& accepted = context->accepted.bytes;
    return accepted.empty() ? server->latest : env_.cryptography.open_in_memory(accepted);
}

void Proxy::forget_homeless(SlotId id, Actions& out)
{
    const auto* waiting = homeless_.find(id);
    if (waiting == nullptr) return;
    if (waiting->device) await_no_more(waiting->device, ticket_for(Waiting::caller_flow, id), out);
    if (const auto* server = env_.layer->server(waiting->server); server != nullptr)
        if (auto* context = contexts_.find(server->context); context != nullptr && context->homeless == id)
            context->homeless = {};
    homeless_.erase(id);
}

} // namespace sotto
