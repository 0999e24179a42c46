#include "core/proxy/proxy.hpp"

#include "core/routing/number.hpp"

#include <algorithm>
#include <utility>

namespace sotto {
namespace {

/// The number in an address as `RemoteTarget::address` keeps it, or its user part.
std::string user_in(std::string_view address)
{
    auto uri = address.substr(address.rfind('<') + 1);
    uri.remove_prefix(std::min(uri.size(), uri.find(':') + 1));
    auto user = unescape(uri.substr(0, uri.find_first_of("@;>"))).value_or(std::string{});
    const auto digits = dialled_digits(user);
    return is_e164(digits) ? digits : user;
}

} // namespace

/// Billed calls. The call is on the disk before the caller hears of the answer, so that a crash loses none; a call that
/// nothing bills leaves no trace here.

std::unique_ptr<Charge> Proxy::charge(const billing::Tariff& tariff, std::string_view dialled)
{
    return std::make_unique<Charge>(
        Charge{.tariff = tariff, .destination = billing::rated_destination(dialled, tariff.hidden_digits)});
}

std::unique_ptr<Charge> Proxy::charge_outside(const Decision& decision)
{
    const auto& tariff = decision.route->tariff;
    if (!tariff) return nullptr;
    return charge(*tariff, decision.number.empty() ? decision.aor.substr(0, decision.aor.rfind('@')) : decision.number);
}

std::unique_ptr<Charge> Proxy::charge_inside(std::string_view aor) const
{
    const auto dialled = aor.substr(0, aor.rfind('@'));
    const auto* inside = billing::tariff_inside(env_.settings->billed_inside, dialled);
    return inside == nullptr ? nullptr : charge(inside->tariff, dialled);
}

/// What a call to an account costs that was not called by its address: the tariff of its name, or else of its number.
const billing::InsideTariff* Proxy::tariff_of(const Account& callee) const
{
    const std::span<const billing::InsideTariff> tariffs = env_.settings->billed_inside;
    const auto* by_name = billing::tariff_inside(tariffs, callee.user);
    return by_name != nullptr || callee.number.empty() ? by_name : billing::tariff_inside(tariffs, callee.number);
}

/// No redirection leads where it costs something else than what was dialled.
bool Proxy::costs_otherwise(const ResponseContext& context, std::string_view aor) const
{
    const auto there = charge_inside(aor);
    if (!there) return false;
    return context.outside || !context.charge || context.charge->tariff != there->tariff;
}

/// A call that a referral begins is a call like any other, and costs whoever makes it what the number costs that the
/// quoted call was made to. A call that came in has dialled no number, and none is dialled when it is taken over, or
/// when its caller is. The bill of who withholds itself does not name it to whoever is referred there.
std::unique_ptr<Charge> Proxy::charge_referred(const ResponseContext& context, const ForwardTarget& to) const
{
    const bool came_in = std::ranges::any_of(context.quotes, [](const auto& named) {
        return named.first != Header::target_dialog && named.second.target_role == Role::caller;
    });
    if (came_in) return nullptr;
    if (const auto* account = env_.accounts->find(to.party.account()); account != nullptr) {
        const auto* inside = tariff_of(*account);
        if (inside == nullptr || context.referral->source.role == Role::caller) return nullptr;
        if (context.referral->withheld || account->withhold_identity)
            return std::make_unique<Charge>(Charge{.tariff = inside->tariff, .destination = inside->prefix});
        return charge(inside->tariff, account->user.starts_with(inside->prefix) ? account->user : account->number);
    }
    const auto* route = route_of(to.party);
    return route == nullptr || !route->tariff ? nullptr : charge(*route->tariff, user_in(to.address));
}

void Proxy::record(SlotId id, std::size_t index, MessagePtr answer, Body body, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    branch.record = Branch::Record::waits;
    const auto dialog = branch.seal->hash();
    const auto& from = context->sender_target;
    const auto* server = env_.layer->server(context->server);
    auto call = std::make_unique<billing::AnsweredCall>(billing::AnsweredCall{
        .dialog = dialog,
        .account = context->sender.account(),
        .destination = context->charge->destination,
        .tariff = context->charge->tariff,
        .caller = {.flow = server->flow, .binding = from.handle ? from.handle->device : from.binding},
        .callee = {.flow = branch.target.flow, .binding = branch.target.id}});
    const auto waiting = records_.emplace(WaitingRecord{id, index, dialog, std::move(answer), std::move(body)});
    out.push_back(RecordCall{ticket_for(Waiting::record, waiting), std::move(call)});
}

void Proxy::recorded(SlotId id, bool durable, TimePoint now, Actions& out)
{
    auto* found = records_.find(id);
    if (found == nullptr) return;
    auto waiting = std::move(*found);
    records_.erase(id);
    auto* context = contexts_.find(waiting.context);
    if (context == nullptr) { // nobody waits for the answer any more
        if (durable) out.push_back(CallEnded{waiting.dialog});
        return;
    }
    auto& branch = context->branches[waiting.branch];
    branch.record = Branch::Record::written;
    if (!durable || comes_too_late(*context, branch, *waiting.answer))
        return end_unheard(waiting.context, waiting.branch, *waiting.answer,
                           durable ? Refusal::request_terminated : Refusal::internal_error, now, out);
    keep_parties(*context, branch, *waiting.answer);
    forward_response(waiting.context, waiting.branch, *waiting.answer, waiting.body, now, out);
    shed(waiting.context);
}

/// For the next process, and no sooner than the caller hears of the answer: should this one end before, no device says
/// that somebody talks.
void Proxy::keep_parties(const ResponseContext& context, const Branch& branch, const Message& answer)
{
    const auto* server = env_.layer->server(context.server);
    if (server == nullptr) return;
    const Message& request = *server->request;
    const auto dialog = branch.seal->hash();
    billing::keep_parties(env_.dialogs, env_.cryptography, branch.seal->epoch(), dialog,
                          {.caller = {.flow = {}, .binding = context.sender_target.device()},
                           .callee = {.flow = {}, .binding = branch.target.id},
                           .identifiers = billing::identifiers_of(
                               env_.cryptography, {request.call_id, request.from.tag(), answer.to.tag()})});
}

/// The same of a call that nothing bills, but whose callee may be one of several phones: without the devices, which
/// nobody asks for.
void Proxy::keep_answerer(const ResponseContext& context, const Branch& branch, const Message& answer)
{
    const auto* server = env_.layer->server(context.server);
    if (server == nullptr) return;
    const Message& request = *server->request;
    billing::keep_parties(env_.dialogs, env_.cryptography, branch.seal->epoch(), branch.seal->hash(),
                          {.caller = {},
                           .callee = {},
                           .identifiers = billing::identifiers_of(
                               env_.cryptography, {request.call_id, request.from.tag(), answer.to.tag()})});
}

/// Whoever names its recorded call otherwise than it began gets 481 from here: from the other side, it would end the
/// bill. Of an ACK as well: one whose body may not pass ends the call. The callee's tag too: a proxy behind a route may
/// have shown the caller tags of several phones, of which one has answered. A phone that has not must not have the call
/// ended, whether anything bills it or not.
Proxy::Named Proxy::call_named_by(const Message& request, const ResponseContext& context) const
{
    const bool recording = env_.ledger != nullptr && env_.ledger->recording();
    if (!recording && !context.callee_outside) return Named::nothing_known;
    const auto names = context.role == Role::caller
                           ? billing::CallNames{request.call_id, request.from.tag(), context.receiver_tag}
                           : billing::CallNames{context.receiver_call_id, context.receiver_tag, request.from.tag()};
    const auto kept = billing::kept_parties(env_.dialogs, env_.cryptography, context.seal->hash()).identifiers;
    if (kept == KeyedHash{}) {
        const bool over = context.callee_outside && context.seal->early_end_of(names.callee_tag);
        return over ? Named::another : Named::nothing_known;
    }
    return kept == billing::identifiers_of(env_.cryptography, names) ? Named::its_call : Named::another;
}

/// Every request of a party inside its dialog is a sign of life.
void Proxy::tell_ledger(const DialogSeal& seal, Actions& out)
{
    if (env_.ledger == nullptr || !env_.ledger->recording()) return;
    out.push_back(CallAlive{seal.hash()});
}

/// For the next process: this one ends the bill when the BYE is answered.
void Proxy::hangs_up(const DialogSeal& seal, bool on_its_way)
{
    if (env_.ledger == nullptr || !env_.ledger->recording()) return;
    const bool ahead = records_.size() != 0; // it may be of a call whose record waits
    billing::keep_hanging_up(env_.dialogs, env_.cryptography, seal.epoch(), seal.hash(), on_its_way, ahead);
}

} // namespace sotto
