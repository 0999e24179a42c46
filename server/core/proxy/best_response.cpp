#include "core/proxy/proxy.hpp"

#include "core/privacy/privacy_service.hpp"
#include "core/registrar/contact.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

// What follows a branch that has failed, and what the caller is told once all have (RFC 3261 16.7 steps 4 to 6).

namespace sotto {
namespace {

constexpr std::uint32_t most_redirections = 5;

struct Redirection {
    const NameAddr* contact;
    std::uint16_t q;
};

/// RFC 3261 8.1.3.4
std::vector<Redirection> by_falling_q(const Message& response)
{
    std::vector<Redirection> all;
    for (const auto& contact : response.contacts) all.push_back({&contact, q_of(terms_of(contact))});
    std::ranges::stable_sort(all, std::ranges::greater{}, &Redirection::q);
    return all;
}

/// Failures that say only that somebody is not there, or that the phone and Sotto alone are concerned with: outside a
/// dialog all of them become the one answer for who is not there (DESIGN.md P10).
bool means_not_there(int status)
{
    constexpr std::array<int, 10> statuses{401, 404, 407, 408, 410, 430, 480, 481, 503, 604};
    return std::ranges::find(statuses, status) != statuses.end();
}

/// A BYE ends the call where nobody knows of it, or nobody is there to hang up (RFC 3261 15.1.1). Any other refusal
/// leaves the call as it was, and the bill: with a CSeq of the past its sender could end both by itself. `leaves`: from
/// a subscriber to another domain. Its phone asks no more, and whoever pays for the call cannot bring a 503 about.
bool hung_up(int status, bool answered, bool leaves)
{
    return status == 481 || status == 408 || status == 430 || (status == 503 && (!answered || leaves));
}

/// RFC 3261 12.2.1.2. Of a PRACK it says that the response is unknown (RFC 3262 3), of a NOTIFY that the subscription
/// is (RFC 6665 4.1.3).
bool call_is_unknown(int status, Method method)
{
    return status == 481 && method != Method::prack && method != Method::notify;
}

/// RFC 5626 7: a device of ours may be reached over another of its flows. Whatever else it answers is its answer: a 503
/// of its own is none of the transport's (RFC 3261 16.9).
bool flow_failed(int status, bool answered)
{
    return answered ? status == 408 || status == 430 : status == 408 || status == 503;
}

/// RFC 3263 4.3: the same of another server of a route, which is tried after a 503 of its own too. Inside a dialog
/// there is only the one, by whichever connection, and whatever it answers has reached it.
bool server_failed(int status, bool answered, bool in_dialog)
{
    return answered ? status == 503 && !in_dialog : status == 408 || status == 503;
}

} // namespace

void Proxy::no_answer(SlotId client_id, bool transport_error, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(client_id);
    if (client == nullptr || probe_failed(*client, transport_error) || ours_failed(*client)) return;
    if (client->branch == transaction::Layer::of_one_given_up) return;
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
    if (branch.refused && context->refused_body && (status == 487 || response == nullptr)) {
        status = verdict_of(context->refused_body->refusal).status;
        response.reset();
    }
    // Given up by us, and not by the caller (16.8). Inside a dialog the 487 stays: a 408 would end it (12.2.1.2).
    if (branch.cancelled && status == 487 && !context->cancelled && !context->in_dialog) {
        status = 408;
        response.reset();
    }
    if (method == Method::invite && !context->in_dialog && branch.seal) end_dialog(*branch.seal, out);
    if (try_next_host(id, index, status, response, now, out)) return;
    const bool answered = response != nullptr;
    if (status == 430 && answered && branch.target.device) // RFC 5626 9.3: it is stale
        out.push_back(Unbind{branch.target.device, branch.target.flow, branch.target.reg_id});
    const bool way_failed = branch.target.party.foreign() ? server_failed(status, answered, context->in_dialog)
                                                          : flow_failed(status, answered);
    if (way_failed && !branch.other_flows.empty() && !branch.cancelled && !context->answered) {
        branch.tried.push_back(branch.target.flow);
        branch.target = std::move(branch.other_flows.front());
        branch.other_flows.erase(branch.other_flows.begin());
        branch.authorised = false; // another trunk asks for its own
        branch.failed_hosts.clear();
        return start(id, index, now, out);
    }
    if (branch.announces) return announcement_over(id, index, now, out);
    if (response && try_credentials(id, index, *response, now, out)) return;
    branch.ended = true;
    if (status == 503 && response == nullptr && looks_again(*context, branch, id, out)) return;
    if (method == Method::bye) {
        const bool leaves = !context->sender.foreign() && branch.target.party.foreign();
        const bool over = branch.seal && hung_up(status, answered, leaves) &&
                          end_named(*context, *server->request, *branch.seal, out, now - server->began);
        if (branch.seal && !over) hangs_up(*branch.seal, false);
        if (!over && context->sender_withheld()) // it has gone, whatever the other side says to that
            asks_no_more(*context, other(context->role), branch.target.party);
    } else if (context->in_dialog && !branch.target.party.foreign() && call_is_unknown(status, method)) {
        // Another domain may say it of a phone that is between two connections.
        end_named(*context, *server->request, *branch.seal, out);
    }
    if (status >= 300 && status < 400 && response && !context->in_dialog && redirected(id, index, *response, now, out))
        return;
    if (rank_of(status) < rank_of(context->best_status)) {
        context->best_status = status;
        context->best = std::move(response);
        context->best_branch = index;
    }
    if (status >= 600) { // 16.7 step 5
        context->waiting.clear();
        cancel_branches(*context, now, out);
    }
    branch_over(id, now, out);
}

/// A connection that had ended unnoticed says nothing of the phone: it may have come back over another one meanwhile,
/// or sleep (RFC 8599 5.6.2). Inside a dialog as well: a 481 would end the call (RFC 3261 12.2.1.2).
bool Proxy::looks_again(ResponseContext& context, Branch& branch, SlotId id, Actions& out)
{
    const bool one_device = !context.in_dialog && (context.referral || context.gruu_series != GruuSeries{});
    const bool given_up = branch.cancelled || context.over();
    if (!branch.target.device || one_device || given_up) return false;
    branch.lost = true;
    // As often as an account may have devices: whoever drops one connection after the other holds no call for ever.
    const auto looked = std::ranges::count_if(context.branches, [](const Branch& b) { return b.lost; });
    if (static_cast<std::size_t>(looked) > env_.settings->bindings_per_account) return false;
    ++context.look_ups;
    if (context.in_dialog) {
        find_remote_target(context, id, out);
        return true;
    }
    const auto account = branch.target.party.account();
    if (context.public_gruu.empty()) context.sought.push_back({.account = account, .seems_to_sleep = {}});
    ++context.woken; // and joins those that ring
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
    bool outside = false; // one such address is followed
    for (const auto& [contact, q] : by_falling_q(response)) {
        if (context->redirections >= most_redirections || context->over()) break;
        const auto decision = redirected_to(*context, context->branches[index].target.party, contact->uri);
        if (!outside && redirected_outside(*context, decision, contact->uri.port, q, former)) {
            ++context->redirections;
            any = outside = true;
            continue;
        }
        const auto& aor = decision.aor;
        if (decision.way != Decision::Way::inside || costs_otherwise(*context, aor)) continue;
        // Whoever refuses this caller is looked for in vain, too: 433 would tell of somebody who was not called.
        const auto* account = env_.account_of(aor);
        const auto reception = received_by(account, *context, *env_.layer->server(context->server)->request, now);
        const auto* rings = reception == Reception::rings ? account : nullptr;
        if (context->public_gruu.empty()) // else one device is meant
            context->sought.push_back(sought(rings, aor));
        if (rings != nullptr && context->preference_of(rings->id) == Preference::dialled)
            context->redirected.emplace_back(rings->id, q);
        ++context->redirections;
        ++context->look_ups;
        any = true;
        out.push_back(LookUp{ticket_for(Waiting::targets, id), rings != nullptr
                                                                   ? aor_keys(rings->id, env_.cryptography)
                                                                   : nobodys_keys(aor, env_.cryptography)});
    }
    if (any) branch_over(id, now, out);
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
    // Silence is none: a phone that has gone loses its connection before its answer is given up.
    const bool no_flow_left = status == 430 || (status == 503 && !context->best);
    if (no_flow_left && context->in_dialog && server->method != Method::bye) was_not_there(*context);
    if (no_flow_left && context->referral) found_nobody(*context->referral);
    if (status == 408 && !invite) return; // RFC 4320 4.2: nothing is said; the transaction expires
    if (context->in_dialog) {
        if (no_flow_left) return env_.refuse(server_id, Refusal::no_dialog, now, out);
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

} // namespace sotto
