#include "core/registrar/reg_event.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/message/extensions.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/reply.hpp"
#include "core/registrar/contact.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sotto {
namespace {

constexpr seconds longest{3600}; ///< RFC 3680 4.4 would have 3761 as the default
constexpr std::string_view content_type = "application/reginfo+xml";
constexpr char between = '\n'; // stands in no header value
constexpr std::size_t most_subscriptions = 100'000;

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

bool to_reg(const Message& request)
{
    const auto event = request.field(Header::event);
    return event && iequals(trim(event->substr(0, event->find(';'))), "reg");
}

/// `id` of the Event header, to be repeated (RFC 6665 8.2.1).
std::string event_value(const Message& request)
{
    const auto event = request.field(Header::event).value_or("reg");
    const auto semicolon = event.find(';');
    const auto id = semicolon == std::string_view::npos ? std::nullopt : find_param(event.substr(semicolon + 1), "id");
    return id && !id->empty() ? std::string{"reg;id="}.append(*id) : std::string{"reg"};
}

/// Where the phone refreshes its subscription; the To tag says which one it is.
std::string own_contact(const KeyedHash& subscription, const std::string& host, Transport transport)
{
    std::array<std::uint8_t, sizeof subscription> bytes;
    std::memcpy(bytes.data(), &subscription, bytes.size());
    return "<sip:" + base64url(bytes) + "@" + host +
           (transport == Transport::wss ? ";transport=ws>" : ";transport=tls>");
}

} // namespace

bool RegEvent::request(SlotId id, Flow& flow, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    const Message& request = *server->request;
    if (!to_reg(request)) return false;
    const bool refreshes = !request.to.tag().empty();
    auto subscription = refreshes ? known(request) : SlotId{};
    if (refreshes && !subscription) return false; // a dialog of somebody else's
    if (const auto tags = extensions_not_carried(request, {}); !tags.empty()) {
        env_.refuse_extensions(id, tags, now, out);
        return true;
    }
    const auto domains = env_.domains();
    const auto* domain = domains.of(request.from.uri);
    const auto* account = env_.authenticate(id, flow, auth::Asker::proxy, domain != nullptr ? *domain : domains.first(),
                                            unescape(request.from.uri.user).value_or(std::string{}), now, out);
    if (account == nullptr) return true;
    if (refreshes) {
        if (subscriptions_.find(subscription)->account != account->id) {
            env_.refuse(id, Refusal::no_dialog, now, out);
            return true;
        }
    } else {
        if (!request.contacts.empty() && request_uri_of(request.contacts.front().uri).empty()) {
            env_.refuse(id, Refusal::bad_contact, now, out);
            return true;
        }
        const auto* owner = env_.account_of(domains.aor(request.request_uri));
        if (owner == nullptr || owner->id != account->id || request.contacts.size() != 1 ||
            subscriptions_.size() >= most_subscriptions) {
            env_.refuse(id, Refusal::forbidden, now, out); // alike for every address that is not one's own
            return true;
        }
        make_room(account->id, out);
        subscription = subscribe(id, *account, flow, out);
    }
    subscriptions_.find(subscription)->flow = flow.id;
    confirm(subscription, id, now, out);
    return true;
}

RegEvent::SlotId RegEvent::known(const Message& request) const
{
    const auto found = by_dialog_.find(env_.cryptography.keyed_hash(
        Cryptography::Use::dialog, std::string{request.call_id}.append(1, between).append(request.to.tag())));
    return found == by_dialog_.end() ? SlotId{} : found->second;
}

RegEvent::SlotId RegEvent::subscribe(SlotId server_id, const Account& account, const Flow& flow, Actions& out)
{
    const auto& server = *env_.layer->server(server_id);
    const Message& request = *server.request;
    const auto tag = env_.own_tag(server);
    const auto& contact = request.contacts.front();
    auto device = device_among(flow.bindings, account.id, contact, env_.cryptography);
    const auto temporary = temporary_gruu_in(contact.uri, env_.cryptography);
    if (temporary) device = temporary->device;
    if (!flow.registers(device) && flow.bindings.size() == 1) device = flow.bindings.front().id;
    const auto view = std::string{request.call_id}
                          .append(1, between)
                          .append(as_written(request.to))
                          .append(";tag=")
                          .append(tag)
                          .append(1, between)
                          .append(as_written(request.from))
                          .append(1, between)
                          .append(request_uri_of(contact.uri))
                          .append(1, between)
                          .append(event_value(request));
    Subscription subscription{
        .key = env_.cryptography.keyed_hash(Cryptography::Use::dialog,
                                            std::string{request.call_id}.append(1, between).append(tag)),
        .account = account.id,
        .device = device,
        .flow = flow.id,
        .transport = flow.transport,
        .view = {env_.cryptography.seal_in_memory(view)}};
    const auto key = subscription.key;
    const auto id = subscriptions_.emplace(std::move(subscription));
    by_dialog_.emplace(key, id);
    by_device_.emplace(device, id);
    env_.watch(device, out);
    by_account_[account.id].push_back(id);
    return id;
}

