#include "core/registrar/registrar.hpp"

#include "core/message/extensions.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/reply.hpp"
#include "core/registrar/contact.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sotto {
namespace {

using transaction::SlotId;

/// The values as they were written, as one Route or Path value.
std::string joined(std::span<const NameAddr> addresses)
{
    std::string out;
    for (const auto& address : addresses) {
        if (!out.empty()) out += ", ";
        out += as_written(address);
    }
    return out;
}

/// RFC 5626 6: the device registers this flow as one of several, and knows what that means.
bool makes_flow(const Message& request, const std::vector<Binding>& wanted)
{
    return std::ranges::any_of(wanted, [](const Binding& b) { return b.reg_id != 0; }) &&
           request.lists(Header::supported, "outbound");
}

/// Whoever is connected here gives the signs of life here. Those of a phone behind an edge end there (RFC 5626 3.5),
/// and asking for them is the edge's matter (5.4).
bool is_connected_here(const Message& request) { return request.vias.size() == 1; }

} // namespace

void Registrar::request(SlotId id, Flow& flow, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    const Message& request = *server->request;
    const auto domains = env_.domains();
    const auto* domain = domains.of(request.request_uri);
    if (domain == nullptr) return env_.refuse(id, Refusal::not_found, now, out); // 10.3 step 1
    const bool by_edge = request.vias.size() > 1 && !request.paths.empty();
    if (by_edge) flow.nonces.widen();          // many ask at once, before any has answered
    if (!admit(id, request, now, out)) return; // step 2
    const auto user = unescape(request.to.uri.user).value_or(std::string{});
    const auto* account = env_.authenticate(id, flow, auth::Asker::registrar, *domain, user, now, out); // step 3
    if (account == nullptr) return;
    if (by_edge) flow.is_of_edge(); // not before: a stranger is none
    if (!request.to.uri.is_sip())   // 10.3 step 5: an address-of-record is one of these
        return env_.refuse(id, Refusal::malformed_header, now, out);
    const auto* own = domains.of(request.to.uri);
    if (own == nullptr || user.empty() || !env_.accounts->owns(account->id, user, *own))
        return env_.refuse(id, Refusal::forbidden, now, out); // steps 4 and 5, without a 404
    const auto registration = registrations_.emplace(Registration{.server = id,
                                                                  .account = account->id,
                                                                  .aor = aor_keys(account->id, env_.cryptography),
                                                                  .flow = flow.id,
                                                                  .transport = flow.transport,
                                                                  .flows_kept = first_hop_keeps_flows(request)});
    server->context = registration;
    out.push_back(LookUp{ticket_for(Waiting::registration, registration), registrations_.find(registration)->aor});
}

/// What does not depend on who asks: extensions (10.3 step 2), the way here (RFC 3327 5.3, RFC 5626 6).
bool Registrar::admit(SlotId id, const Message& request, TimePoint now, Actions& out)
{
    constexpr std::array<std::string_view, 3> carried{"outbound", "path", "gruu"};
    auto unknown = extensions_not_carried(request, carried);
    if (!request.paths.empty() && !request.lists(Header::supported, "path"))
        unknown.insert(0, unknown.empty() ? "path" : "path, ");
    if (!unknown.empty()) {
        env_.refuse_extensions(id, unknown, now, out);
        return false;
    }
    const auto asks_for_flow = [](const NameAddr& contact) { return reg_id_of(terms_of(contact)) != 0; };
    if (first_hop_keeps_flows(request) || !request.lists(Header::supported, "outbound") ||
        std::ranges::none_of(request.contacts, asks_for_flow))
        return true;
    env_.refuse(id, Refusal::outbound_unsupported, now, out);
    return false;
}

