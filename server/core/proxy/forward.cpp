#include "core/proxy/proxy.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/privacy/geolocation.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/privacy/reply.hpp"
#include "core/privacy/shape.hpp"
#include "core/privacy/signed_identity.hpp"
#include "core/proxy/session_timer.hpp"
#include "core/routing/protection.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sotto {
namespace {

/// SEALING.md "Loops": always less than what came in, so that every loop ends; in steps, so that a phone which begins
/// with a number of its own is not known by it.
std::uint32_t forwards_left(std::uint32_t received)
{
    for (const std::uint32_t step : {29U, 19U, 9U})
        if (received > step) return step;
    return received > 0 ? received - 1 : 0;
}
constexpr seconds timer_c_interval{181}; ///< RFC 3261 16.6 step 11: more than three minutes

bool carries_contact(Method method)
{
    return method == Method::invite || method == Method::update || method == Method::refer ||
           method == Method::subscribe || method == Method::notify;
}

/// RFC 3262 7.2: "response-num CSeq-num Method", both numbers as the receiver knows them.
std::string rack(std::string_view value, DialogSeal& seal, Role sender)
{
    std::uint64_t numbers[2] = {};
    std::size_t at = 0;
    for (auto& number : numbers) {
        while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
        const auto start = at;
        while (at < value.size() && value[at] >= '0' && value[at] <= '9' && number <= UINT32_MAX)
            number = number * 10 + static_cast<std::uint64_t>(value[at++] - '0');
        if (at == start || number > UINT32_MAX) return {};
    }
    const auto method = method_of(trim(value.substr(at)));
    if (method == Method::other) return {};
    // The response that is acknowledged answered the sender's own request: its CSeq is the sender's.
    return std::to_string(seal.rseq_back(other(sender), static_cast<std::uint32_t>(numbers[0])))
        .append(" ")
        .append(std::to_string(seal.cseq(sender, static_cast<std::uint32_t>(numbers[1]))))
        .append(" ")
        .append(name_of(method));
}

/// Where the caller is, for who comes to help. `body`: what leaves of the request's.
void write_location(Outbound& message, const Message& request, const Body& body)
{
    if (!body.content_id.empty()) message.set(Header::content_id, body.content_id);
    const auto where = geolocation(request, body.locations);
    if (where.empty()) return;
    message.set(Header::geolocation, where);
    message.set(Header::geolocation_routing, "yes");
}

std::string with_tag(std::string_view address, std::string_view tag)
{
    std::string out;
    out.reserve(address.size() + tag.size() + 5);
    out += address;
    if (!tag.empty()) (out += ";tag=") += tag;
    return out;
}

/// RFC 3515 2.4.6: "refer;id=" and the CSeq number of the REFER, as whoever sent that one knows it. Empty: the event
/// has no id, or one that is no such number.
std::string event_of_referral(const Message& notify, DialogSeal& seal, Role sender)
{
    const auto event = notify.field(Header::event).value_or(std::string_view{});
    const auto semicolon = event.find(';');
    if (semicolon == std::string_view::npos || !iequals(trim(event.substr(0, semicolon)), "refer")) return {};
    const auto id = find_param(event.substr(semicolon + 1), "id").value_or(std::string_view{});
    std::uint32_t number = 0;
    const auto [end, fault] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (fault != std::errc{} || end != id.data() + id.size()) return {};
    const auto own = seal.cseq_back(other(sender), number);
    return own ? "refer;id=" + std::to_string(*own) : std::string{};
}

} // namespace

ForwardTarget Proxy::target_of(const Binding& binding) const
{
    return {.party = binding.account,
            .id = binding.id,
            .device = binding.id,
            .reg_id = binding.reg_id,
            .flow = binding.flow,
            .transport = binding.transport,
            .preference = {.q = binding.q},
            .uri = env_.cryptography.open_in_memory(binding.contact.bytes),
            .route = binding.path.bytes.empty() ? std::string{} : env_.cryptography.open_in_memory(binding.path.bytes),
            .by_path = !binding.path.bytes.empty()};
}

