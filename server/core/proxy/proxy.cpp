#include "core/proxy/proxy.hpp"

#include "core/auth/credentials.hpp"
#include "core/dialog/remote_target.hpp"
#include "core/message/extensions.hpp"
#include "core/privacy/anonymous_callers.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/privacy/reply.hpp"
#include "core/privacy/shape.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr std::uint32_t most_breadth = 60; ///< RFC 5393 5.3.3

bool forms_dialog_or_stands_alone(Method method) { return method == Method::invite || method == Method::message; }

/// Its Contact is where requests inside the dialog go (RFC 3261 12.1, 12.2; RFC 6665).
bool names_remote_target(Method method)
{
    return method == Method::invite || method == Method::update || method == Method::refer ||
           method == Method::subscribe || method == Method::notify;
}

/// Nothing: it is no number.
std::optional<std::uint32_t> breadth_of(const Message& request)
{
    const auto text = request.field(Header::max_breadth);
    if (!text) return most_breadth;
    if (text->empty()) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : *text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = std::min(value * 10 + static_cast<std::uint32_t>(c - '0'), most_breadth);
    }
    return value;
}

} // namespace

void Proxy::request(SlotId id, Flow& flow, TimePoint now, Actions& out)
{
    const Message& request = *env_.layer->server(id)->request;
    if (const auto refusal = validate(request)) return env_.refuse(id, *refusal, now, out);
    if (const auto tags = extensions_not_carried(request, carried_option_tags()); !tags.empty())
        return env_.refuse_extensions(id, tags, now, out);
    if (request.method == Method::other) return env_.refuse(id, Refusal::method_not_implemented, now, out);
    if (!request.to.tag().empty()) return in_dialog(id, flow, now, out);
    switch (request.method) {
    case Method::options: // a keep-alive asks about nobody; any other one proves first who asks
        if (request.request_uri.user.empty() && env_.domains().ours(request.request_uri))
            return answer_ourselves(id, request, now, out);
        break;
    case Method::bye:
    case Method::info:
    case Method::notify:
    case Method::prack:
    case Method::update:
        return env_.refuse(id, Refusal::no_dialog, now, out);
    default:
        break;
    }
    // RFC 3261 8.1.1.8. Before the password is looked at: whoever guesses one learns nothing short of a call.
    if (request.method == Method::invite && request.contacts.size() != 1)
        return env_.refuse(id, Refusal::bad_contact, now, out);
    const auto* help = route_for_help(request);
    const bool for_help = help != nullptr;
    if (for_help && !flow.foreign() && !carries_help(id, *help, now, out)) return;
    const auto caller = admit(id, flow, for_help, now, out);
    if (!caller) return;
    if (!forms_dialog_or_stands_alone(request.method)) return answer_ourselves(id, request, now, out);
    if (env_.draining && !for_help) return env_.refuse(id, Refusal::overloaded, now, out);
    route(id, *caller, flow, now, out);
}

std::optional<Proxy::Caller> Proxy::admit(SlotId id, Flow& flow, bool for_help, TimePoint now, Actions& out)
{
    const Message& request = *env_.layer->server(id)->request;
    if (flow.foreign()) return admit_outsider(id, flow, now, out);
    const auto* account =
        authenticate(id, flow, for_help ? Environment::Admits::for_help : Environment::Admits::active, now, out);
    if (account == nullptr) return std::nullopt;
    const auto refusal =
        for_help || !forms_dialog_or_stands_alone(request.method) ? std::nullopt : check_from(request, *account);
    if (!refusal)
        return Caller{
            .party = account->id, .domain = std::string{account->domain}, .withholds = account->withhold_identity};
    env_.refuse(id, *refusal, now, out);
    return std::nullopt;
}