void Registrar::located(SlotId id, Located located, TimePoint now, Actions& out)
{
    auto* registration = registrations_.find(id);
    auto* server = registration != nullptr ? env_.layer->server(registration->server) : nullptr;
    if (server == nullptr) {
        registrations_.erase(id);
        return;
    }
    registration->wanted.clear();
    registration->removed.clear();
    registration->sleepers.clear();
    registration->others.clear();
    const Message& request = *server->request;
    if (!request.contact_star && request.contacts.empty()) { // a query: what this flow registered
        for (auto& binding : located.bindings) // and, behind an edge, nothing: several devices share that flow
            if (binding.flow == registration->flow && binding.path.bytes.empty())
                registration->wanted.push_back(std::move(binding));
        return answer(id, now, out);
    }
    if (const auto refusal = apply(request, *registration, located.bindings, now))
        return finish(id, *refusal, now, out);
    std::erase_if(registration->removed, [&](BindingId device) { // it has another flow
        return std::ranges::find(located.bindings, device, &Binding::id) != located.bindings.end();
    });
    for (const auto& binding : located.bindings)
        if (binding.flow == registration->flow && !registration->registers(binding.id))
            registration->others.push_back(binding.id);
    out.push_back(
        Commit{ticket_for(Waiting::registration, id), registration->flow, registration->aor, std::move(located)});
}

std::optional<Refusal> Registrar::apply(const Message& request, Registration& registration,
                                        std::vector<Binding>& bindings, TimePoint now)
{
    if (request.contact_star) return remove_all(request, registration, bindings, now);
    const auto lifetime = env_.settings->binding_lifetime;
    std::vector<ContactTerms> contacts;
    contacts.reserve(request.contacts.size());
    for (const auto& contact : request.contacts) contacts.push_back(terms_of(contact));
    const auto registers = [&](const ContactTerms& c) { return wanted_expiry(request, c, lifetime) != 0; };
    // RFC 5626 6: one REGISTER makes one flow.
    if (contacts.size() > 1 && std::ranges::count_if(contacts, registers) > 1 &&
        std::ranges::any_of(contacts, [&](const auto& c) { return registers(c) && reg_id_of(c) != 0; }))
        return Refusal::bad_contact;
    // A device that moves names its old Contact as well, to be removed.
    if (contacts.size() > 1) std::stable_partition(contacts.begin(), contacts.end(), registers);
    for (const auto& contact : contacts)
        if (const auto refusal = apply_contact(request, contact, registration, bindings, now)) return refusal;
    if (bindings.size() > env_.settings->bindings_per_account) return Refusal::forbidden;
    return std::nullopt;
}

std::optional<Refusal> Registrar::remove_all(const Message& request, Registration& registration,
                                             std::vector<Binding>& bindings, TimePoint now)
{
    const auto expires = request.field(Header::expires);
    if (!request.contacts.empty() || !expires || seconds_of(*expires) != 0) return Refusal::bad_contact; // step 6
    const auto call_id = env_.cryptography.rotating_hash(Cryptography::Use::call_id, request.call_id);
    for (const auto& binding : bindings) {
        if (call_id.is(binding.call_id) && request.cseq.number <= binding.cseq) return Refusal::out_of_order;
        registration.removed.push_back(binding.id);
    }
    for (const auto& sleeper : env_.push.of(registration.aor, now)) registration.removed.push_back(sleeper.device);
    bindings.clear();
    return std::nullopt;
}

