#include "core/environment.hpp"

#include "core/privacy/reply.hpp"
#include "core/routing/choose.hpp"
#include "core/transaction/key.hpp"

#include <algorithm>
#include <utility>

namespace sotto {
namespace {

/// Behind an edge: whom it has heard, as its own Via says (RFC 3261 18.2.1).
std::string_view sent_by(const Message& request, const Flow& flow)
{
    if (!flow.of_edge() || request.vias.size() < 2) return {};
    const auto& before = request.vias[1];
    return find_param(before.params, "received").value_or(before.host);
}

} // namespace

void Environment::watch(BindingId device, Actions& out)
{
    if (++watched[device] == 1) out.push_back(Watch{device, true});
}

void Environment::watch_no_more(BindingId device, Actions& out)
{
    const auto found = watched.find(device);
    if (found == watched.end() || --found->second > 0) return;
    watched.erase(found);
    out.push_back(Watch{device, false});
}

std::string Environment::own_tag(const transaction::Server& server) const
{
    return transaction::own_tag(cryptography, server.key);
}

Outbound Environment::own_reply(const transaction::Server& server, int status) const
{
    std::string tag;
    if (status > 100)
        tag = transaction::Layer::forgets(server, status) ? transaction::forgotten_tag(cryptography, server.key)
                                                          : own_tag(server);
    return reply(*server.request, status, tag, server.party.receiver());
}

Environment::Heed Environment::heeds(const auth::Checked& checked, const std::string& realm, Flow& flow,
                                     std::string_view sent_by, TimePoint now, Actions& out, Admits admits)
{
    const auto* claimed = checked.claimed;
    const bool known = claimed != nullptr && flow.proves(claimed->id);
    if (known && checked.outcome != auth::Outcome::wrong) return Heed::at_once; // nobody guesses
    const auto address = std::string{checked.claimed_user} + "@" + realm;
    const auto tried = cryptography.rotating_hash(Cryptography::Use::source, address).now;
    const bool for_help = admits == Admits::for_help;
    const auto held =
        for_help ? cryptography.rotating_hash(Cryptography::Use::source, address + "," + std::string{sent_by}).now
                 : KeyedHash{};
    const bool allowed = for_help ? !flow.holds_up(held, now) : failures.allows(tried, flow.source, known, now);
    if (!allowed) {
        ++counters.auth_refused;
        return Heed::not_at_all;
    }
    if (checked.outcome != auth::Outcome::wrong) return Heed::at_once;
    ++counters.auth_failures;
    const bool slow = failures.failed(tried, flow.source, now);
    if (claimed != nullptr && !known && failures.exhausted(tried, now))
        out.push_back(Report{.what = Occurrence::guessing,
                             .account = Private{std::string{claimed->user}.append("@").append(claimed->domain)}});
    if (slow && for_help) flow.hold_up(held, now + tarpit, now);
    return slow ? Heed::late : Heed::at_once;
}

const Account* Environment::authenticate(transaction::SlotId id, Flow& flow, auth::Asker asker,
                                         const std::string& realm, std::string_view expected, TimePoint now,
                                         Actions& out, Admits admits)
{
    auto* server = layer->server(id);
    auto checked = auth::check(*server->request, asker, realm, *accounts, flow, now, cryptography);
    bool slow = false;
    if (!checked.claimed_user.empty()) {
        expected = checked.claimed_user;
        const auto heed = heeds(checked, realm, flow, sent_by(*server->request, flow), now, out, admits);
        if (heed == Heed::not_at_all) {
            refuse(id, Refusal::overloaded, now, out);
            return nullptr;
        }
        slow = heed == Heed::late;
    }
    const bool active = checked.account != nullptr && checked.account->status == AccountStatus::active;
    if (checked.outcome == auth::Outcome::authenticated && (active || admits != Admits::active)) {
        if (active)
            flow.authenticated_as(checked.account->id);
        else
            flow.authenticated_for_help(checked.account->id);
        layer->prove(id, checked.account->id);
        return checked.account;
    }
    ++counters.challenges;
    const bool registrar = asker == auth::Asker::registrar;
    auto reply = own_reply(*server, registrar ? 401 : 407);
    reply.set(
        registrar ? Header::www_authenticate : Header::proxy_authenticate,
        auth::challenge(realm, expected, checked.outcome == auth::Outcome::stale, *accounts, flow, now, cryptography));
    const int status = registrar ? 401 : 407;
    if (!slow) {
        answer(id, status, reply, now, out);
        return nullptr;
    }
    ++counters.auth_slowed;
    const auto held = late.emplace(LateAnswer{.server = id, .status = status, .bytes = reply.write()});
    layer->set_timer(late_answer, held, now + tarpit);
    return nullptr;
}

void Environment::answer_late(transaction::SlotId held, TimePoint now, Actions& out)
{
    auto* one = late.find(held);
    if (one == nullptr) return;
    layer->respond(one->server, one->status, std::move(one->bytes), now, out);
    late.erase(held);
}

void Environment::answer(transaction::SlotId id, int status, const Outbound& reply, TimePoint now, Actions& out)
{
    layer->respond(id, status, reply.write(), now, out);
}

void Environment::refuse_extensions(transaction::SlotId id, std::string_view unsupported, TimePoint now, Actions& out)
{
    auto reply = own_reply(*layer->server(id), 420);
    reply.set(Header::unsupported, unsupported);
    refusals.count(Refusal::bad_extension);
    answer(id, 420, reply, now, out);
}

void Environment::refuse(transaction::SlotId id, Refusal refusal, TimePoint now, Actions& out)
{
    const auto* server = layer->server(id);
    if (server == nullptr) return;
    const auto verdict = verdict_of(refusal);
    auto reply = own_reply(*server, verdict.status);
    reply.reason(verdict.reason);
    switch (refusal) {
    case Refusal::unsupported_media:
        reply.set(Header::accept, server->method == Method::info
                                      ? "application/dtmf, application/dtmf-relay, application/media_control+xml, "
                                        "application/trickle-ice-sdpfrag"
                                      : "application/sdp, text/plain");
        break;
    case Refusal::bad_event:
        reply.set(Header::allow_events, "refer, reg");
        break;
    case Refusal::method_not_implemented:
    case Refusal::method_not_allowed:
        reply.set(Header::allow,
                  "INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, NOTIFY, OPTIONS, PRACK, REFER, REGISTER, UPDATE");
        break;
    case Refusal::overloaded:
        reply.set(Header::retry_after, std::to_string(retry_after(cryptography)));
        break;
    default:
        break;
    }
    refusals.count(refusal);
    answer(id, verdict.status, reply, now, out);
}

void Environment::recognise(Flow& flow) const
{
    if (!flow.foreign() || flow.recognised_by == settings_read) return;
    flow.recognised_by = settings_read;
    const auto before = std::exchange(flow.parties, {});
    const auto add = [&](const Party& party) {
        if (!flow.proves(party)) flow.parties.push_back(party);
    };
    for (const auto& domain : flow.domains) {
        for (const auto& route : settings->routes)
            if (route.kind != Receiver::peer && leads_to(route, {&domain, 1})) add({route.kind, route.name});
        flow.parties.emplace_back(Receiver::peer, domain); // the certificate bounds them
    }
    for (const auto& party : before) // a call that runs can be ended, whatever has become of its route
        if (party.receiver() != Receiver::peer) add(party);
}

const Account* Environment::account_of(std::string_view aor) const
{
    const auto at = aor.rfind('@');
    if (at == std::string_view::npos) return nullptr;
    return accounts->find(aor.substr(0, at), aor.substr(at + 1));
}

} // namespace sotto