std::optional<Refusal> Proxy::validate(const Message& request) const
{
    const auto domains = env_.domains();
    const bool asks_us =
        request.method == Method::options && request.to.tag().empty() && domains.ours(request.request_uri);
    if (request.max_forwards == 0U && !asks_us) return Refusal::too_many_hops; // RFC 3261 16.3 step 3
    if (transaction::looped(env_.cryptography, request)) return Refusal::loop; // RFC 5393 4.2.2
    // 16.4: ours are taken off; nobody else's is ours to serve. A call for help bears that of the service that the
    // phone has found (RFC 6881 9.2), and goes over our own.
    const auto not_ours = [&](const NameAddr& route) { return !domains.ours(route.uri); };
    if (std::ranges::any_of(request.routes, not_ours) && !asks_for_help(request)) return Refusal::forbidden;
    const auto breadth = breadth_of(request);
    if (!breadth) return Refusal::malformed_header;
    if (*breadth == 0) return Refusal::max_breadth_exceeded;
    if (names_remote_target(request.method) &&
        std::ranges::any_of(request.contacts, [](const auto& c) { return !c.uri.is_sip(); }))
        return Refusal::bad_contact; // 8.1.1.8
    return std::nullopt;
}

/// Outside a dialog these ask about a person. They are answered here, alike for every address (DESIGN.md P10).
void Proxy::answer_ourselves(SlotId id, const Message& request, TimePoint now, Actions& out)
{
    switch (request.method) {
    case Method::options: {
        auto reply = env_.own_reply(*env_.layer->server(id), 200);
        reply.set(Header::allow,
                  "INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, NOTIFY, OPTIONS, PRACK, REFER, REGISTER, UPDATE");
        reply.set(Header::accept, "application/sdp, text/plain");
        reply.set(Header::supported, "100rel, norefersub, outbound, replaces, timer");
        return env_.answer(id, 200, reply, now, out);
    }
    case Method::subscribe:
    case Method::publish:
        return env_.refuse(id, Refusal::bad_event, now, out);
    default:
        return env_.refuse(id, Refusal::forbidden, now, out); // REFER: only whoever is in a call asks for another
    }
}

const Account* Proxy::authenticate(SlotId id, Flow& flow, Environment::Admits admits, TimePoint now, Actions& out)
{
    const auto expected = claimed(*env_.layer->server(id)->request, flow);
    return env_.authenticate(id, flow, auth::Asker::proxy, expected.domain, expected.user, now, out, admits);
}

/// Right or wrong.
std::optional<Proxy::Claimed> Proxy::named_by_credentials(const Message& request) const
{
    const auto domains = env_.domains();
    for (const auto& field : request.fields) {
        const auto given = field.name == Header::proxy_authorization ? auth::parse_credentials(field.value)
                                                                     : std::optional<auth::Credentials>{};
        if (const auto* own = given ? domains.of(given->realm) : nullptr)
            return Claimed{*own, std::string{given->username}};
    }
    return std::nullopt;
}

/// Whose password is asked for. A From that is none of ours, as an anonymous one is (RFC 3323 4.1.1.3), names nobody:
/// then what else shows whom the phone has a password of. Who that is counts first when it is right.
Proxy::Claimed Proxy::claimed(const Message& request, const Flow& flow) const
{
    const auto domains = env_.domains();
    const auto user_in = [](const Uri& uri) { return unescape(uri.user).value_or(std::string{}); };
    if (const auto* own = domains.of(request.from.uri)) return {*own, user_in(request.from.uri)};
    if (auto named = named_by_credentials(request)) return *std::move(named); // what they answer was asked for
    for (const auto& preferred : request.preferred)                           // RFC 3325 9.2
        if (const auto* own = domains.of(preferred.uri)) return {*own, user_in(preferred.uri)};
    const auto* own = domains.of(request.request_uri);
    const Account* known =
        nullptr; // the last one, of the domain that is called if any is; behind an edge it is anybody
    const auto knows = [&](AccountId proven) {
        const auto* account = env_.accounts->find(proven);
        const auto called = [&](const Account& one) { return own != nullptr && one.domain == *own; };
        if (account != nullptr && (known == nullptr || (called(*account) && !called(*known)))) known = account;
    };
    if (!flow.of_edge()) {
        for (auto party = flow.parties.rbegin(); party != flow.parties.rend(); ++party) knows(party->account());
        for (auto account = flow.for_help.rbegin(); account != flow.for_help.rend(); ++account) knows(*account);
    }
    if (known != nullptr) return {std::string{known->domain}, std::string{known->user}};
    return {own != nullptr ? *own : domains.first(), user_in(request.from.uri)};
}

bool Proxy::names(const NameAddr& address, const Party& party) const
{
    const auto* owner = env_.account_of(env_.domains().aor(address.uri));
    return owner != nullptr && party == owner->id;
}

