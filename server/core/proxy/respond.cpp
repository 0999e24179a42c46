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
constexpr std::uint32_t most_redirections = 5;
constexpr seconds timer_c_interval{181};

bool carries_contact(int status, Method method)
{
    return status < 300 && (method == Method::invite || method == Method::update || method == Method::refer ||
                            method == Method::subscribe);
}

/// Failures that say only that somebody is not there, or that the phone and Sotto alone are concerned with: outside a
/// dialog all of them become the one answer for who is not there (DESIGN.md P10).
bool means_not_there(int status)
{
    constexpr std::array<int, 10> statuses{401, 404, 407, 408, 410, 430, 480, 481, 503, 604};
    return std::ranges::find(statuses, status) != statuses.end();
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

/// A BYE ends the call where nobody knows of it, or nobody is there to hang up (RFC 3261 15.1.1). Any other refusal
/// leaves the call as it was, and the bill: with a CSeq of the past its sender could end both by itself.
bool hung_up(int status, bool answered)
{
    return status == 481 || status == 408 || status == 430 || (status == 503 && !answered);
}

/// RFC 3261 12.2.1.2. Of a PRACK it says that the response is unknown (RFC 3262 3), of a NOTIFY that the subscription
/// is (RFC 6665 4.1.3).
bool call_is_unknown(int status, Method method)
{
    return status == 481 && method != Method::prack && method != Method::notify;
}

/// RFC 5626 7: the device may be reached over another of its flows. Whatever else it answers is its answer: a 503 of
/// its own is none of the transport's (RFC 3261 16.9).
bool flow_failed(int status, bool answered) { return status == 408 || status == 430 || (status == 503 && !answered); }

/// A redirection may bring a call that was to leave over a route back inside: that route did not carry it.
bool carried_as_dialled(const ResponseContext& context, const Branch& branch)
{
    return !context.outside || branch.target.party.foreign();
}

} // namespace