/// A phone that has lost its dialog subscribes anew, and nobody tells of the one before: of an account's, the oldest
/// give way. Otherwise one account could take the places of all, and one registration would send as many NOTIFYs.
void RegEvent::make_room(AccountId account, Actions& out)
{
    const auto most = std::size_t{2} * env_.settings->bindings_per_account;
    for (auto own = by_account_.find(account); own != by_account_.end() && own->second.size() >= most;
         own = by_account_.find(account))
        end(own->second.front(), out);
}

void RegEvent::confirm(SlotId id, SlotId server_id, TimePoint now, Actions& out)
{
    auto* subscription = subscriptions_.find(id);
    const auto* server = env_.layer->server(server_id);
    const Message& request = *server->request;
    const auto wanted = request.field(Header::expires);
    const auto granted = std::min(wanted ? seconds{seconds_of(*wanted)} : longest, longest);
    subscription->expires = now + granted;
    subscription->notify = true;
    env_.layer->cancel_timer(subscription->timer);
    subscription->timer = env_.layer->set_timer(timer, id, subscription->expires);
    auto reply = env_.own_reply(*server, 200);
    reply.set(Header::expires, std::to_string(granted.count()));
    const auto host =
        env_.domains().written_host(env_.accounts->find(subscription->account)->domain, subscription->transport);
    reply.set(Header::contact, own_contact(subscription->key, host, subscription->transport));
    env_.answer(server_id, 200, reply, now, out);
    look(*subscription, id, out);
}

void RegEvent::look(const Subscription& subscription, SlotId id, Actions& out) const
{
    out.push_back(Find{ticket_for(Waiting::reg_event, id), subscription.device});
}

void RegEvent::binding_changed(BindingId device, Actions& out)
{
    const auto [from, to] = by_device_.equal_range(device);
    for (auto at = from; at != to; ++at)
        if (const auto* one = subscriptions_.find(at->second)) look(*one, at->second, out);
}

/// A refresh changes nothing that is told: a phone is not woken for what it did itself.
KeyedHash RegEvent::what_is_told(const std::vector<Binding>& flows) const
{
    std::vector<std::uint64_t> all;
    for (const auto& binding : flows) {
        all.push_back(binding.reg_id);
        all.push_back(binding.gruu_series.number);
    }
    std::ranges::sort(all);
    all.push_back(flows.size());
    return env_.cryptography.keyed_hash(Cryptography::Use::dialog,
                                        {reinterpret_cast<const char*>(all.data()), all.size() * sizeof all.front()});
}

void RegEvent::found(SlotId id, std::vector<Binding> flows, TimePoint now, Actions& out)
{
    auto* subscription = subscriptions_.find(id);
    if (subscription == nullptr) return;
    if (env_.accounts->find(subscription->account) == nullptr) return end(id, out); // it was removed meanwhile
    // A temporary GRUU in its Contact may name anybody's device.
    std::erase_if(flows, [&](const Binding& b) { return b.account != subscription->account; });
    const auto told = what_is_told(flows);
    if (!subscription->notify && told == subscription->shown) return;
    subscription->notify = false;
    subscription->shown = told;
    if (!flows.empty()) {
        subscription->flow = flows.front().flow;
        subscription->transport = flows.front().transport;
    }
    send_notify(id, flows, now, out);
    if (subscription->expires <= now) end(id, out);
}