std::optional<Refusal> Proxy::check_from(const Message& request, const Account& account) const
{
    if (is_anonymous(request.from.uri) || names(request.from, account.id)) return std::nullopt;
    return Refusal::from_not_own;
}

SenderTarget Proxy::sender_target(const Message& request, const Party& party, const Flow& flow, std::string route) const
{
    if (request.contacts.empty()) return {};
    const auto& contact = request.contacts.front();
    RemoteTarget target{.uri = request_uri_of(contact.uri), .route = std::move(route)};
    if (target.uri.empty()) return {}; // of an ACK; other requests are refused
    if (party.foreign()) {
        target.address = without_tag(request.from);
        target.next_hop = way_to(party, flow);
    }
    auto device = party.foreign() ? BindingId{} : device_named_by(contact, party.account(), flow.bindings);
    const bool registered = flow.registers(device);
    // Behind an edge its Path leads there, also over the next flow.
    if (registered && (target.route.empty() || flow.of_edge())) return {.binding = device, .handle = std::nullopt};
    // Lost with the connection, the party is found again by what it has registered. Of several behind an edge the
    // Record-Route alone tells which one calls.
    const bool found_by_route = flow.of_edge() && flow.bindings.size() > 1;
    if (!registered) device = party.foreign() || found_by_route ? BindingId{} : flow.device_of(party.account());
    DialogMemory::Handle handle{.party = party,
                                .flow = flow.id,
                                .device = device,
                                .transport = flow.transport,
                                .contact = {env_.cryptography.seal_in_memory(target.pack())}};
    return {.binding = {}, .handle = std::move(handle)};
}

BindingId Proxy::id_of_remote(std::string_view tag, Role side, KeyedHash dialog) const
{
    std::string text{side == Role::caller ? "caller " : "callee "};
    text.append(tag).append(reinterpret_cast<const char*>(&dialog), sizeof dialog);
    return {env_.cryptography.keyed_hash(Cryptography::Use::dialog, text).low | 1U};
}

std::optional<RemoteTarget> Proxy::remote_of(std::string_view tag, Role side, KeyedHash dialog,
                                             const Party& party) const
{
    const auto kept = env_.dialogs.handle(id_of_remote(tag, side, dialog));
    if (!kept || kept->party != party) return std::nullopt;
    return RemoteTarget::unpack(env_.cryptography.open_in_memory(kept->contact.bytes));
}

/// Dialled by whoever was called: no call comes of it, the reason phrase says what was done.
void Proxy::block_last_caller(SlotId id, AccountId account, TimePoint now, Actions& out)
{
    const auto last = env_.anonymous_callers.last(account, now);
    if (!last) return env_.refuse(id, Refusal::no_anonymous_caller, now, out);
    out.push_back(Block{ticket_for(Waiting::block, id), account, *last});
}

void Proxy::blocked(SlotId id, bool stored, TimePoint now, Actions& out)
{
    const auto* server = env_.layer->server(id);
    if (server == nullptr) return;
    if (!stored) return env_.refuse(id, Refusal::internal_error, now, out);
    if (server->method == Method::invite) return env_.refuse(id, Refusal::caller_blocked, now, out);
    env_.answer(id, 200, env_.own_reply(*server, 200), now, out);
}