/// RFC 3261 16.5, 16.6: equal q in parallel, falling q one after the other; one device over one flow at a time.
void Proxy::located(SlotId id, Located located, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr) return;
    if (context->look_ups > 0) --context->look_ups;
    const bool over = context->over();
    auto& bindings = located.bindings;
    if (over) bindings.clear();
    if (!context->public_gruu.empty()) // RFC 5627 6.1: like the address, but of its devices only this one
        std::erase_if(bindings, [&](const Binding& b) {
            return !b.has_instance || public_gruu_value(b.id, env_.cryptography) != context->public_gruu;
        });
    std::ranges::sort(bindings, [](const Binding& a, const Binding& b) {
        return a.q != b.q ? a.q > b.q : a.refreshed > b.refreshed;
    });
    std::vector<Branch> all;
    for (const auto& binding : bindings) {
        if (context->lost(binding.flow)) continue;
        const auto same_device = [&](const Branch& b) { return b.target.id == binding.id; };
        if (const auto known = std::ranges::find_if(all, same_device); known != all.end()) {
            known->other_flows.push_back(target_of(binding));
            continue;
        }
        if (context->tries(binding.id)) continue; // 16.5: no duplicates, also after a redirection, or a waking
        all.emplace_back().target = target_of(binding);
    }
    const bool announces = context->announcement != ResponseContext::Announcement::none;
    for (auto& branch : all) {
        branch.announces = announces;
        branch.target.preference.contact =
            announces ? Preference::announcing : context->preference_of(branch.target.party.account());
    }
    if (context->look_ups == 0 && !over) wake_sleepers(id, all, now, out);
    if (context->woken > 0) { // it joins those that ring already
        --context->woken;
        const auto running = std::ranges::count_if(context->branches, [](const Branch& b) { return !b.ended; });
        if (all.empty()) return branch_over(id, now, out);
        if (static_cast<std::size_t>(running) + all.size() <= std::max<std::size_t>(1, context->breadth))
            return start_group(id, std::move(all), now, out);
    }
    for (auto& one : all) waits_its_turn(*context, std::move(one));
    branch_over(id, now, out);
}

/// Beside those that are as much preferred. Max-Breadth: what may not run in parallel comes after them (RFC
/// 5393 5.3.3).
void Proxy::waits_its_turn(ResponseContext& context, Branch branch)
{
    auto& waiting = context.waiting;
    const auto preference = branch.target.preference;
    const auto of_group = [](const std::vector<Branch>& group) { return group.front().target.preference; };
    const auto next = std::ranges::find_if(waiting, [&](const auto& group) { return of_group(group) < preference; });
    if (next != waiting.begin()) {
        auto& before = *std::prev(next);
        if (of_group(before) == preference && before.size() < std::max<std::size_t>(1, context.breadth))
            return before.push_back(std::move(branch));
    }
    waiting.emplace(next)->push_back(std::move(branch));
}

void Proxy::start_group(SlotId id, std::vector<Branch> group, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    const auto first = context->branches.size();
    for (auto& branch : group) context->branches.push_back(std::move(branch));
    const auto last = context->branches.size();
    for (auto i = first; i < last && contexts_.find(id) != nullptr; ++i) start(id, i, now, out);
}

/// One device, over the first of the ways to it that takes the request.
void Proxy::start_device(SlotId id, std::vector<ForwardTarget> ways, TimePoint now, Actions& out)
{
    std::vector<Branch> group(1);
    group.front().target = std::move(ways.front());
    ways.erase(ways.begin());
    group.front().other_flows = std::move(ways);
    start_group(id, std::move(group), now, out);
}

void Proxy::start(SlotId id, std::size_t index, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    const auto* server = env_.layer->server(context->server);
    const Message& request = *server->request;
    auto& branch = context->branches[index];
    const bool outside = branch.target.party.foreign();
    // A reload may have taken the route away while something else was waited for: then nothing leads there any more.
    if (outside && !context->in_dialog && route_of(branch.target.party) == nullptr)
        return failed(id, index, 503, nullptr, now, out);
    if (outside && !branch.target.flow) return connect(id, index, out);
    branch.client = env_.layer->open_client(branch.target.flow, branch.target.party, request.method, id,
                                            static_cast<std::uint32_t>(index), now);
    const auto via = env_.layer->branch_for(branch.client, request);
    transaction::Sent sent;
    auto bytes = write_request(*context, request, branch, via, &sent);
    if (!bytes) {
        env_.layer->abandon(branch.client);
        context->refused_body = bytes.error();
        return failed(id, index, verdict_of(bytes.error().refusal).status, nullptr, now, out);
    }
    if (request.method == Method::invite)
        branch.timer_c = env_.layer->set_timer(timer_c, branch.client, now + timer_c_interval);
    env_.layer->send(branch.client, std::move(sent), std::move(*bytes), out);
}

