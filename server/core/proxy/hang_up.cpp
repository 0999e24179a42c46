#include "core/proxy/proxy.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/privacy/reply.hpp"

#include <algorithm>

namespace sotto {
namespace {

/// After an answer: more requests than can have been sent since the one that it answers. No more than that, as another
/// server of our kind on the way begins anew at 2^30.
constexpr std::uint32_t beyond_later_cseq = 1U << 20U;
/// Of a side whose number is not known, or that gives its ACK one of its own choice: nobody may take our BYE for an old
/// request, while the bill ends. Whoever is behind another server of our kind takes it for a new one, too: what that
/// server counts from 2^30 is as much as it can be. And it tells nobody what the numbers of that side are offset by.
/// RFC 3261 8.1.1.5; a trunk may have us count once more.
constexpr std::uint32_t largest_cseq = (1U << 31U) - 2;

/// Where the message's sender says that it is, if it says so.
void follow_contact(ForwardTarget& to, const Message& message)
{
    if (message.contacts.empty()) return;
    if (auto uri = request_uri_of(message.contacts.front().uri); !uri.empty()) to.uri = std::move(uri);
}

} // namespace

/// One request of ours inside a dialog, built from what its receiver knows of it. Its answer is of no use to us, but
/// for one that asks for our credentials.
void Proxy::send_ours(const OurRequest& ours, TimePoint now, Actions& out)
{
    const auto& [method, to, view, authorised] = ours;
    const bool answered = method != Method::ack;
    const auto* route = answered ? route_of(to.party) : nullptr;
    const bool may_repeat = route != nullptr && !route->username.empty() && !authorised;
    const auto kept = may_repeat ? ours_.emplace(ours) : SlotId{};
    const auto client =
        answered ? env_.layer->open_client(to.flow, to.party, method, kept, transaction::Layer::of_hanging_up, now)
                 : SlotId{};
    auto message = Outbound::request(method, to.uri, to.party.receiver());
    message.set(Header::via, own_via(to, env_.layer->branch_for(client)));
    if (!to.route.empty()) message.set(Header::route, to.route);
    message.set(Header::max_forwards, "30");
    message.set(Header::from, view.from);
    message.set(Header::to, view.to);
    message.set(Header::call_id, view.call_id);
    message.set(Header::cseq, std::to_string(view.cseq).append(" ").append(name_of(method)));
    if (method == Method::bye) message.set(Header::reason, "SIP;cause=" + std::to_string(view.cause));
    if (route != nullptr)
        if (const auto answer = trunks_.answer(*route, to.next_hop, method, to.uri, env_.cryptography))
            message.set(answer->header, answer->value);
    if (answered) return env_.layer->send(client, {}, message.write(), out);
    out.push_back(Send{to.flow, message.write(), {}});
}

/// True when a request of ours was answered; one that a trunk wants credentials for goes once more (RFC 3261 22.2).
bool Proxy::ours_answered(const transaction::Client& client, const Message& response, TimePoint now, Actions& out)
{
    if (client.branch != transaction::Layer::of_hanging_up) return false;
    auto* kept = ours_.find(client.context);
    if (kept == nullptr || response.status < 200) return true;
    auto ours = std::move(*kept);
    ours_.erase(client.context);
    const auto* route = route_of(ours.to.party);
    const bool asks = response.status == 401 || response.status == 407;
    if (!asks || route == nullptr || !trunks_.challenged(*route, ours.to.next_hop, response)) return true;
    ++ours.view.cseq;
    ours.authorised = true;
    send_ours(ours, now, out);
    return true;
}

bool Proxy::ours_failed(const transaction::Client& client)
{
    if (client.branch != transaction::Layer::of_hanging_up) return false;
    ours_.erase(client.context);
    return true;
}

ForwardTarget Proxy::answerer(const ResponseContext& context, const Branch& branch, const Message& ok)
{
    auto to = branch.target;
    follow_contact(to, ok);
    if (to.uri.empty()) to.uri = branch.called;
    // RFC 3261 12.1.2: who is elsewhere, or behind proxies of its own, has said which way its dialog goes.
    if (!context.in_dialog && !to.by_path) to.route = route_value(ok.record_routes, true);
    return to;
}

/// The dialog as whoever answered knows it, at the request that it answered (RFC 3261 8.2.6.2).
Proxy::DialogView Proxy::view_of(const Message& ok)
{
    return {.call_id = std::string{ok.call_id},
            .from = as_written(ok.from),
            .to = as_written(ok.to),
            .cseq = ok.cseq.number};
}

Proxy::DialogView Proxy::view_of_bye(const Message& ok, int cause)
{
    auto view = view_of(ok);
    view.cause = cause;
    view.cseq = std::min(view.cseq + beyond_later_cseq, largest_cseq);
    return view;
}

/// ACK of ours for a 2xx to an INVITE, which is repeated until one arrives (RFC 3261 13.2.2.4).
void Proxy::acknowledge(const ResponseContext& context, const Branch& branch, const Message& ok, TimePoint now,
                        Actions& out)
{
    if (ok.cseq.method != Method::invite) return;
    send_ours({.method = Method::ack, .to = answerer(context, branch, ok), .view = view_of(ok)}, now, out);
}

/// An answer that may not pass, in a 2xx where no 488 can be said to whoever wrote it: ACK, if one is due, and BYE
/// there.
void Proxy::end_answered(const ResponseContext& context, Branch& branch, const Message& ok, int cause, TimePoint now,
                         Actions& out)
{
    acknowledge(context, branch, ok, now, out);
    send_ours({.method = Method::bye, .to = answerer(context, branch, ok), .view = view_of_bye(ok, cause)}, now, out);
    branch.hung_up = ok.to.tag();
    end_dialog(*branch.seal, out);
}

/// The caller has been told no, and hears of no answer any more.
bool Proxy::was_refused(const ResponseContext& context) const
{
    const auto* server = env_.layer->server(context.server);
    const auto* invite = server == nullptr ? nullptr : std::get_if<transaction::InviteServer>(&server->machine);
    return invite != nullptr && invite->state() == transaction::InviteServer::State::completed;
}

/// The caller has heard neither of an answer nor that there will be none.
bool Proxy::awaits_answer(const ResponseContext& context) const
{
    return context.accepted.bytes.empty() && !was_refused(context);
}

/// An answer to a call that nobody is in any more: a BYE has crossed it (RFC 3261 15), or its caller was refused. No
/// request in its dialog would end its bill.
bool Proxy::comes_too_late(const ResponseContext& context, const Branch& branch, const Message& answer) const
{
    return was_refused(context) || env_.dialogs.ended(branch.seal->hash(), branch.seal->epoch()) ||
           (branch.target.party.foreign() && branch.seal->early_end_of(answer.to.tag()));
}

/// The caller does not hear of it, and its callee is not left alone in the call.
void Proxy::end_unheard(SlotId id, std::size_t index, const Message& answer, Refusal why, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    end_answered(*context, context->branches[index], answer, verdict_of(why).status, now, out);
    const bool another_waits = std::ranges::any_of(
        context->branches, [](const Branch& branch) { return branch.record == Branch::Record::waits; });
    if (awaits_answer(*context) && !another_waits) {
        ++env_.counters.calls_failed;
        env_.refuse(context->server, why, now, out);
    }
    shed(id);
}

/// The same inside a dialog: whoever asked for a new description loses the call too, and is told so.
void Proxy::end_renegotiated(const ResponseContext& context, Actions& out)
{
    const auto* server = env_.layer->server(context.server);
    if (server == nullptr || server->request->contacts.empty()) return;
    const Message& request = *server->request;
    const auto& from = context.sender_target;
    OurBye bye{.to = {.party = context.sender, .flow = server->flow, .transport = server->transport},
               .view = {.call_id = std::string{request.call_id},
                        .from = as_written(request.to),
                        .to = as_written(request.from),
                        .cseq = largest_cseq}};
    follow_contact(bye.to, request);
    if (from.handle) {
        auto remote = RemoteTarget::unpack(env_.cryptography.open_in_memory(from.handle->contact.bytes));
        bye.to.route = std::move(remote.route);
        bye.to.next_hop = std::move(remote.next_hop);
    }
    look_up_for_bye(from.handle ? from.handle->device : from.binding, std::move(bye), out);
}

/// An answer that may not pass, in an ACK: BYE to whoever waits for it.
void Proxy::end_acknowledged(WaitingAck& waiting, TimePoint now, Actions& out)
{
    const auto& context = waiting.context;
    const auto& ack = *waiting.ack;
    auto& seal = *waiting.branch.seal;
    const bool from_caller = context.role == Role::caller;
    const auto& answerer = waiting.branch.target;
    const auto own_tag =
        std::string{";tag="}.append(seal.tag(context.role, context.tag(ack.from.tag(), answerer.party)));
    const bool outside = answerer.party.foreign();
    const auto shown =
        outside ? presented(context, ack, waiting.branch)
                : Presented{.from = shown_sender(context, ack), .to = shown_receiver(context, ack, answerer.party)};
    const DialogView view{.call_id = from_caller ? seal.call_id(ack.call_id) : context.receiver_call_id,
                          .from = shown.from + own_tag,
                          .to = shown.to + ";tag=" + context.receiver_tag,
                          .cseq = largest_cseq};
    send_ours({.method = Method::bye, .to = answerer, .view = view}, now, out);
    end_dialog(seal, out);
}

/// ... and to whoever wrote it, at its registered Contact, or where its dialog says: an ACK need not bear one.
void Proxy::end_acknowledging(WaitingAck& waiting, Actions& out)
{
    const auto& context = waiting.context;
    const auto& ack = *waiting.ack;
    OurBye bye{.to = {.party = context.sender, .flow = waiting.flow, .transport = waiting.transport},
               .view = {.call_id = std::string{ack.call_id},
                        .from = as_written(ack.to),
                        .to = as_written(ack.from),
                        .cseq = largest_cseq}};
    if (auto remote = remote_of(ack.from.tag(), context.role, waiting.branch.seal->hash(), context.sender)) {
        bye.to.uri = std::move(remote->uri);
        bye.to.route = std::move(remote->route);
        bye.to.next_hop = std::move(remote->next_hop);
    }
    follow_contact(bye.to, ack);
    look_up_for_bye(waiting.device, std::move(bye), out);
}

/// A phone that was picked up after nobody waited for it any more.
void Proxy::hang_up_late(const Untold& untold, const transaction::Client& client, const Message& ok, Actions& out)
{
    ForwardTarget to{.party = client.receiver,
                     .flow = client.flow,
                     .transport = untold.transport,
                     .route = route_value(ok.record_routes, true),
                     .next_hop = untold.next_hop};
    follow_contact(to, ok);
    look_up_for_bye(untold.device,
                    {.to = std::move(to), .view = view_of_bye(ok, untold.cause), .acknowledges = ok.cseq.number}, out);
}

void Proxy::look_up_for_bye(BindingId device, OurBye bye, Actions& out)
{
    WaitingAck waiting;
    waiting.bye = std::move(bye);
    out.push_back(Find{
        .ticket = ticket_for(Waiting::ack_target, acks_.emplace(std::move(waiting))), .id = device, .in_dialog = true});
}

void Proxy::found_for_bye(OurBye& bye, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    auto& to = bye.to;
    if (!flows.empty()) {
        const auto over = std::ranges::find(flows, to.flow, &Binding::flow);
        auto registered = target_of(over != flows.end() ? *over : flows.front());
        if (registered.by_path) to.route = std::move(registered.route);
        if (to.uri.empty()) to.uri = std::move(registered.uri);
    }
    if (to.uri.empty()) to.uri = address_of(to.party);
    if (bye.acknowledges) {
        auto view = bye.view;
        view.cseq = *bye.acknowledges;
        send_ours({.method = Method::ack, .to = to, .view = std::move(view)}, now, out);
    }
    send_ours({.method = Method::bye, .to = to, .view = bye.view}, now, out);
}

} // namespace sotto