void Proxy::route(SlotId id, const Caller& caller, Flow& flow, TimePoint now, Actions& out)
{
    const Message& request = *env_.layer->server(id)->request;
    auto user = unescape(request.request_uri.user).value_or(std::string{});
    const bool blocks = !caller.party.foreign() && !user.empty() && user == env_.settings->block_code &&
                        env_.domains().ours(request.request_uri);
    const auto dialled = take_prefix(user, {env_.settings->withhold_prefix, env_.settings->show_prefix});
    // Other domains get to nobody over a gateway, and a number is one of ours or nobody's: they learn not which (P10).
    const RoutingTable table{*env_.settings, *env_.accounts, !caller.party.foreign()};
    const auto decision = choose(table, caller.domain, request.request_uri, user);
    const auto wish = privacy_wish(request);
    if (wish.critical && wish.unknown && !decision.emergency())
        return env_.refuse(id, Refusal::privacy_critical, now, out); // RFC 3323 5
    if (blocks && !decision.emergency()) return block_last_caller(id, caller.party.account(), now, out);
    if (decision.way == Decision::Way::refused) return env_.refuse(id, decision.refusal, now, out);
    ResponseContext context;
    context.server = id;
    context.sender = caller.party;
    context.holder = holder_of(caller.party, env_.cryptography);
    context.unnamed = flow.of_edge() && !caller.party.foreign() && !names(request.from, caller.party);
    // Whom a gateway does not name is shown to nobody: that is a withheld caller to whoever refuses or blocks those.
    context.withheld = withheld(request, wish, dialled, caller.withholds) ||
                       (caller.party.foreign() && foreign_caller(caller.party, request).empty());
    context.caller_session = wish.session;
    // RFC 3261 12.1.1: the route set of whoever is called is the Record-Route as it stands.
    context.sender_target = sender_target(request, caller.party, flow, route_value(request.record_routes, false));
    context.aor = decision.aor;
    context.breadth = breadth_of(request).value_or(most_breadth);
    env_.layer->prove(id, caller.party);
    if (decision.way == Decision::Way::inside) return call_inside(id, std::move(context), now, out);
    if (caller.party.foreign()) return env_.refuse(id, Refusal::forbidden, now, out); // no way through for others
    call_outside(id, std::move(context), decision, now, out);
}

/// Notes a withheld call, so that its callee can refuse its caller from now on. False when it does so already.
bool Proxy::note_withheld(const ResponseContext& context, const Message& request, const Account* callee, bool there,
                          TimePoint now)
{
    // Worked out for whomever it is, so that it takes no less time where there is nobody (DESIGN.md P10). Blocking
    // counts for withheld calls alone: otherwise the callee could ask its suspects to call openly.
    const auto callee_id = callee != nullptr ? callee->id : AccountId{};
    std::optional<KeyedHash> pseudonym;
    if (!context.sender.foreign())
        pseudonym = pair_pseudonym(callee_id, context.sender.account(), env_.cryptography);
    else if (const auto caller = foreign_caller(context.sender, request); !caller.empty())
        pseudonym = pair_pseudonym(callee_id, caller, env_.cryptography);
    if (pseudonym && env_.accounts->blocks(callee_id, *pseudonym)) return false;
    if (there && !callee->refuse_anonymous) env_.anonymous_callers.called(callee_id, pseudonym, now);
    return true;
}

/// Whoever blocks the caller must look like somebody who is not there.
Proxy::Reception Proxy::received_by(const Account* callee, const ResponseContext& context, const Message& request,
                                    TimePoint now)
{
    bool there = callee != nullptr && callee->status == AccountStatus::active && !callee->password_needed;
    if (context.withheld) there = note_withheld(context, request, callee, there, now) && there;
    if (!there) return Reception::nobody_there;
    const bool refused = callee->refuse_anonymous && (context.withheld || looks_anonymous(request)); // RFC 5079
    return refused ? Reception::refuses_anonymous : Reception::rings;
}