std::string Proxy::host_for(const Party& receiver, Transport transport) const
{
    if (receiver.foreign()) { // one name for all toward others: a withheld caller's domain must not show
        const auto& [advertised, port] = env_.settings->outside;
        auto host = advertised.empty() ? env_.domains().first() : advertised;
        if (port != 5061) (host += ':') += std::to_string(port);
        return host;
    }
    const auto* account = env_.accounts->find(receiver.account());
    return env_.domains().written_host(account != nullptr ? account->domain : std::string_view{env_.domains().first()},
                                       transport);
}

std::string Proxy::own_via(const ForwardTarget& to, std::string_view branch) const
{
    std::string via;
    via.reserve(112);
    via += to.transport == Transport::wss ? "SIP/2.0/WSS " : "SIP/2.0/TLS ";
    via.append(host_for(to.party, to.transport));
    if (to.party.foreign()) via.append(";alias"); // RFC 5923 5
    via.append(";branch=").append(branch);
    return via;
}

std::string Proxy::target_uri(DialogSeal& seal, Role stands_for, BindingId id, const Party& receiver,
                              Transport transport, Scheme scheme) const
{
    std::string uri;
    uri.reserve(112);
    uri += scheme == Scheme::sips ? "sips:" : "sip:";
    uri += seal.target(stands_for, id);
    (uri += '@') += host_for(receiver, transport);
    uri += transport == Transport::wss ? ";transport=ws" : ";transport=tls";
    return uri;
}

std::string Proxy::sender_contact(ResponseContext& context, const Message& request, Branch& branch)
{
    auto& seal = *branch.seal;
    auto id = context.sender_target.binding;
    if (!id && context.sender_target.handle) {
        const auto dialog = seal.hash();
        id = id_of_remote(request.from.tag(), context.role, dialog);
        auto kept = *context.sender_target.handle;
        const auto former = context.in_dialog ? env_.dialogs.handle(id) : std::nullopt;
        context.sender_target.proposed = former.has_value();
        if (former) kept.contact = former->contact; // until keep_proposed; the connection is a new one at once
        env_.dialogs.keep(dialog, seal.epoch(), id, std::move(kept), context.holder);
    }
    return target_uri(seal, context.role, id, branch.target.party, branch.target.transport, request.request_uri.scheme);
}

/// A new Contact counts from the answer that accepts it; a refused request leaves the old one (RFC 6141 4.6).
void Proxy::keep_proposed(ResponseContext& context, const Branch& branch)
{
    if (!std::exchange(context.sender_target.proposed, false)) return;
    const auto* server = env_.layer->server(context.server);
    if (server == nullptr) return;
    const auto dialog = branch.seal->hash();
    env_.dialogs.keep(dialog, branch.seal->epoch(), id_of_remote(server->request->from.tag(), context.role, dialog),
                      *context.sender_target.handle, context.holder);
}