void RegEvent::send_notify(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    auto* subscription = subscriptions_.find(id);
    const auto* account = env_.accounts->find(subscription->account);
    const auto view = env_.cryptography.open_in_memory(subscription->view.bytes);
    std::array<std::string_view, 5> parts; // Call-ID, our address, the phone's, its Contact, the Event
    std::string_view rest = view;
    for (auto& part : parts) {
        part = rest.substr(0, rest.find(between));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    const auto host = env_.domains().written_host(account->domain, subscription->transport);
    const bool websocket = subscription->transport == Transport::wss;
    const auto client = env_.layer->open_client(subscription->flow, subscription->account, Method::notify, id,
                                                transaction::Layer::of_a_subscription, now);
    const auto left = std::chrono::duration_cast<seconds>(subscription->expires - now).count();
    auto notify = Outbound::request(Method::notify, parts[3], Receiver::subscriber);
    notify.set(Header::via,
               (websocket ? "SIP/2.0/WSS " : "SIP/2.0/TLS ") + host + ";branch=" + env_.layer->branch_for(client));
    if (!flows.empty() && !flows.front().path.bytes.empty())
        notify.set(Header::route, env_.cryptography.open_in_memory(flows.front().path.bytes));
    notify.set(Header::max_forwards, "30");
    notify.set(Header::from, parts[1]);
    notify.set(Header::to, parts[2]);
    notify.set(Header::call_id, parts[0]);
    notify.set(Header::cseq, std::to_string(++subscription->cseq).append(" NOTIFY"));
    notify.set(Header::contact, own_contact(subscription->key, host, subscription->transport));
    notify.set(Header::event, parts[4]);
    notify.set(Header::subscription_state,
               left > 0 ? "active;expires=" + std::to_string(left) : std::string{"terminated;reason=timeout"});
    const auto state = document(*subscription, flows, now);
    notify.body(content_type, state);
    env_.layer->send(client, {}, notify.write(), out);
    ++subscription->version;
}

/// RFC 3680 5: always the whole state of the phone's own device.
std::string RegEvent::document(const Subscription& subscription, const std::vector<Binding>& flows, TimePoint now) const
{
    const auto* account = env_.accounts->find(subscription.account);
    const auto aor = address_uri(Scheme::sip, std::string{account->user}.append("@").append(account->domain));
    std::string out = "<?xml version=\"1.0\"?>\r\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" "
                      "xmlns:gr=\"urn:ietf:params:xml:ns:gruuinfo\" version=\"";
    out += std::to_string(subscription.version) + "\" state=\"full\">\r\n<registration aor=\"" + escaped(aor) +
           "\" id=\"r\" state=\"" + (flows.empty() ? "terminated" : "active") + "\">\r\n";
    for (const auto& binding : flows) {
        const auto left = std::chrono::duration_cast<seconds>(binding.expires - now).count();
        out += "<contact id=\"c" + std::to_string(binding.reg_id) +
               "\" state=\"active\" event=\"registered\" expires=\"" + std::to_string(std::max<long long>(left, 0)) +
               "\" q=\"" + (binding.q == 1000 ? "1" : "0.") +
               (binding.q == 1000 ? std::string{} : std::to_string(1000 + binding.q).substr(1)) + "\">\r\n<uri>" +
               escaped(env_.cryptography.open_in_memory(binding.contact.bytes)) + "</uri>\r\n";
        if (env_.settings->public_gruus && binding.has_instance)
            out += "<gr:pub-gruu uri=\"" + escaped(aor) + ";gr=" + public_gruu_value(binding.id, env_.cryptography) +
                   "\"/>\r\n";
        if (binding.has_instance) {
            const auto temporary = make_temporary_gruu({binding.id, binding.gruu_series}, env_.cryptography);
            out += "<gr:temp-gruu uri=\"" +
                   escaped(address_uri(Scheme::sip,
                                       temporary + "@" +
                                           env_.domains().written_host(account->domain, subscription.transport))) +
                   ";gr\" first-cseq=\"" + std::to_string(binding.cseq) + "\"/>\r\n";
        }
        out += "</contact>\r\n";
    }
    return out + "</registration>\r\n</reginfo>\r\n";
}

void RegEvent::notified(SlotId id, bool accepted, Actions& out)
{
    if (!accepted && subscriptions_.find(id) != nullptr) end(id, out);
}

void RegEvent::expired(SlotId id, Actions& out)
{
    auto* subscription = subscriptions_.find(id);
    if (subscription == nullptr) return;
    subscription->timer = {};
    subscription->notify = true; // the last one says that it is over
    look(*subscription, id, out);
}

void RegEvent::end(SlotId id, Actions& out)
{
    const auto* subscription = subscriptions_.find(id);
    env_.layer->cancel_timer(subscription->timer);
    by_dialog_.erase(subscription->key);
    const auto own = by_account_.find(subscription->account);
    std::erase(own->second, id);
    if (own->second.empty()) by_account_.erase(own);
    const auto device = subscription->device;
    const auto [from, to] = by_device_.equal_range(device);
    for (auto at = from; at != to; ++at)
        if (at->second == id) {
            by_device_.erase(at);
            break;
        }
    subscriptions_.erase(id);
    env_.watch_no_more(device, out);
}

} // namespace sotto
