#include "core/registrar/registrar.hpp"

#include "core/privacy/reply.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <charconv>

namespace sotto {
namespace {

using transaction::SlotId;

/// RFC 3261 20.19: malformed values count as 3600 s.
std::uint32_t seconds_of(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return UINT32_MAX;
    return error == std::errc{} && end == text.data() + text.size() ? value : 3600;
}

std::uint32_t wanted_expiry(const Message& request, const NameAddr& contact, const CoreSettings& settings)
{
    if (const auto own = contact.param("expires")) return seconds_of(*own);
    if (const auto common = request.field(Header::expires)) return seconds_of(*common);
    return static_cast<std::uint32_t>(settings.binding_lifetime.count());
}

/// Thousandths; RFC 3261 25.1 qvalue. Malformed: the default of 1.
std::uint16_t q_of(const NameAddr& contact)
{
    const auto text = contact.param("q");
    if (!text || text->empty() || (text->front() != '0' && text->front() != '1')) return 1000;
    std::uint16_t value = static_cast<std::uint16_t>((text->front() - '0') * 1000);
    std::uint16_t place = 100;
    for (std::size_t i = 2; i < text->size() && i < 5; ++i, place = static_cast<std::uint16_t>(place / 10)) {
        if ((*text)[1] != '.' || (*text)[i] < '0' || (*text)[i] > '9') return 1000;
        value = static_cast<std::uint16_t>(value + place * ((*text)[i] - '0'));
    }
    return std::min<std::uint16_t>(value, 1000);
}

std::uint32_t reg_id_of(const NameAddr& contact)
{
    const auto text = contact.param("reg-id");
    std::uint32_t value = 0;
    if (!text || !contact.param("+sip.instance")) return 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() && value < (1U << 31U) ? value : 0;
}

} // namespace

void Registrar::request(SlotId id, Flow& flow, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    const Message& request = *server->request;
    const auto domains = env_.domains();
    const auto* domain = domains.ours(request.request_uri) ? domains.of(request.request_uri.host) : nullptr;
    if (domain == nullptr) return env_.refuse(id, Refusal::not_found, now, out); // 10.3 step 1
    if (!admit(id, request, now, out)) return;                                   // step 2
    const auto* account = env_.authenticate(id, flow, auth::Asker::registrar, *domain,
                                            unescape(request.to.uri.user).value_or(std::string{}), now, out); // step 3
    if (account == nullptr) return;
    const auto aor = domains.aor(request.to.uri);
    const auto* owner = aor.empty() ? nullptr : env_.account_of(aor);
    if (owner == nullptr || owner->id != account->id)
        return env_.refuse(id, Refusal::forbidden, now, out); // steps 4 and 5, without a 404
    const auto registration = registrations_.emplace(
        Registration{.server = id, .account = owner->id, .flow = flow.id, .transport = flow.transport});
    server->context = registration;
    out.push_back(LookUp{ticket_for(Waiting::registration, registration), aor_key(owner->id, env_.cryptography)});
}

bool Registrar::admit(SlotId id, const Message& request, TimePoint now, Actions& out)
{
    std::string unknown;
    for (const auto& field : request.fields)
        if (field.name == Header::require)
            for_each_element(field.value, [&](std::string_view tag) {
                if (iequals(tag, "outbound") || iequals(tag, "path") || iequals(tag, "gruu")) return;
                if (!unknown.empty()) unknown += ", ";
                unknown += tag;
            });
    if (unknown.empty()) return true;
    auto reply = env_.own_reply(*env_.layer->server(id), 420);
    reply.set(Header::unsupported, unknown);
    ++env_.counters.refused;
    env_.answer(id, 420, reply, now, out);
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
    const Message& request = *server->request;
    if (!request.contact_star && request.contacts.empty()) { // a query: what this flow registered
        for (auto& binding : located.bindings)
            if (binding.flow == registration->flow) registration->wanted.push_back(std::move(binding));
        return answer(id, now, out);
    }
    if (const auto refusal = apply(request, *registration, located.bindings, now))
        return finish(id, *refusal, now, out);
    out.push_back(Commit{ticket_for(Waiting::registration, id), registration->flow,
                         aor_key(registration->account, env_.cryptography), std::move(located)});
}

std::optional<Refusal> Registrar::apply(const Message& request, Registration& registration,
                                        std::vector<Binding>& bindings, TimePoint now)
{
    if (request.contact_star) return remove_all(request, registration, bindings);
    for (const auto& contact : request.contacts)
        if (const auto refusal = apply_contact(request, contact, registration, bindings, now)) return refusal;
    if (bindings.size() > env_.settings->bindings_per_account) return Refusal::forbidden;
    return std::nullopt;
}

std::optional<Refusal> Registrar::remove_all(const Message& request, Registration& registration,
                                             std::vector<Binding>& bindings)
{
    const auto expires = request.field(Header::expires);
    if (!request.contacts.empty() || !expires || seconds_of(*expires) != 0) return Refusal::bad_contact; // step 6
    const auto call_id = env_.cryptography.keyed_hash(Cryptography::Use::instance, request.call_id);
    for (const auto& binding : bindings) {
        if (binding.call_id == call_id && request.cseq.number <= binding.cseq) return Refusal::out_of_order;
        registration.removed.push_back(binding.id);
    }
    bindings.clear();
    return std::nullopt;
}

std::optional<Refusal> Registrar::apply_contact(const Message& request, const NameAddr& contact,
                                                Registration& registration, std::vector<Binding>& bindings,
                                                TimePoint now)
{
    const auto& uri = contact.uri;
    if ((uri.scheme != Scheme::sip && uri.scheme != Scheme::sips) || uri.host.empty()) return Refusal::bad_contact;
    const auto& settings = *env_.settings;
    const auto asked = wanted_expiry(request, contact, settings);
    if (asked > 0 && seconds{asked} < settings.shortest_binding) return Refusal::interval_too_brief; // step 7
    const auto device = device_of(contact, env_.cryptography);
    const auto reg_id = reg_id_of(contact);
    const auto call_id = env_.cryptography.keyed_hash(Cryptography::Use::instance, request.call_id);
    const auto known =
        std::ranges::find_if(bindings, [&](const Binding& b) { return b.device == device.hash && b.reg_id == reg_id; });
    if (known != bindings.end() && known->call_id == call_id && request.cseq.number <= known->cseq)
        return Refusal::out_of_order;
    if (asked == 0) {
        if (known != bindings.end()) {
            registration.removed.push_back(known->id);
            bindings.erase(known);
        }
        return std::nullopt;
    }
    const auto granted = std::min(seconds{asked}, settings.binding_lifetime);
    Binding binding{.id = binding_id(registration.account, device, env_.cryptography),
                    .account = registration.account,
                    .flow = registration.flow,
                    .transport = registration.transport,
                    .reg_id = reg_id,
                    .q = q_of(contact),
                    .cseq = request.cseq.number,
                    .call_id = call_id,
                    .device = device.hash,
                    .has_instance = device.has_instance,
                    .sips = uri.scheme == Scheme::sips,
                    .expires = now + granted,
                    .refreshed = now,
                    .contact = {env_.cryptography.seal_in_memory(uri.text)},
                    .path = {}};
    registration.wanted.push_back(binding);
    if (known != bindings.end())
        *known = std::move(binding);
    else
        bindings.push_back(std::move(binding));
    return std::nullopt;
}

void Registrar::committed(SlotId id, Flow* flow, bool accepted, TimePoint now, Actions& out)
{
    auto* registration = registrations_.find(id);
    if (registration == nullptr) return;
    if (!accepted) { // somebody else changed the account's bindings meanwhile
        out.push_back(LookUp{ticket_for(Waiting::registration, id), aor_key(registration->account, env_.cryptography)});
        return;
    }
    if (flow != nullptr) {
        for (const auto removed : registration->removed) std::erase(flow->bindings, removed);
        for (const auto& binding : registration->wanted)
            if (std::ranges::find(flow->bindings, binding.id) == flow->bindings.end())
                flow->bindings.push_back(binding.id);
    }
    ++env_.counters.registrations;
    answer(id, now, out);
}

void Registrar::finish(SlotId id, Refusal refusal, TimePoint now, Actions& out)
{
    const auto server_id = registrations_.find(id)->server;
    registrations_.erase(id);
    if (refusal != Refusal::interval_too_brief) return env_.refuse(server_id, refusal, now, out);
    auto reply = env_.own_reply(*env_.layer->server(server_id), 423);
    reply.set(Header::min_expires, std::to_string(env_.settings->shortest_binding.count()));
    ++env_.counters.refused;
    env_.answer(server_id, 423, reply, now, out);
}

std::string Registrar::contact_value(const Message& request, const Binding& binding, TimePoint now) const
{
    const auto uri = env_.cryptography.open_in_memory(binding.contact.bytes);
    auto value = "<" + uri + ">";
    for (const auto& contact : request.contacts) // the device's own words are known only from this request
        if (contact.uri.text == uri)
            for (const std::string_view name : {"+sip.instance", "reg-id", "q"})
                if (const auto given = contact.param(name)) ((value += ';') += name) += std::string{"="}.append(*given);
    const auto left = std::chrono::duration_cast<seconds>(binding.expires - now).count();
    return value.append(";expires=").append(std::to_string(std::max<long long>(left, 0)));
}

void Registrar::answer(SlotId id, TimePoint now, Actions& out)
{
    const auto* registration = registrations_.find(id);
    const auto server_id = registration->server;
    if (const auto* server = env_.layer->server(server_id); server != nullptr) {
        auto reply = env_.own_reply(*server, 200);
        for (const auto& binding : registration->wanted)
            reply.set(Header::contact, contact_value(*server->request, binding, now));
        env_.answer(server_id, 200, reply, now, out);
    }
    registrations_.erase(id);
}

} // namespace sotto