boost::system::result<std::string, BodyRefusal> Proxy::write_request(ResponseContext& context, const Message& request,
                                                                     Branch& branch, std::string_view via,
                                                                     transaction::Sent* sent)
{
    const auto receiver = holder_of(branch.target.party, env_.cryptography);
    const bool from_caller = context.role == Role::caller;
    if (context.seal)
        branch.seal.emplace(*context.seal);
    else
        branch.seal.emplace(env_.seal_parts(), context.holder, receiver);
    auto& seal = *branch.seal;
    seal.is_held_by(other(context.role), receiver);
    if (request.method == Method::message && !context.in_dialog) seal.stands_alone();
    const auto& referral = context.referral;
    if (referral && (referral->withheld || referral->session)) {
        // Whom it leads to goes on withholding what it withheld in the dialog that the referral is from; and so does
        // whoever that one's phone sends the call on to.
        branch.session = referral->session;
        seal.keep_callee_privacy(
            {.withheld = referral->withheld ? std::optional{true} : std::nullopt, .session = referral->session});
    }
    if (context.hides_callee && request.method == Method::invite) seal.keep_callee_privacy({.withheld = true});
    auto our_via = own_via(branch.target, via);
    const bool outside = branch.target.party.foreign();
    auto shown = outside ? presented(context, request, branch)
                         : Presented{.request_uri = branch.target.uri,
                                     .from = shown_sender(context, request),
                                     .to = shown_receiver(context, request, branch.target.party)};
    auto from_address =
        with_tag(shown.from, seal.tag(context.role, context.tag(request.from.tag(), branch.target.party)));
    if (outside) {
        branch.to = shown.to;
        branch.called = shown.request_uri;
    }
    auto to_address = with_tag(shown.to, context.receiver_tag);
    auto call_id = from_caller ? seal.call_id(request.call_id) : context.receiver_call_id;
    const auto cseq = seal.cseq(context.role, request.cseq.number);

    auto message = Outbound::request(request.method, shown.request_uri, branch.target.party.receiver());
    message.from(request);
    if (request.method == Method::notify)
        if (const auto event = event_of_referral(request, seal, context.role); !event.empty())
            message.set(Header::event, event);
    message.set(Header::via, our_via);
    if (const auto interval = context.charge ? refresh_asked(request) : std::string{}; !interval.empty())
        message.set(Header::session_expires, interval);
    if (!branch.target.route.empty()) message.set(Header::route, branch.target.route);
    message.set(Header::max_forwards, std::to_string(forwards_left(request.max_forwards.value_or(70))));
    // One for each branch, whatever came in: a share would show a phone how many others its account has.
    if (request.method != Method::ack) message.set(Header::max_breadth, "1");
    message.set(Header::from, from_address);
    message.set(Header::to, to_address);
    message.set(Header::call_id, call_id);
    message.set(Header::cseq, {std::to_string(cseq), " ", name_of(request.method)});
    if (carries_contact(request.method) && !request.contacts.empty())
        message.set(Header::contact, {"<", sender_contact(context, request, branch), ">"});
    if (request.method == Method::prack) {
        const auto acknowledged = rack(request.field(Header::rack).value_or(std::string_view{}), seal, context.role);
        if (acknowledged.empty()) return BodyRefusal{Refusal::malformed_header, {}}; // RFC 3262 7.2
        message.set(Header::rack, acknowledged);
    }
    if (request.method == Method::refer) {
        const auto target = request.refer_to ? refer_to(context, *request.refer_to, branch) : std::string{};
        if (target.empty()) return BodyRefusal{Refusal::bad_uri, {}}; // none, or not the sender's to refer to
        message.set(Header::refer_to, target);
    }
    if (request.method == Method::refer && request.referred_by && shown.from != anonymous_identity)
        message.set(Header::referred_by, shown.from);
    write_quotes(message, context, request, receiver);
    if (!context.sender_withheld() && !outside)
        if (const auto reply = replied_to(request, context.holder, receiver); !reply.empty())
            message.set(Header::in_reply_to, reply);
    if (outside)
        write_outside(message, context, request, branch, shown);
    else if (request.method == Method::invite && context.sender.foreign())
        if (const auto label = protection(context.sender, request.vias.size(), hop_in_the_clear(request));
            !label.empty())
            message.set(Header::call_protection, label);
    auto body = body_for(context, request, seal, context.role, context.sender, branch.target.party);
    // A PRACK and a BYE go on without theirs: what they say counts, and a call must have an end.
    if (!body && request.method != Method::prack && request.method != Method::bye) return body.error();
    if (body && !body->content.empty()) message.body(body->content_type, body->content);
    if (branch.target.party.receiver() == Receiver::emergency) write_location(message, request, body ? *body : Body{});
    const auto content = body ? std::string_view{body->content} : std::string_view{};
    const bool signature = signature_holds(request, from_address, to_address, content);
    for (const auto& field : request.fields) {
        if (field.name != Header::identity && field.name != Header::date) continue;
        if (signature)
            message.set(field.name, field.value);
        else
            env_.dropped.count(field.name);
    }
    env_.dropped.count(request, branch.target.party.receiver());
    if (sent != nullptr && request.method == Method::invite)
        *sent = {.request_uri = std::move(shown.request_uri),
                 .via = std::move(our_via),
                 .from = std::move(from_address),
                 .to = std::move(to_address),
                 .call_id = std::move(call_id),
                 .route = branch.target.route,
                 .cseq = cseq};
    return message.write();
}