std::optional<Refusal> Registrar::apply_contact(const Message& request, const ContactTerms& terms,
                                                Registration& registration, std::vector<Binding>& bindings,
                                                TimePoint now)
{
    const auto& uri = terms.contact->uri;
    if (!uri.is_sip()) return Refusal::forbidden; // RFC 5627 5.1
    if (uri.host.empty()) return Refusal::bad_contact;
    if (leads_back(uri, request.to.uri)) return Refusal::forbidden;
    const auto& settings = *env_.settings;
    const auto asked = wanted_expiry(request, terms, settings.binding_lifetime);
    if (asked > 0 && seconds{asked} < settings.shortest_binding) return Refusal::interval_too_brief; // step 7
    const auto device = device_registering(request, terms, registration, bindings);
    const auto reg_id = registration.flows_kept ? reg_id_of(terms) : 0;
    const auto call_id = env_.cryptography.rotating_hash(Cryptography::Use::call_id, request.call_id);
    // A device that takes its leave and names no flow leaves over all of them.
    const auto is_meant = [&](const Binding& b) {
        return b.id == device && (b.reg_id == reg_id || (asked == 0 && reg_id == 0));
    };
    if (std::ranges::any_of(bindings, [&](const Binding& b) {
            return is_meant(b) && !registration.made(b) && call_id.is(b.call_id) && request.cseq.number <= b.cseq;
        }))
        return Refusal::out_of_order;
    if (asked == 0) {
        std::erase_if(bindings, [&](const Binding& b) { return is_meant(b) && !registration.made(b); });
        registration.removed.push_back(device); // registered or not: it may have slept until now
        return std::nullopt;
    }
    const auto known = std::ranges::find_if(bindings, is_meant);
    const auto series = series_of(bindings, device, known, call_id);
    const auto granted = std::min(seconds{asked}, settings.binding_lifetime);
    Binding binding{.id = device,
                    .account = registration.account,
                    .flow = registration.flow,
                    .transport = registration.transport,
                    .reg_id = reg_id,
                    .q = q_of(terms),
                    .cseq = request.cseq.number,
                    .call_id = call_id.now,
                    .has_instance = terms.has_instance(),
                    .sips = uri.scheme == Scheme::sips,
                    .gruu_series = series,
                    .expires = now + granted,
                    .refreshed = now,
                    .contact = {},
                    .path = {}};
    if (const auto refusal = apply_push(*terms.contact, binding, registration, now)) return refusal;
    std::erase_if(registration.wanted, is_meant);
    registration.wanted.push_back(binding);
    binding.contact.bytes = env_.cryptography.seal_in_memory(registered_uri(uri));
    if (request.contacts.size() > 1) registration.wanted.back().contact = binding.contact;
    if (!request.paths.empty()) binding.path.bytes = env_.cryptography.seal_in_memory(joined(request.paths));
    if (known != bindings.end())
        *known = std::move(binding);
    else
        bindings.push_back(std::move(binding));
    return std::nullopt;
}

/// RFC 3261 10.3 step 7 tells Contacts apart by their URIs. A phone without instance id is known by its user part, so
/// that it stays the same when it connects anew from elsewhere, unless another phone is registered under that.
BindingId Registrar::device_registering(const Message& request, const ContactTerms& terms,
                                        const Registration& registration, const std::vector<Binding>& bindings) const
{
    const auto& uri = terms.contact->uri;
    const auto by_user =
        binding_id(registration.account, uri, terms.instance.value_or(std::string_view{}), env_.cryptography);
    if (terms.has_instance()) return by_user;
    const auto by_place = binding_id_by_place(registration.account, uri, env_.cryptography);
    if (std::ranges::find(bindings, by_place, &Binding::id) != bindings.end()) return by_place;
    const auto holder = std::ranges::find(bindings, by_user, &Binding::id);
    if (holder == bindings.end() || env_.cryptography.open_in_memory(holder->contact.bytes) == registered_uri(uri))
        return by_user;
    if (registration.made(*holder)) return by_place; // the phone itself has several
    const auto call_id = env_.cryptography.rotating_hash(Cryptography::Use::call_id, request.call_id);
    const bool same_connection = holder->flow == registration.flow && request.paths.empty();
    return same_connection || call_id.is(holder->call_id) ? by_user : by_place; // 10.2.4: one Call-ID for each phone
}

/// RFC 8599 5.6.1, as the last element on the way: what is not served here is served by nobody.
std::optional<Refusal> Registrar::apply_push(const NameAddr& contact, const Binding& binding,
                                             Registration& registration, TimePoint now)
{
    std::erase_if(registration.sleepers, [&](const auto& s) { return s.device == binding.id; });
    const auto& served = env_.settings->push_providers;
    const auto push = push_parameters(contact.uri);
    if (!push || push->provider.empty() || served.empty()) return std::nullopt;
    if (std::ranges::find(served, push->provider) == served.end()) return Refusal::push_unsupported;
    if (push->token.empty()) return std::nullopt; // 5.6.1.2: it asks only
    if (binding.expires - now <= wake_before_end) return Refusal::interval_too_brief;
    registration.sleepers.push_back({binding.id, {env_.cryptography.seal_in_memory(packed(*push))}, binding.expires});
    return std::nullopt;
}

