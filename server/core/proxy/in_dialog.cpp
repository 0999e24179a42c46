#include "core/proxy/proxy.hpp"

#include "core/auth/digest.hpp"
#include "core/dialog/note.hpp"
#include "core/dialog/remote_target.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/privacy/shape.hpp"

#include <algorithm>
#include <cstring>

namespace sotto {
namespace {

/// A subscription of its own, or a publication, shares no dialog with a call; who is registered is nobody's to ask
/// there.
bool carried_in_dialog(Method method)
{
    return method != Method::subscribe && method != Method::publish && method != Method::register_;
}

BindingId id_of_sender(Cryptography& cryptography, std::string_view others_tag)
{
    return id_of_note(cryptography, "sender", cryptography.keyed_hash(Cryptography::Use::dialog, others_tag));
}

} // namespace

/// Behind an edge neither a token nor an anonymous From tells who sends it: found again by the tag of the other side,
/// which is sealed and stands in every request.
void Proxy::note_sender(const DialogSeal& seal, std::string_view others_tag, AccountId sender) const
{
    const std::string_view text{reinterpret_cast<const char*>(&sender.value), sizeof sender.value};
    // Not a note: the other side may have as many tags as it likes.
    env_.dialogs.keep_text(seal.hash(), seal.epoch(), id_of_sender(env_.cryptography, others_tag),
                           {env_.cryptography.seal_in_memory(text)}, holder_of(Party{sender}, env_.cryptography));
}

AccountId Proxy::noted_sender(std::string_view others_tag) const
{
    AccountId sender;
    const auto kept = env_.dialogs.text(id_of_sender(env_.cryptography, others_tag));
    const auto text = kept ? env_.cryptography.open_in_memory(kept->bytes) : std::string{};
    if (text.size() == sizeof sender.value) std::memcpy(&sender.value, text.data(), text.size());
    return sender;
}

/// Requests inside a dialog (SEALING.md "Who made a value"): the place of a value and the role inside the target token
/// decide what is opened and what is sealed, never whether it opens.
bool Proxy::open_dialog(const Message& request, const Flow& flow, ResponseContext& context, Target& target) const
{
    const auto& uri = request.request_uri;
    if (!env_.domains().ours(uri) || uri.user.size() != Sealer::target_length) return false;
    const auto opens = [&](const Party& party) {
        context.holder = holder_of(party, env_.cryptography);
        const auto opened = env_.sealer.open_target(uri.user, context.holder);
        if (opened) target = *opened;
        return opened.has_value();
    };
    const auto holds = [&](AccountId id) {
        if (!id || !opens(id)) return false;
        return flow.proves(id) || (std::ranges::count(flow.for_help, id) != 0 && with_emergency_service(target));
    };
    const auto party = [&]() -> Party {
        if (flow.parties.size() > 1 || flow.of_edge())
            if (const auto* named = env_.account_of(env_.domains().aor(request.from.uri));
                named != nullptr && holds(named->id))
                return named->id;
        if (flow.of_edge()) { // there are thousands: whoever guesses must not have a token tried for all of them
            if (const auto noted = noted_sender(request.to.tag()); holds(noted)) return noted;
            const auto claimed = named_by_credentials(request);
            const auto* account = claimed ? env_.accounts->find(claimed->user, claimed->domain) : nullptr;
            if (account != nullptr && holds(account->id)) {
                context.unnamed = true;
                return account->id;
            }
            if (!flow.foreign()) return {};
        }
        const auto tried = [&](const Party& proven) { return (!flow.of_edge() || proven.foreign()) && opens(proven); };
        if (const auto proven = std::ranges::find_if(flow.parties, tried); proven != flow.parties.end()) return *proven;
        if (flow.of_edge()) return {};
        const auto suspended = std::ranges::find_if(flow.for_help, holds);
        return suspended != flow.for_help.end() ? Party{*suspended} : Party{};
    }();
    if (!party) return false;
    context.sender = party;
    context.in_dialog = true;
    context.role = other(target.role);
    context.remote_target = target.id;
    const bool to_caller = target.role == Role::caller;
    auto& seal = context.seal.emplace(env_.seal_parts(), target, Holder{}, Holder{});
    seal.is_held_by(context.role, context.holder);
    if (env_.dialogs.ended(seal.hash(), seal.epoch())) return false;
    const auto tag = seal.open_tag(target.role, request.to.tag());
    if (!tag) return false;
    context.receiver_tag = tag->value;
    context.withheld = tag->withheld;
    context.caller_session = tag->session;
    context.dialled = tag->dialled;
    const auto wish = privacy_wish(request);
    if (!to_caller) context.hides_now = wish.withhold() || is_anonymous(request.from.uri);
    if (to_caller) {
        const auto* callee = env_.accounts->find(party.account());
        const bool by_account = callee != nullptr && callee->withhold_identity;
        const auto kept = seal.callee_privacy();
        context.callee_session = kept.session;
        context.callee_withheld = withheld(request, wish, Dialled::plain, kept.withheld.value_or(by_account));
        auto call_id = seal.open_call_id(request.call_id);
        if (!call_id) return false;
        context.receiver_call_id = std::move(*call_id);
    }
    context.callee_outside = to_caller ? party.foreign() : leads_outside(target);
    const auto named = call_named_by(request, context);
    if (named == Named::another) return false;
    context.names_known_call = named == Named::its_call;
    if (request.contacts.empty()) return true;
    // RFC 3261 12.2.1.2: a request may name a new target, but the route set is that of the beginning.
    auto known = remote_of(request.from.tag(), context.role, seal.hash(), party);
    context.sender_target = sender_target(request, party, flow, known ? known->route : std::string{});
    if (auto& remote = context.sender_target.handle; remote && known) {
        known->uri = request_uri_of(request.contacts.front().uri);
        remote->contact = {env_.cryptography.seal_in_memory(known->pack())};
    }
    return true;
}

/// Whom a request inside a dialog goes to withholds itself from its sender there.
bool Proxy::receiver_withheld(const ResponseContext& context)
{
    if (context.role == Role::callee) return context.withheld;
    return context.seal && context.seal->callee_privacy().withheld.value_or(false);
}

/// Whoever withholds itself is asked for in vain once (SEALING.md "Ended dialogs"): a phone that is away and comes back
/// would else show when, for as long as the dialog may last. Who comes to help may ask again.
void Proxy::asks_no_more(ResponseContext& context, Role asker, const Party& party)
{
    if (party.receiver() != Receiver::emergency) context.seal->keep_asked_in_vain(asker, true);
}

void Proxy::was_not_there(ResponseContext& context)
{
    if (receiver_withheld(context)) asks_no_more(context, context.role, context.sender);
}

bool Proxy::with_emergency_service(const Target& target) const
{
    const auto handle = env_.dialogs.handle(target.id);
    return handle && handle->party.receiver() == Receiver::emergency;
}

bool Proxy::leads_outside(const Target& target) const
{
    if (env_.settings->routes.empty()) return false;
    const auto handle = env_.dialogs.handle(target.id);
    return handle && handle->party.foreign();
}

/// A phone that comes back on a new connection proves first who it is; then its tokens open again. So does each of its
/// lines, and whoever is behind an edge, whether there is such an address or not (DESIGN.md P10). One that is proven
/// has no such dialog, and other domains have proven all that they will.
bool Proxy::may_be_unproven(const Message& request, const Flow& flow) const
{
    if (flow.foreign()) return false;
    const auto* named = env_.account_of(env_.domains().aor(request.from.uri));
    return named == nullptr || !(flow.proves(named->id) || std::ranges::count(flow.for_help, named->id) != 0);
}

void Proxy::in_dialog(SlotId id, Flow& flow, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    ResponseContext context;
    Target target;
    bool open = open_dialog(*server->request, flow, context, target);
    if (!open && !context.sender && may_be_unproven(*server->request, flow)) {
        if (authenticate(id, flow, Environment::Admits::suspended, now, out) == nullptr) return;
        open = open_dialog(*server->request, flow, context, target);
    }
    if (!open) return env_.refuse(id, Refusal::no_dialog, now, out);
    if (context.unnamed) note_sender(*context.seal, server->request->to.tag(), context.sender.account());
    if (context.sender_withheld()) context.seal->keep_asked_in_vain(other(context.role), false); // it tells itself
    if (server->request->method != Method::bye && receiver_withheld(context) &&
        context.seal->asked_in_vain(context.role))
        return env_.refuse(id, Refusal::no_dialog, now, out);
    if (!carried_in_dialog(server->request->method)) return answer_ourselves(id, *server->request, now, out);
    if (server->request->method == Method::notify && shaped(*server->request, Header::event, Shape::event).empty())
        return env_.refuse(id, Refusal::bad_event, now, out); // RFC 6665 8.2.1: none, or none that is carried
    if (const auto wish = privacy_wish(*server->request); wish.critical && wish.unknown)
        return env_.refuse(id, Refusal::privacy_critical, now, out); // RFC 3323 5
    tell_ledger(*context.seal, out);
    if (server->request->method == Method::bye) hangs_up(*context.seal, true);
    context.server = id;
    context.look_ups = 1;
    env_.layer->prove(id, context.sender);
    const auto context_id = contexts_.emplace(std::move(context));
    server->context = context_id;
    if (server->request->method == Method::invite) env_.answer(id, 100, env_.own_reply(*server, 100), now, out);
    find_remote_target(*contexts_.find(context_id), context_id, out);
}

void Proxy::find_remote_target(const ResponseContext& context, SlotId id, Actions& out) const
{
    const auto handle = env_.dialogs.handle(context.remote_target);
    out.push_back(Find{.ticket = ticket_for(Waiting::dialog_target, id),
                       .id = handle ? handle->device : context.remote_target,
                       .in_dialog = true});
}

void Proxy::ack(MessagePtr ack, Flow& flow, TimePoint, Actions& out)
{
    if (ack->defect || ack->max_forwards == 0U || !flow.authenticated()) return; // its tokens are nobody's here
    WaitingAck waiting;
    Target target;
    if (!open_dialog(*ack, flow, waiting.context, target)) // perhaps it ends a failed INVITE of another worker
        return env_.layer->offer_to_others(
            {.worker = 0, .message = std::move(ack), .from = flow.id, .parties = flow.parties}, out);
    waiting.flow = flow.id;
    waiting.transport = flow.transport;
    if (!waiting.context.sender.foreign()) waiting.device = flow.device_of(waiting.context.sender.account());
    waiting.ack = std::move(ack);
    const auto handle = env_.dialogs.handle(target.id);
    out.push_back(Find{.ticket = ticket_for(Waiting::ack_target, acks_.emplace(std::move(waiting))),
                       .id = handle ? handle->device : target.id,
                       .in_dialog = true});
}

std::vector<ForwardTarget> Proxy::reachable(BindingId id, const std::vector<Binding>& flows) const
{
    std::vector<ForwardTarget> all;
    all.reserve(flows.size() + 1);
    for (const auto& binding : flows) all.push_back(target_of(binding));
    const auto handle = env_.dialogs.handle(id);
    if (!handle) return all;
    const auto target = RemoteTarget::unpack(env_.cryptography.open_in_memory(handle->contact.bytes));
    if (all.empty()) { // its Contact was never registered: the connection that it came over is all there is
        if (!handle->flow && !handle->party.foreign()) return all; // handed on by the process before: that flow is gone
        auto& only = all.emplace_back();
        only.flow = handle->flow;
        only.transport = handle->transport;
    }
    for (auto& one : all) {
        if (!one.by_path) one.route = target.route;
        one.party = handle->party;
        one.id = id;
        one.uri = target.uri;
        one.address = target.address;
        one.next_hop = target.next_hop;
    }
    if (handle->party.foreign() && handle->flow) { // its connection may have gone: then another one to the same place
        all.push_back(all.front());
        all.back().flow = {};
    }
    return all;
}

void Proxy::found(Waiting kind, SlotId id, std::vector<Binding> flows, TimePoint now, Actions& out)
{
    if (kind == Waiting::caller_flow) {
        const auto* waiting = homeless_.find(id);
        if (waiting == nullptr) return;
        const auto other = std::ranges::find_if(flows, [&](const Binding& b) { return b.flow != waiting->gone; });
        return other != flows.end() ? found_way_back(id, other->flow, out) : await_caller(id, out);
    }
    if (kind == Waiting::cancel) return found_for_cancel(id, flows, now, out);
    if (kind == Waiting::gruu) return found_behind_gruu(id, std::move(flows), now, out);
    if (kind == Waiting::referred) return found_behind_referral(id, flows, now, out);
    if (kind == Waiting::ack_target) return found_for_ack(id, flows, now, out);
    auto* context = contexts_.find(id);
    if (context == nullptr) return;
    context->look_ups = 0;
    if (context->answered) return;
    if (context->cancelled) return branch_over(id, now, out);
    auto to = reachable(context->remote_target, flows);
    std::erase_if(to, [&](const ForwardTarget& way) { return context->lost(way.flow); });
    // Never 480 here: a callee could ask for hours whether a withheld caller is there (SEALING.md "Ended dialogs").
    if (to.empty()) {
        context->answered = true;
        was_not_there(*context);
        const auto* server = env_.layer->server(context->server);
        if (server->request->method == Method::bye)
            end_named(*context, *server->request, *context->seal, out, now - server->began);
        return env_.refuse(context->server, Refusal::no_dialog, now, out);
    }
    start_device(id, std::move(to), now, out);
}

void Proxy::found_for_ack(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    auto* waiting = acks_.find(id);
    if (waiting == nullptr) return;
    if (waiting->bye) {
        found_for_bye(*waiting->bye, flows, now, out);
    } else if (const auto to = reachable(waiting->context.remote_target, flows); !to.empty()) {
        waiting->branch.target = to.front();
        // Of before a restart: no connection leads there yet.
        if (!to.front().flow && to.front().party.foreign()) return connect_for_ack(id, out);
        pass_on(*waiting, now, out);
    }
    acks_.erase(id);
}

void Proxy::pass_on(WaitingAck& waiting, TimePoint now, Actions& out)
{
    auto& branch = waiting.branch;
    const auto& ack = *waiting.ack;
    const auto via = env_.layer->branch_for({}, ack); // no transaction: nothing answers an ACK
    if (auto bytes = write_request(waiting.context, ack, branch, via, nullptr)) {
        out.push_back(Send{branch.target.flow, std::move(*bytes), {}});
    } else {
        end_acknowledging(waiting, out); // first: the other one ends the dialog, and what is kept of it
        end_acknowledged(waiting, now, out);
    }
}

void Proxy::end_dialog(const DialogSeal& seal, Actions& out, milliseconds ago)
{
    env_.dialogs.end(seal.hash(), seal.epoch());
    if (env_.ledger != nullptr && env_.ledger->recording()) out.push_back(CallEnded{seal.hash(), ago});
}

/// What a request ends inside its dialog. True when that is the call, which it may have named otherwise, and have been
/// let through before it was known who answers. While nobody has behind a route, only the dialog with the phone that it
/// names: others may ring there (RFC 3261 15).
bool Proxy::end_named(const ResponseContext& context, const Message& request, DialogSeal& seal, Actions& out,
                      milliseconds ago)
{
    const auto named = context.names_known_call ? Named::its_call : call_named_by(request, context);
    if (named == Named::another) return false;
    const auto callee_tag = context.role == Role::caller ? std::string_view{context.receiver_tag} : request.from.tag();
    if (named == Named::nothing_known && context.callee_outside && seal.keep_early_end(callee_tag)) return false;
    end_dialog(seal, out, ago);
    return true;
}

} // namespace sotto