/// The identity that the receiver is shown: the sender's own address unless withheld. Where a request inside a dialog
/// names none of its sender's, another one than the dialog began with would tell that both are one account's.
std::string Proxy::shown_sender(const ResponseContext& context, const Message& request) const
{
    if (context.sender_withheld()) return std::string{anonymous_identity};
    if (context.sender.foreign()) return foreign_sender(context, request);
    const auto aor = own_from(context.sender, request);
    if (aor.empty()) return std::string{anonymous_identity};
    return shown_address(context.display_name(request), address_uri(request.from.uri.scheme, aor));
}

/// The address in a To, without the prefix that only the caller knows of.
std::string Proxy::dialled_address(const Uri& uri) const
{
    auto aor = env_.domains().aor(uri);
    take_prefix(aor, {env_.settings->withhold_prefix, env_.settings->show_prefix});
    return aor;
}

/// The receiver's own address, as it knows itself.
std::string Proxy::shown_receiver(const ResponseContext& context, const Message& request, const Party& receiver) const
{
    auto aor = context.in_dialog ? dialled_address(request.to.uri) : context.aor;
    const auto* owner = env_.account_of(aor);
    if (owner == nullptr || receiver != owner->id) {
        const auto* account = env_.accounts->find(receiver.account());
        if (account == nullptr) return std::string{anonymous_identity};
        aor = std::string{account->user}.append("@").append(account->domain);
    }
    return shown_address({}, address_uri(request.to.uri.scheme, aor));
}

std::string Proxy::address_of(const Party& party) const
{
    const auto* account = env_.accounts->find(party.account());
    if (account == nullptr) return "sip:anonymous@anonymous.invalid";
    return address_uri(Scheme::sip, std::string{account->user}.append("@").append(account->domain));
}

BodyResult Proxy::answer_body(ResponseContext& context, Branch& branch, const Message& response) const
{
    if (!context.in_dialog)
        context.callee_session = branch.session;
    else if (context.role == Role::caller && !response.body.empty()) // whatever was asked: it may be a description
        context.callee_session = branch.seal->callee_privacy().session;
    return body_for(context, response, *branch.seal, other(context.role), branch.target.party, context.sender);
}

BodyResult Proxy::body_for(const ResponseContext& context, const Message& source, DialogSeal& seal, Role sender,
                           const Party& author, const Party& reader) const
{
    if (source.body.empty()) return Body{};
    const auto* account = env_.accounts->find(author.account());
    const auto& keying = env_.settings->keying;
    BodyPolicy policy;
    auto& sdp = policy.sdp;
    const auto wish = source.has(Header::privacy) ? privacy_wish(source) : PrivacyWish{};
    sdp.relay_only = env_.settings->relay_only || (account != nullptr && account->relay_only) ||
                     context.session_of(sender) || wish.session;
    for (const auto* party : {&author, &reader})
        if (const auto* route = route_of(*party); route != nullptr) {
            sdp.permit_sdes = sdp.permit_sdes || route->sdes;
            // Nobody's call for help fails for want of a relay.
            if (route->kind == Receiver::emergency) sdp.relay_only = false;
        }
    sdp.dtls_srtp = std::ranges::find(keying, "dtls-srtp") != keying.end();
    sdp.zrtp = std::ranges::find(keying, "zrtp") != keying.end();
    sdp.offer = source.is_request && (source.method == Method::invite || source.method == Method::update);
    sdp.permitted_codecs = env_.settings->codecs;
    sdp.session_id = seal.sdp_session(sender);
    sdp.version_offset = seal.sdp_version_offset(sender);
    policy.method = source.method;
    policy.critical = source.is_request && wish.session && wish.critical;
    policy.location = reader.receiver() == Receiver::emergency;
    // Who comes to help is told who calls.
    const bool answers = sender != context.role;
    const bool by_account = !context.in_dialog && account != nullptr && account->withhold_identity && !wish.none;
    const bool hides = wish.withhold() || by_account;
    policy.withheld = !policy.location && (answers ? hides || receiver_withheld(context) : context.sender_withheld());
    return minimise_body(source, policy);
}

} // namespace sotto