void Registrar::commit_push(const Registration& registration, Actions& out)
{
    for (const auto device : registration.removed) env_.push.remove(device);
    for (const auto& binding : registration.wanted) {
        const auto sleeper = std::ranges::find(registration.sleepers, binding.id, &PushRegistrations::Sleeper::device);
        const auto waiters = env_.push.take_waiters(binding.id);
        if (sleeper != registration.sleepers.end())
            env_.push.keep(registration.aor, *sleeper, env_.settings->bindings_per_account);
        else
            env_.push.remove(binding.id); // 4.1.2: without the parameters it wants no pushes any more
        for (const auto& waiter : waiters) out.push_back(Woken{waiter.worker, {waiter.ticket}});
    }
}

/// RFC 8599 5.4: what the device registered for; what it asks about; everything, if it asks so.
std::string Registrar::feature_caps(const Message& request, const Registration& registration) const
{
    std::string out;
    const auto add = [&](std::string_view provider) {
        if (!out.empty()) out += ", ";
        out.append("*;+sip.pns=\"").append(provider).append("\"");
    };
    for (const auto& contact : request.contacts) {
        const auto push = push_parameters(contact.uri);
        if (!push || registration.wanted.empty()) continue;
        for (const auto& served : env_.settings->push_providers)
            if (push->provider.empty() || push->provider == served) add(served);
    }
    return out;
}

/// RFC 5627 5.1: a Contact that is the address itself, or a GRUU of ours, would send a request round in circles.
bool Registrar::leads_back(const Uri& contact, const Uri& address) const
{
    if (contact.param("gr") && env_.domains().ours(contact)) return true;
    return contact.port == address.port && iequals(contact.host, address.host) &&
           unescape(contact.user) == unescape(address.user);
}

/// RFC 5627 5.1: a device that comes back with another Call-ID has started anew, and all its temporary GRUUs end.
GruuSeries Registrar::series_of(std::vector<Binding>& bindings, BindingId device,
                                std::vector<Binding>::const_iterator known, const RotatingHash& call_id)
{
    const bool anew = known != bindings.end() && !call_id.is(known->call_id);
    const auto same_device = [&](const Binding& b) { return b.id == device; };
    const auto other = std::ranges::find_if(bindings, same_device);
    if (other != bindings.end() && !anew) return other->gruu_series;
    const auto series = draw_series(env_.cryptography);
    for (auto& binding : bindings)
        if (same_device(binding)) binding.gruu_series = series;
    return series;
}

void Registrar::committed(SlotId id, Flow* flow, bool accepted, TimePoint now, Actions& out)
{
    auto* registration = registrations_.find(id);
    if (registration == nullptr) return;
    if (!accepted) { // somebody else changed the account's bindings meanwhile
        out.push_back(LookUp{ticket_for(Waiting::registration, id), registration->aor});
        return;
    }
    if (flow != nullptr) {
        // Those too that have expired: behind an edge the flow lives on, with whatever was ever registered over it.
        std::erase_if(flow->bindings, [&](const RegisteredDevice& one) {
            return one.account == registration->account && !registration->registers(one.id) &&
                   std::ranges::find(registration->others, one.id) == registration->others.end();
        });
        for (const auto& binding : registration->wanted)
            if (!flow->registers(binding.id)) flow->bindings.push_back({binding.id, registration->account});
        const auto* server = env_.layer->server(registration->server);
        if (server != nullptr && makes_flow(*server->request, registration->wanted) &&
            is_connected_here(*server->request))
            flow->keep_alive = env_.settings->flow_timer;
    }
    ++env_.counters.registrations;
    commit_push(*registration, out);
    answer(id, now, out);
}

void Registrar::finish(SlotId id, Refusal refusal, TimePoint now, Actions& out)
{
    const auto server_id = registrations_.find(id)->server;
    registrations_.erase(id);
    if (refusal != Refusal::interval_too_brief) return env_.refuse(server_id, refusal, now, out);
    const auto* server = env_.layer->server(server_id);
    const bool sleeps = std::ranges::any_of(
        server->request->contacts, [](const NameAddr& contact) { return push_parameters(contact.uri).has_value(); });
    const auto shortest = std::max(env_.settings->shortest_binding, sleeps ? wake_before_end + seconds{1} : seconds{0});
    auto reply = env_.own_reply(*server, 423);
    reply.set(Header::min_expires, std::to_string(shortest.count()));
    env_.refusals.count(refusal);
    env_.answer(server_id, 423, reply, now, out);
}