void Proxy::response(SlotId client_id, MessagePtr response, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(client_id);
    if (probe_answered(*client, now) || ours_answered(*client, *response, now, out)) return;
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
    if (status >= 200 &&
        (branch.record == Branch::Record::waits || (branch.ended && (branch.announces || context->too_weak))))
        return; // repeated meanwhile, or after we have hung up
    const bool counts = status >= 200 || (status > 100 && !branch.cancelled);
    if (client->method == Method::invite && counts && answered_too_weakly(*context, branch, *response))
        return refuse_answered(context_id, index, *response, now, out);
    if (status < 200) {
        if (branch.cancelled && !branch.cancel_sent) { // 9.1: a CANCEL waits for the first provisional response
            branch.cancel_sent = true;
            env_.layer->cancel(client_id,
                               context->answered ? completed_elsewhere : std::string_view{context->cancel_reason}, now,
                               out);
        }
        if (status == 100 || client->method != Method::invite) return;
        env_.layer->cancel_timer(branch.timer_c); // 16.7 step 2
        branch.timer_c = env_.layer->set_timer(timer_c, client_id, now + timer_c_interval);
        if (context->answered || branch.cancelled) return;
        if (response->has(Header::rseq)) keep_proposed(*context, branch);
        if (!context->in_dialog && !context->ring_timer && status >= 180)
            context->ring_timer = env_.layer->set_timer(ring_timer, context_id, now + env_.settings->ring_timeout);
        // A body that may not pass is left out: nobody could be told.
        auto early = answer_body(*context, branch, *response);
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
    cancel_branches(*context, completed_elsewhere, now, out);
    const auto server_id = context->server;
    // Who hangs up has hung up when it says so, however late the other side agrees. It may have said so before the call
    // was recorded, and of another phone than the one that has answered.
    const auto* server = env_.layer->server(server_id);
    if (client->method == Method::bye) {
        if (names_its_call(*context, *server->request))
            end_dialog(*branch.seal, out, now - server->began);
        else
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
    if (invite && !context->in_dialog && comes_too_late(*context, branch))
        return end_unheard(context_id, index, *response, Refusal::request_terminated, now, out);
    if (context->charge && carried_as_dialled(*context, branch) && branch.record == Branch::Record::none)
        return record(context_id, index, std::move(response), out);
    forward_response(context_id, index, *response, body ? std::move(*body) : Body{}, now, out);
    shed(context_id);
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
    const bool elsewhere = target.party.foreign() || !route.empty() ||
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

void Proxy::no_answer(SlotId client_id, bool transport_error, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(client_id);
    if (client == nullptr || probe_failed(*client, transport_error) || ours_failed(*client)) return;
    const auto* context = contexts_.find(client->context);
    if (context == nullptr) return;
    // We have closed that connection: a 481 would have the phone that asked give up its call, and the call goes on.
    if (env_.ending && context->in_dialog && client->method != Method::bye) return;
    failed(client->context, client->branch, transport_error ? 503 : 408, nullptr, now, out); // 16.9
}

void Proxy::failed(SlotId id, std::size_t index, int status, MessagePtr response, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    env_.layer->cancel_timer(branch.timer_c);
    const auto* server = env_.layer->server(context->server);
    const auto method = server->method;
    // Given up by us, and not by the caller (16.8). Inside a dialog the 487 stays: a 408 would end it (12.2.1.2).
    if (branch.cancelled && status == 487 && !context->cancelled && !context->in_dialog) {
        status = 408;
        response.reset();
    }
    if (method == Method::invite && !context->in_dialog && branch.seal) end_dialog(*branch.seal, out);
    // Another server of the route is tried after a 503 too (RFC 3263 4.3).
    const bool answered = response != nullptr && !branch.target.party.foreign();
    if (status == 430 && answered && branch.target.device) // RFC 5626 9.3: it is stale
        out.push_back(Unbind{branch.target.device, branch.target.flow, branch.target.reg_id});
    if (flow_failed(status, answered) && !branch.other_flows.empty() && !branch.cancelled && !context->answered) {
        branch.target = std::move(branch.other_flows.front());
        branch.other_flows.erase(branch.other_flows.begin());
        branch.authorised = false; // another trunk asks for its own
        return start(id, index, now, out);
    }
    if (branch.announces) return announcement_over(id, index, now, out);
    if (response && try_credentials(id, index, *response, now, out)) return;
    // It may have come before the call was recorded, and been let through whatever it names.
    const auto of_its_call = [&] { return !context->in_dialog || names_its_call(*context, *server->request); };
    if (method == Method::bye) {
        const bool over = branch.seal && hung_up(status, response != nullptr) && of_its_call();
        if (over)
            end_dialog(*branch.seal, out, now - server->began);
        else if (branch.seal)
            hangs_up(*branch.seal, false);
        if (!over && context->sender_withheld()) // it has gone, whatever the other side says to that
            asks_no_more(*context, other(context->role), branch.target.party);
    } else if (context->in_dialog && !branch.target.party.foreign() && call_is_unknown(status, method) &&
               of_its_call()) {
        end_dialog(*branch.seal, out); // another domain may say it of a phone that is between two connections
    }
    branch.ended = true;
    if (status == 503 && response == nullptr && looks_again(*context, branch, id, out)) return;
    if (status >= 300 && status < 400 && response && !context->in_dialog && redirected(id, index, *response, now, out))
        return;
    if (rank_of(status) < rank_of(context->best_status)) {
        context->best_status = status;
        context->best = std::move(response);
        context->best_branch = index;
    }
    if (status >= 600) { // 16.7 step 5
        context->waiting.clear();
        cancel_branches(*context, {}, now, out);
    }
    branch_over(id, now, out);
}

/// A connection that had ended unnoticed says nothing of the phone: it may have come back over another one meanwhile,
/// or sleep (RFC 8599 5.6.2).
bool Proxy::looks_again(ResponseContext& context, Branch& branch, SlotId id, Actions& out)
{
    const bool one_device = context.referral || context.gruu_series != GruuSeries{};
    const bool given_up = branch.cancelled || context.over();
    if (!branch.target.device || context.in_dialog || one_device || given_up) return false;
    branch.lost = true;
    // As often as an account may have devices: whoever drops one connection after the other holds no call for ever.
    const auto looked = std::ranges::count_if(context.branches, [](const Branch& b) { return b.lost; });
    if (static_cast<std::size_t>(looked) > env_.settings->bindings_per_account) return false;
    const auto account = branch.target.party.account();
    if (context.public_gruu.empty()) context.sought.push_back({.account = account, .seems_to_sleep = {}});
    ++context.woken; // and joins those that ring
    ++context.look_ups;
    out.push_back(LookUp{ticket_for(Waiting::targets, id), aor_keys(account, env_.cryptography)});
    return true;
}

/// A 3xx is followed here, so that the caller does not learn where the callee's phone points (RFC 3261 16.7 step 4).
bool Proxy::redirected(SlotId id, std::size_t index, const Message& response, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    // Whoever called and whoever redirects may each keep it to themselves (RFC 7044 10.1).
    const bool callee_hides = privacy_wish(response).hides_history();
    const bool hidden = callee_hides || privacy_wish(*env_.layer->server(context->server)->request).hides_history();
    context->hides_callee = context->hides_callee || callee_hides;
    const auto former = hidden ? std::string{} : context->branches[index].called;
    bool any = false;
    for (const auto& contact : response.contacts) {
        if (context->redirections >= most_redirections || context->over()) break;
        const auto decision = redirected_to(*context, context->branches[index].target.party, contact.uri);
        if (redirected_outside(*context, decision, contact.uri.port, former)) {
            ++context->redirections;
            branch_over(id, now, out);
            return true;
        }
        const auto& aor = decision.aor;
        if (decision.way != Decision::Way::inside || costs_otherwise(*context, aor)) continue;
        // Whoever refuses this caller is looked for in vain, too: 433 would tell of somebody who was not called.
        const auto* account = env_.account_of(aor);
        const auto reception = received_by(account, *context, *env_.layer->server(context->server)->request, now);
        if (context->public_gruu.empty()) // else one device is meant
            context->sought.push_back(sought(reception == Reception::rings ? account : nullptr, aor));
        ++context->redirections;
        ++context->look_ups;
        any = true;
        out.push_back(LookUp{ticket_for(Waiting::targets, id), reception == Reception::rings
                                                                   ? aor_keys(account->id, env_.cryptography)
                                                                   : nobodys_keys(aor, env_.cryptography)});
    }
    return any;
}

void Proxy::branch_over(SlotId id, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context->answered) return shed(id);
    if (context->look_ups > 0) return;
    if (std::ranges::any_of(context->branches, [](const Branch& b) { return !b.ended; })) return;
    if (!context->waiting.empty()) {
        auto group = std::move(context->waiting.front());
        context->waiting.erase(context->waiting.begin());
        using enum ResponseContext::Announcement;
        if (!group.front().announces && std::exchange(context->announcement, none) == due)
            out.push_back(Report{.what = Occurrence::unannounced, .route = context->outside->route});
        env_.layer->cancel_timer(std::exchange(context->ring_timer, {}));
        return start_group(id, std::move(group), now, out);
    }
    if (context->asleep > 0 && !context->cancelled && !context->no_answer && context->best_status < 600) return;
    answer_best(id, now, out);
}

/// A body that nobody was there to receive is judged all the same: otherwise one that must be refused would ask,
/// without any phone ringing, who is there (DESIGN.md P10).
std::optional<BodyRefusal> Proxy::unseen_body(const ResponseContext& context, const Message& request) const
{
    if (request.body.empty() || request.method == Method::prack) return std::nullopt;
    DialogSeal nobodys{env_.seal_parts(), context.holder, Holder{}};
    const auto body = body_for(context, request, nobodys, context.role, context.sender, {});
    return body ? std::nullopt : std::optional{body.error()};
}

/// Nobody is there: the answer says that and no more, unless the body would have been refused by anybody.
void Proxy::refuse_unseen(SlotId id, Refusal refusal, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    const auto server = context->server;
    const auto body = unseen_body(*context, *env_.layer->server(server)->request);
    context->answered = true;
    if (body) return refuse_body(server, *body, now, out);
    env_.refuse(server, refusal, now, out);
}

void Proxy::answer_best(SlotId id, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    const auto server_id = context->server;
    const auto* server = env_.layer->server(server_id);
    const bool invite = server->method == Method::invite;
    const int status = context->best_status;
    context->answered = true;
    spend_referral(*context, status);
    env_.layer->cancel_timer(context->ring_timer);
    env_.layer->cancel_timer(context->wake_timer);
    if (invite && !context->in_dialog) ++env_.counters.calls_failed;
    if (context->cancelled && invite && status < 600)
        return env_.refuse(server_id, Refusal::request_terminated, now, out);
    if (context->too_weak) return refuse_weaker(server_id, now, out);
    // Not for silence: a phone that has gone loses its connection before its answer is given up.
    if (context->in_dialog && server->method != Method::bye && (status == 430 || (status == 503 && !context->best)))
        was_not_there(*context);
    if (status == 408 && !invite) return; // RFC 4320 4.2: nothing is said; the transaction expires
    if (context->in_dialog) {
        if (status == 430 || (status == 503 && !context->best)) // no flow is left
            return env_.refuse(server_id, Refusal::no_dialog, now, out);
        if (status == 408 && !context->best) return env_.refuse(server_id, Refusal::timeout, now, out);
    } else if (context->outside && status != 0) {
        if (status < 400) return env_.refuse(server_id, Refusal::unavailable, now, out);
        if (!context->best && !context->refused_body)
            return env_.refuse(server_id, status == 408 ? Refusal::timeout : Refusal::overloaded, now, out);
    } else if (const auto refusal = status == 0 ? unseen_body(*context, *server->request) : std::nullopt; refusal) {
        return refuse_body(server_id, *refusal, now, out);
    } else if (status == 0 || means_not_there(status) || status < 400) {
        return env_.refuse(server_id, Refusal::unavailable, now, out);
    }
    if (!context->best) {
        const auto refusal = context->refused_body.value_or(BodyRefusal{});
        return refuse_body(server_id, refusal, now, out);
    }
    if (status == 503) return env_.refuse(server_id, Refusal::internal_error, now, out); // 16.7 step 6
    if (status == 401 || status == 407) return env_.refuse(server_id, Refusal::forbidden, now, out);
    const auto response = std::move(context->best);
    auto body = answer_body(*context, context->branches[context->best_branch], *response);
    forward_response(id, context->best_branch, *response, body ? std::move(*body) : Body{}, now, out);
}

void Proxy::cancel_branches(ResponseContext& context, std::string_view reason, TimePoint now, Actions& out)
{
    for (auto& branch : context.branches) {
        if (branch.ended || branch.cancelled) continue;
        branch.cancelled = true;
        const auto* client = env_.layer->client(branch.client);
        if (client == nullptr || !client->proceeding()) continue;
        branch.cancel_sent = true;
        env_.layer->cancel(branch.client, reason, now, out);
    }
}

void Proxy::end_calls(TimePoint now, Actions& out)
{
    contexts_.for_each([&](SlotId, ResponseContext& context) {
        const auto* server = env_.layer->server(context.server);
        if (server == nullptr || server->method != Method::invite || context.in_dialog || context.answered) return;
        context.answered = true;
        context.waiting.clear();
        cancel_branches(context, {}, now, out);
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
        if (server == nullptr || context->answered) continue;
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
    const auto waiting = homeless_.emplace(Homeless{server_id, server->flow, std::move(bytes)});
    if (answered) return connect_back(waiting, *context, server->party, out);
    out.push_back(Find{ticket_for(Waiting::caller_flow, waiting), device});
}

} // namespace sotto