void Proxy::call_inside(SlotId id, ResponseContext context, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    const Message& request = *server->request;
    const auto* callee = env_.account_of(context.aor);
    context.referral = referral_named_by(request, context.sender);
    const bool referred = context.referral.has_value();
    context.withheld = context.withheld || (referred && context.referral->referred_withheld);
    const auto gr = request.request_uri.param("gr");
    const bool to_temporary_gruu = gr && gr->empty();
    const bool to_a_device = referred || to_temporary_gruu; // whose it is shows when it is found
    const auto reception = to_a_device ? Reception::nobody_there : received_by(callee, context, request, now);
    if (reception == Reception::rings) context.callee = callee->id;
    if (request.method == Method::invite && !to_a_device && !context.sender.foreign())
        context.charge = charge_inside(context.aor);
    if (context.charge && !recordable()) return env_.refuse(id, Refusal::overloaded, now, out);
    context.look_ups = 1;
    if (!gr && !referred) context.sought = {sought(reception == Reception::rings ? callee : nullptr, context.aor)};
    if (gr) context.public_gruu = *gr;
    const auto named = std::string_view{context.aor}.substr(0, context.aor.rfind('@')); // without a dialled prefix
    const auto behind = to_temporary_gruu ? open_temporary_gruu(named, env_.cryptography) : std::nullopt;
    if (behind) context.gruu_series = behind->series;
    context.hides_callee = to_temporary_gruu; // RFC 5627 3.1.2
    // Whom the quoted dialog is with must be whom the request is for, there or not: the answer tells nothing else.
    const auto quotes_fit = [&] {
        return to_a_device || context.quotes.empty() ||
               quotes_are_of(context, callee != nullptr ? callee->id : AccountId{});
    };
    if (!read_quotes(request, context) || !quotes_fit()) return env_.refuse(id, Refusal::no_dialog, now, out);
    const auto context_id = contexts_.emplace(std::move(context));
    server->context = context_id;
    if (request.method == Method::invite) env_.answer(id, 100, env_.own_reply(*server, 100), now, out);
    if (reception == Reception::refuses_anonymous) {
        contexts_.find(context_id)->answered = true;
        return env_.refuse(id, Refusal::anonymity_disallowed, now, out); // RFC 5079
    }
    if (referred) {
        const auto device = contexts_.find(context_id)->referral->device;
        const auto handle = env_.dialogs.handle(device);
        out.push_back(Find{ticket_for(Waiting::referred, context_id), handle ? handle->device : device});
        return;
    }
    if (to_temporary_gruu)
        return out.push_back(Find{ticket_for(Waiting::gruu, context_id), behind ? behind->device : BindingId{}});
    out.push_back(LookUp{ticket_for(Waiting::targets, context_id),
                         reception == Reception::rings
                             ? aor_keys(callee->id, env_.cryptography)
                             : nobodys_keys(contexts_.find(context_id)->aor, env_.cryptography)});
}

void Proxy::cancel(SlotId invite, const Message& cancel, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(invite);
    auto* context = server != nullptr ? contexts_.find(server->context) : nullptr;
    if (context == nullptr || context->answered) return;
    context->cancelled = true;
    context->cancel_reason = shaped(cancel, Header::reason, Shape::cause); // RFC 3326 2: it says why to whom it rang
    context->waiting.clear();
    cancel_branches(*context, now, out);
    branch_over(server->context, now, out);
}

void Proxy::server_end(SlotId server_id, TimePoint now, Actions& out)
{
    const auto* server = env_.layer->server(server_id);
    auto* context = server != nullptr ? contexts_.find(server->context) : nullptr;
    if (context == nullptr) return;
    if (!context->answered) {
        // A BYE that nobody answered in time (RFC 3261 15.1.1); a call that never began, and whose phones are gone.
        const bool bye = server->method == Method::bye;
        const bool never_began = server->method == Method::invite && !context->in_dialog;
        for (auto& branch : context->branches) {
            if (branch.seal && never_began) end_dialog(*branch.seal, out);
            if (branch.seal && bye && !end_named(*context, *server->request, *branch.seal, out, now - server->began))
                hangs_up(*branch.seal, false);
        }
        cancel_branches(*context, now, out);
    }
    for (auto& branch : context->branches) env_.layer->cancel_timer(branch.timer_c);
    env_.layer->cancel_timer(context->ring_timer);
    env_.layer->cancel_timer(context->wake_timer);
    forget_homeless(context->homeless, out);
    contexts_.erase(server->context);
}

void Proxy::timer(std::uint8_t kind, SlotId id, TimePoint now, Actions& out)
{
    if (kind == probe_timer) return probe(id, now, out);
    if (kind == untold_timer) return forget_untold(id, out);
    if (kind == timer_c) { // RFC 3261 16.8: a branch that rings for ever
        auto* client = env_.layer->client(id);
        auto* context = client != nullptr ? contexts_.find(client->context) : nullptr;
        if (context == nullptr) return;
        auto& branch = context->branches[client->branch];
        branch.timer_c = {};
        if (client->proceeding()) {
            branch.cancelled = true;
            cancel_ringing(branch, now, out);
        }
        return;
    }
    auto* context = contexts_.find(id);
    if (context == nullptr || context->answered) return;
    if (kind == wake_timer) {
        context->wake_timer = {};
        return not_woken(id, true, now, out);
    }
    context->ring_timer = {};
    context->no_answer = context->waiting.empty(); // else those of the next lower q have their turn
    cancel_branches(*context, now, out);
    branch_over(id, now, out);
}

} // namespace sotto