/// RFC 5627 5.2, in the scheme that the device itself uses (RFC 5630 5.2.1).
void Registrar::append_gruus(const Binding& binding, std::string& value) const
{
    const auto* account = env_.accounts->find(binding.account);
    if (account == nullptr) return;
    const auto scheme = binding.sips ? Scheme::sips : Scheme::sip;
    const auto host = "@" + env_.domains().written_host(account->domain, binding.transport);
    // It is of base64url characters, none of which is escaped in a user part.
    value.append(scheme == Scheme::sips ? ";temp-gruu=\"sips:" : ";temp-gruu=\"sip:");
    value.append(make_temporary_gruu({binding.id, binding.gruu_series}, env_.cryptography)).append(host);
    value.append(";gr\"");
    if (env_.settings->public_gruus)
        value.append(";pub-gruu=\"")
            .append(address_uri(scheme, std::string{account->user} + host))
            .append(";gr=")
            .append(public_gruu_value(binding.id, env_.cryptography))
            .append("\"");
}

/// In the device's own words where this request has them (RFC 8599 5.3: it looks for them).
std::string Registrar::contact_words(const Message& request, const Binding& binding) const
{
    const auto words_of = [](const NameAddr& contact) {
        constexpr std::size_t gruus = 256; // about, and the expiry
        std::string value;
        value.reserve(contact.uri.text.size() + contact.params.size() + gruus);
        value.append("<").append(contact.uri.text).append(">");
        const auto terms = terms_of(contact);
        const auto add = [&](std::string_view name, std::optional<std::string_view> given) {
            if (given) value.append(name).append(*given);
        };
        add(";+sip.instance=", terms.instance);
        add(";reg-id=", terms.reg_id);
        add(";q=", terms.q);
        return value;
    };
    if (request.contacts.size() == 1) return words_of(request.contacts.front()); // it made the one binding
    const auto uri = env_.cryptography.open_in_memory(binding.contact.bytes);
    auto value = "<" + uri + ">";
    for (const auto& contact : request.contacts)
        if (registered_uri(contact.uri) == uri) value = words_of(contact);
    return value;
}

std::string Registrar::contact_value(const Message& request, const Binding& binding, TimePoint now) const
{
    auto value = contact_words(request, binding);
    if (binding.has_instance && request.lists(Header::supported, "gruu")) append_gruus(binding, value);
    const auto left = std::chrono::duration_cast<seconds>(binding.expires - now).count();
    return value.append(";expires=").append(std::to_string(std::max<long long>(left, 0)));
}

/// RFC 3608 6.2: through the edge, then here; the same for every phone of a domain.
std::string Registrar::service_route(AccountId account, Transport transport) const
{
    const auto* owner = env_.accounts->find(account);
    const auto domains = env_.domains();
    return "<sip:" +
           domains.written_host(owner != nullptr ? owner->domain : std::string_view{domains.first()}, transport) +
           (transport == Transport::wss ? ";transport=ws;lr>" : ";transport=tls;lr>");
}

void Registrar::answer(SlotId id, TimePoint now, Actions& out)
{
    const auto* registration = registrations_.find(id);
    const auto server_id = registration->server;
    if (const auto* server = env_.layer->server(server_id); server != nullptr) {
        auto reply = env_.own_reply(*server, 200);
        for (const auto& binding : registration->wanted)
            reply.set(Header::contact, contact_value(*server->request, binding, now));
        if (const auto caps = feature_caps(*server->request, *registration); !caps.empty())
            reply.set(Header::feature_caps, caps);
        if (makes_flow(*server->request, registration->wanted)) {
            reply.set(Header::require, "outbound");
            if (is_connected_here(*server->request))
                reply.set(Header::flow_timer, std::to_string(env_.settings->flow_timer.count()));
        }
        if (!server->request->paths.empty()) {
            reply.set(Header::path, joined(server->request->paths)); // RFC 3327 5.3
            reply.set(Header::service_route, service_route(server->party.account(), server->transport));
        }
        env_.answer(server_id, 200, reply, now, out);
    }
    registrations_.erase(id);
}

} // namespace sotto
