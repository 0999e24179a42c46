#include "core/proxy/proxy.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/privacy/identity.hpp"
#include "core/privacy/preferred_identity.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/registrar/device.hpp"
#include "core/routing/number.hpp"
#include "core/routing/protection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sotto {
namespace {

constexpr seconds probe_interval{30};
constexpr seconds probe_patience{8};
constexpr std::chrono::minutes kept_unwanted{15}; ///< a connection to domains that no route names
constexpr std::size_t most_hosts = 4;             ///< of one name; each may keep the caller waiting for 32 s

/// Where the dialled domain is. A port that is dialled with it counts for domains that the operator has named: whoever
/// is open to all would else knock at any port that somebody chooses.
Destination located_by(const Route& route, const std::string& domain, std::uint16_t port)
{
    const bool named = std::ranges::count(route.domains, domain) != 0;
    return {.host = domain, .port = named ? port : std::uint16_t{0}};
}

} // namespace

const Route* Proxy::route_of(const Party& party) const
{
    if (!party.foreign()) return nullptr;
    if (party.receiver() == Receiver::peer) return peer_route(*env_.settings, party.name());
    const auto* route = route_named(*env_.settings, party.name());
    return route != nullptr && route->kind == party.receiver() ? route : nullptr; // after a reload it may be of another
}

const Route* Proxy::route_for_help(const Message& request) const
{
    if (request.method != Method::invite || !request.to.tag().empty() || env_.settings->routes.empty()) return nullptr;
    auto user = unescape(request.request_uri.user).value_or(std::string{});
    take_prefix(user, {env_.settings->withhold_prefix, env_.settings->show_prefix});
    const auto decision = choose({*env_.settings, *env_.accounts}, env_.domains().first(), request.request_uri, user);
    return decision.emergency() ? decision.route : nullptr;
}

/// A call for help whose password is right is carried, past every limit: whatever would refuse it for another reason
/// comes first, or the answer would be a guess's reward without any call.
bool Proxy::carries_help(SlotId id, const Route& route, TimePoint now, Actions& out)
{
    const Message& request = *env_.layer->server(id)->request;
    if (request.body.empty()) return true;
    ResponseContext nobodys;
    DialogSeal seal{env_.seal_parts(), Holder{}, Holder{}};
    const auto body = body_for(nobodys, request, seal, Role::caller, {}, {route.kind, route.name});
    if (body) return true;
    refuse_body(id, body.error(), now, out);
    return false;
}

// ---- from other domains

/// Another domain has proved itself by its certificate; it speaks for itself only (RFC 3261 26.2.2, RFC 5922 7).
std::optional<Proxy::Caller> Proxy::admit_outsider(SlotId id, const Flow& flow, TimePoint now, Actions& out)
{
    const Message& request = *env_.layer->server(id)->request;
    const auto host = lower(request.from.uri.host);
    const auto admitted = [&](const Party& party) { // by the routes as they are now
        const auto* route = route_of(party);
        return route != nullptr && (party.receiver() == Receiver::peer || leads_to(*route, flow.domains));
    };
    const auto speaks = [&](const Party& party) {
        return party.receiver() != Receiver::peer || party.name() == host || is_anonymous(request.from.uri);
    };
    const auto sender =
        std::ranges::find_if(flow.parties, [&](const Party& party) { return speaks(party) && admitted(party); });
    const auto refuse = [&](Refusal refusal) {
        env_.refuse(id, refusal, now, out);
        return std::nullopt;
    };
    if (sender == flow.parties.end())
        return refuse(std::ranges::any_of(flow.parties, admitted) ? Refusal::from_not_own : Refusal::forbidden);
    if (sender->receiver() == Receiver::peer && // with others there is a contract; and help may call back
        !env_.peer_calls.allows(holder_of(*sender, env_.cryptography).hash, env_.settings->peer_calls_per_minute, now))
        return refuse(Refusal::overloaded);
    env_.layer->prove(id, *sender);
    const auto* route = route_of(*sender);
    if (route->when_weaker == WhenWeaker::refuse && (weaker_on(*route) || hop_in_the_clear(request))) {
        refuse_weaker(id, now, out);
        return std::nullopt;
    }
    const auto* domain = env_.domains().of(request.request_uri.host);
    return Caller{.party = *sender, .domain = domain != nullptr ? *domain : env_.domains().first()};
}

/// Of a gateway and of a trusted peer what it asserts comes first, then From (RFC 3325 5); a peer answers for its own
/// domain's addresses and for no others.
std::string Proxy::foreign_caller(const Party& sender, const Message& request) const
{
    const bool peer = sender.receiver() == Receiver::peer;
    const auto& dialled = request.to.tag().empty() ? request.request_uri : request.to.uri;
    const auto* domain = env_.domains().of(dialled.host);
    const auto identity = [&](const NameAddr& address) {
        if (!peer)
            return calling_number(*env_.settings, domain != nullptr ? *domain : env_.domains().first(), address.uri);
        return lower(address.uri.host) == sender.name() ? canonical_aor(address.uri).value_or(std::string{})
                                                        : std::string{};
    };
    const auto* route = route_of(sender);
    if (!peer || (route != nullptr && route->trusted))
        for (const auto& asserted : request.asserted)
            if (auto found = identity(asserted); !found.empty()) return found;
    return identity(request.from);
}

/// A parameter of another domain's address is shown to nobody; nor is a display name that stands with another address.
std::string Proxy::foreign_sender(const ResponseContext& context, const Message& request) const
{
    const auto caller = foreign_caller(context.sender, request);
    if (caller.empty()) return std::string{anonymous_identity};
    if (context.sender.receiver() != Receiver::peer)
        return "<sip:" + caller + "@" + env_.domains().first() + ";user=phone>";
    const bool as_written = canonical_aor(request.from.uri) == caller;
    return shown_address(as_written ? context.display_name(request) : std::string_view{},
                         address_uri(as_written ? request.from.uri.scheme : Scheme::sip, caller));
}

// ---- to other domains

void Proxy::call_outside(SlotId id, ResponseContext context, const Decision& decision, TimePoint now, Actions& out)
{
    auto* server = env_.layer->server(id);
    const Message& request = *server->request;
    const auto& route = *decision.route;
    const bool weaker = weaker_on(route);
    if (weaker && route.when_weaker == WhenWeaker::refuse) return refuse_weaker(id, now, out);
    const auto domain = decision.aor.substr(decision.aor.rfind('@') + 1);
    const Party party = route.kind == Receiver::peer ? Party{Receiver::peer, domain} : Party{route.kind, route.name};
    if (!read_quotes(request, context) || !quotes_are_of(context, party)) {
        if (!decision.emergency()) return env_.refuse(id, Refusal::no_dialog, now, out);
        context.quotes.clear(); // nobody's call for help fails for a dialog that it names
    }
    if (request.method == Method::invite && !decision.emergency()) context.charge = charge_outside(decision);
    if (context.charge && !recordable()) return env_.refuse(id, Refusal::overloaded, now, out);
    context.outside = {
        .route = route.name, .aor = decision.aor, .number = decision.number, .service = decision.service};
    context.waiting.emplace_back().push_back(
        outside_branch(route, party, located_by(route, domain, request.request_uri.port)));
    const bool announced = weaker && route.when_weaker == WhenWeaker::announce && request.method == Method::invite;
    if (announced) context.announcement = ResponseContext::Announcement::due;
    const auto context_id = contexts_.emplace(std::move(context));
    server->context = context_id;
    if (request.method == Method::invite) env_.answer(id, 100, env_.own_reply(*server, 100), now, out);
    if (decision.emergency()) out.push_back(Report{.what = Occurrence::emergency_call, .route = route.name});
    const auto* speaker = announced ? env_.account_of(route.announcement) : nullptr;
    if (speaker == nullptr) return branch_over(context_id, now, out);
    // The media server rings first, speaks as early media and declines; then the call goes on.
    contexts_.find(context_id)->look_ups = 1;
    out.push_back(LookUp{ticket_for(Waiting::targets, context_id), aor_keys(speaker->id, env_.cryptography)});
}

/// The media server has spoken, or will not: what it answers is not what the callee does. One that was heard is enough.
void Proxy::announcement_over(SlotId id, std::size_t index, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    env_.layer->cancel_timer(branch.timer_c);
    branch.ended = true;
    context->refused_body.reset();
    if (context->announcement == ResponseContext::Announcement::heard) {
        std::erase_if(context->waiting, [](const auto& group) { return group.front().announces; });
        cancel_branches(*context, now, out);
    }
    branch_over(id, now, out);
}

/// Of the names that its certificate proves, the one that it has spoken for: not all of them need be SIP servers.
Destination Proxy::way_to(const Party& party, const Flow& flow) const
{
    if (party.receiver() == Receiver::peer) return {.host = party.name()};
    if (const auto* route = route_of(party))
        for (const auto& target : route->targets)
            if (std::ranges::count(flow.domains, target.host) != 0) return target;
    return {.host = flow.domains.empty() ? std::string{} : flow.domains.front()};
}

/// The route's targets as one branch: fail-over, one after the other.
Branch Proxy::outside_branch(const Route& route, const Party& party, Destination domain) const
{
    auto targets = route.targets;
    if (targets.empty()) targets.push_back(std::move(domain));
    Branch branch;
    for (auto& target : targets) {
        ForwardTarget to;
        to.party = party;
        // RFC 6881 9.1: the service stays the Request-URI, its host is the way.
        if (route.kind == Receiver::emergency) to.route = "<sip:" + text_of(target) + ";transport=tls;lr>";
        to.next_hop = std::move(target);
        branch.other_flows.push_back(std::move(to));
    }
    branch.target = std::move(branch.other_flows.front());
    branch.other_flows.erase(branch.other_flows.begin());
    return branch;
}

/// Where a Contact of a 3xx leads: as when whoever redirects had dialled it. A gateway writes numbers into URIs of its
/// own.
Decision Proxy::redirected_to(const ResponseContext& context, const Party& redirecting, Uri contact) const
{
    const auto* route = context.outside ? route_named(*env_.settings, context.outside->route) : nullptr;
    const bool gateways =
        route != nullptr && route->kind == Receiver::gateway &&
        std::ranges::any_of(route->targets, [&](const auto& t) { return iequals(t.host, contact.host); });
    if (gateways) contact.host = env_.domains().first();
    const auto user = unescape(contact.user).value_or(std::string{});
    const auto* account = env_.accounts->find(redirecting.account());
    return choose({*env_.settings, *env_.accounts},
                  account != nullptr ? account->domain : std::string_view{env_.domains().first()}, contact, user);
}

/// A 3xx of another domain: followed to our own subscribers like any other, and to another address on the same route,
/// never to one that would cost the caller something else than what was dialled.
bool Proxy::redirected_outside(ResponseContext& context, const Decision& decision, std::uint16_t port, std::uint16_t q,
                               std::string_view former)
{
    const auto* route = context.outside ? route_named(*env_.settings, context.outside->route) : nullptr;
    if (route == nullptr || route->kind == Receiver::emergency) return false;
    if (decision.way != Decision::Way::outside || decision.route != route) return false;
    const auto domain = decision.aor.substr(decision.aor.rfind('@') + 1);
    context.outside->former = former;
    context.outside->aor = decision.aor;
    context.outside->number = decision.number;
    const auto party = route->kind == Receiver::peer ? Party{Receiver::peer, domain} : Party{route->kind, route->name};
    auto branch = outside_branch(*route, party, located_by(*route, domain, port));
    branch.target.preference.contact = q;
    waits_its_turn(context, std::move(branch));
    return true;
}

/// The address in From, where it is one of the subscriber's own; else empty.
std::string Proxy::own_from(const Party& sender, const Message& request) const
{
    auto aor = env_.domains().aor(request.from.uri);
    const auto* owner = env_.account_of(aor);
    if (owner == nullptr || sender != owner->id) aor.clear();
    return aor;
}

/// The address that a subscriber of ours speaks as: the one in its From, else its first.
std::string Proxy::own_address(const ResponseContext& context, const Message& request) const
{
    auto aor = own_from(context.sender, request);
    if (const auto* account = aor.empty() ? env_.accounts->find(context.sender.account()) : nullptr)
        aor = std::string{account->user}.append("@").append(account->domain);
    return aor;
}

/// On whose behalf a peer is connected to (RFC 5922): the domain of the subscriber who calls or was dialled. Whoever
/// withholds itself, or was reached by a redirection, must not be known by its domain either; with a carrier or an
/// emergency service the provider itself has a contract. Those see the first domain. The same throughout a dialog.
std::string Proxy::domain_for(const ResponseContext& context, const Message& request, const Party& receiver) const
{
    const bool told = context.role == Role::caller ? !context.withheld : context.dialled;
    if (receiver.receiver() != Receiver::peer || !told) return env_.domains().first();
    const auto aor = own_address(context, request);
    const auto at = aor.rfind('@');
    return at == std::string::npos ? env_.domains().first() : aor.substr(at + 1);
}

void Proxy::connect(SlotId id, std::size_t index, Actions& out)
{
    const auto& context = *contexts_.find(id);
    const auto& branch = context.branches[index];
    const auto& request = *env_.layer->server(context.server)->request;
    const auto* route = route_of(branch.target.party);
    const auto waiting = connecting_.emplace(Connecting{.context = id, .branch = index});
    out.push_back(Connect{.ticket = ticket_for(Waiting::connection, waiting),
                          .to = branch.target.next_hop,
                          .own = domain_for(context, request, branch.target.party),
                          .route = route != nullptr ? route->name : std::string{},
                          .others_follow = !branch.other_flows.empty(),
                          .instead_of = branch.failed_hosts});
}

/// RFC 3263 4.3: the request goes to another host of the same name, when there is one; as a dialog of its own. Inside a
/// dialog it goes where the dialog went.
bool Proxy::try_next_host(SlotId id, std::size_t index, int status, MessagePtr& response, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    const bool host_failed = status == 503 || (status == 408 && response == nullptr);
    if (!host_failed || context->in_dialog || !branch.target.party.foreign() || !branch.target.flow) return false;
    if (branch.cancelled || context->over() || branch.failed_hosts.size() + 1 == most_hosts) return false;
    branch.failed_status = status;
    branch.failed_response = std::move(response);
    branch.failed_hosts.push_back(std::exchange(branch.target.flow, {}));
    branch.authorised = false;
    start(id, index, now, out);
    return true;
}

/// Where another domain has called from, and as whom: a peer takes an answer only from whom it has called.
void Proxy::keep_way_back(ResponseContext& context, const Message& request) const
{
    const auto* dialled = env_.domains().of(request.request_uri.host);
    const bool peer = context.sender.receiver() == Receiver::peer;
    context.known_as = peer && dialled != nullptr ? *dialled : env_.domains().first();
    if (const auto& remote = context.sender_target.handle)
        context.way_back = RemoteTarget::unpack(env_.cryptography.open_in_memory(remote->contact.bytes)).next_hop;
}

void Proxy::connect_back(SlotId homeless, const ResponseContext& context, const Party& caller, Actions& out)
{
    const auto* route = route_of(caller);
    if (route == nullptr || context.way_back.host.empty()) {
        homeless_.erase(homeless);
        return;
    }
    out.push_back(
        Connect{.ticket = ticket_for(Waiting::connection, connecting_.emplace(Connecting{.homeless = homeless})),
                .to = context.way_back,
                .own = context.known_as,
                .route = route->name});
}

void Proxy::found_way_back(SlotId id, FlowId flow, Actions& out)
{
    auto* waiting = homeless_.find(id);
    if (waiting == nullptr) return;
    auto [server_id, gone, bytes, device] = std::move(*waiting);
    forget_homeless(id, out);
    if (!flow || flow == gone) return;
    if (bytes.empty()) bytes = latest_response(server_id);
    if (bytes.empty()) return;
    env_.layer->move(server_id, flow, std::move(bytes), out);
}

void Proxy::connect_for_ack(SlotId ack, Actions& out)
{
    const auto& waiting = *acks_.find(ack);
    const auto& target = waiting.branch.target;
    const auto* route = route_of(target.party);
    out.push_back(Connect{.ticket = ticket_for(Waiting::connection, connecting_.emplace(Connecting{.ack = ack})),
                          .to = target.next_hop,
                          .own = domain_for(waiting.context, *waiting.ack, target.party),
                          .route = route != nullptr ? route->name : std::string{}});
}

void Proxy::found_way_for_ack(SlotId ack, FlowId flow, TimePoint now, Actions& out)
{
    auto* waiting = acks_.find(ack);
    if (waiting == nullptr) return;
    waiting->branch.target.flow = flow;
    if (flow) pass_on(*waiting, now, out);
    acks_.erase(ack);
}

void Proxy::connect_for_cancel(const ResponseContext& context, const Branch& branch, Actions& out)
{
    const auto& target = branch.target;
    const auto& request = *env_.layer->server(context.server)->request;
    const auto* route = route_of(target.party);
    const auto waiting = connecting_.emplace(Connecting{.cancelled = branch.client});
    out.push_back(Connect{.ticket = ticket_for(Waiting::connection, waiting),
                          .to = target.next_hop,
                          .own = domain_for(context, request, target.party),
                          .route = route != nullptr ? route->name : std::string{},
                          .instead_of = branch.failed_hosts});
}

void Proxy::found_way_for_cancel(SlotId id, FlowId flow, TimePoint now, Actions& out)
{
    const auto* client = env_.layer->client(id);
    if (!flow || client == nullptr || client->branch != transaction::Layer::of_one_given_up) return;
    if (client->proceeding()) cancel_given_up(id, flow, now, out);
}

void Proxy::connected(SlotId waiting_id, FlowId flow, TimePoint now, Actions& out)
{
    const auto* waiting = connecting_.find(waiting_id);
    if (waiting == nullptr) return;
    const auto [id, index, homeless, ack, cancelled] = *waiting;
    connecting_.erase(waiting_id);
    if (homeless) return found_way_back(homeless, flow, out);
    if (ack) return found_way_for_ack(ack, flow, now, out);
    if (cancelled) return found_way_for_cancel(cancelled, flow, now, out);
    auto* context = contexts_.find(id);
    if (context == nullptr) return;
    auto& branch = context->branches[index];
    if (branch.ended) return; // cancelled meanwhile
    branch.target.flow = flow;
    if (flow) {
        branch.failed_response.reset();
        return start(id, index, now, out);
    }
    if (!branch.failed_hosts.empty()) // there was another host of its name, and it was the last one
        return failed(id, index, branch.failed_status, std::move(branch.failed_response), now, out);
    failed(id, index, 503, nullptr, now, out); // never over anything unprotected instead
}

Presented Proxy::presented(const ResponseContext& context, const Message& request, const Branch& branch) const
{
    const auto* account = env_.accounts->find(context.sender.account());
    const auto aor = own_address(context, request);
    const auto preferred =
        account == nullptr ? std::string{} : preferred_address(request, *account, env_.domains(), *env_.accounts);
    // Whoever was called shows what was dialled, and no other number of its own (RFC 3261 12.2.1.1).
    std::optional<std::string_view> called_by;
    if (context.role == Role::callee) {
        called_by = std::string_view{aor}.substr(0, aor.rfind('@'));
        if (!is_e164(*called_by)) called_by = "";
    }
    const bool nameless = context.in_dialog && own_from(context.sender, request).empty(); // as in shown_sender()
    const Presenting sender{.account = account,
                            .aor = aor,
                            .preferred = preferred,
                            .display = context.display_name(request),
                            .withheld = account == nullptr || context.sender_withheld() || nameless,
                            .called_by = called_by};
    const auto* route = context.outside ? route_of(branch.target.party) : nullptr;
    if (route != nullptr && !context.in_dialog) {
        Decision decision;
        decision.aor = context.outside->aor;
        decision.number = context.outside->number;
        decision.service = context.outside->service;
        decision.route = route;
        return present(decision, branch.target.next_hop, request.request_uri.scheme, sender);
    }
    return {.request_uri = branch.target.uri,
            .from = presented_from(branch.target.party.receiver(), sender, request.from.uri.scheme),
            .to = branch.target.address.empty() ? std::string{anonymous_identity} : branch.target.address};
}

/// What only another domain is told.
void Proxy::write_outside(Outbound& message, const ResponseContext& context, const Message& request,
                          const Branch& branch, const Presented& shown)
{
    for (const auto& asserted : shown.asserted) message.set(Header::p_asserted_identity, asserted);
    if (!shown.privacy.empty()) message.set(Header::privacy, shown.privacy);
    const auto* route = route_of(branch.target.party);
    if (route == nullptr || request.method == Method::ack) return;
    if (context.outside && !context.outside->former.empty()) { // RFC 7044 10: nobody's name crosses the border
        const auto before = route->trusted ? context.outside->former : std::string{"sip:anonymous@anonymous.invalid"};
        message.set(Header::history_info, "<" + before + ">;index=1, <" + shown.request_uri + ">;index=1.1;mp=1");
    }
    if (const auto answer =
            trunks_.answer(*route, branch.target.next_hop, request.method, shown.request_uri, env_.cryptography))
        message.set(answer->header, answer->value);
}

/// A trunk that asks for our credentials gets the request once more. Outside a dialog it begins a dialog of its own,
/// so that no number, tag or Call-ID stands for two requests.
bool Proxy::try_credentials(SlotId id, std::size_t index, const Message& response, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    if (response.status != 401 && response.status != 407) return false;
    const auto* route = route_of(branch.target.party);
    if (route == nullptr || branch.authorised || branch.cancelled || context->answered) return false;
    if (!trunks_.challenged(*route, branch.target.next_hop, response)) return false;
    branch.authorised = true;
    start(id, index, now, out);
    return true;
}

// ---- health

void Proxy::opened(const Flow& flow, TimePoint now)
{
    // One that we made may be offered to us as well (RFC 5923 5): it is asked already.
    if (flow.domains.empty() || probed_on_.contains(flow.id)) return;
    const auto id = probed_.emplace(Probed{.flow = flow.id, .domains = flow.domains, .wanted = now});
    probed_on_.emplace(flow.id, id);
    probed_.find(id)->timer = env_.layer->set_timer(probe_timer, id, now + probe_interval);
}

void Proxy::wanted(FlowId flow, TimePoint now)
{
    if (const auto known = probed_on_.find(flow); known != probed_on_.end()) probed_.find(known->second)->wanted = now;
}

/// Whoever owns many names must not have us hold a connection to each for ever where only "*" lets them in. What they
/// send does not count, but for a call that has not been answered yet, and would lose its answer.
bool Proxy::nobody_wants(const Probed& probed, TimePoint now) const
{
    const auto names = [&](const Route& route) {
        return leads_to(route, probed.domains) || std::ranges::any_of(probed.domains, [&](const auto& domain) {
                   return std::ranges::count(route.domains, domain) != 0;
               });
    };
    return now - probed.wanted >= kept_unwanted && std::ranges::none_of(env_.settings->routes, names) &&
           !env_.layer->waits_on(probed.flow);
}

void Proxy::probe_no_more(SlotId id)
{
    probed_on_.erase(probed_.find(id)->flow);
    probed_.erase(id);
}

/// OPTIONS over the live connection (RFC 3261 11): whoever does not answer in time is no way any more.
void Proxy::probe(SlotId id, TimePoint now, Actions& out)
{
    auto* probed = probed_.find(id);
    if (probed == nullptr) return;
    if (probed->asked || nobody_wants(*probed, now)) {
        out.push_back(CloseFlow{probed->flow});
        return probe_no_more(id);
    }
    probed->asked = true;
    const auto& domain = probed->domains.front();
    const Party peer{Receiver::peer, domain};
    const auto client =
        env_.layer->open_client(probed->flow, peer, Method::options, id, transaction::Layer::of_a_probe, now);
    std::array<std::uint8_t, 16> raw{};
    env_.cryptography.random(raw);
    const auto random = base64url(raw);
    const auto host = host_for(peer, Transport::tls);
    auto message = Outbound::request(Method::options, "sip:" + domain, Receiver::peer);
    message.set(Header::via, "SIP/2.0/TLS " + host + ";alias;branch=" + env_.layer->branch_for(client));
    message.set(Header::max_forwards, "1");
    message.set(Header::from, "<sip:" + host + ">;tag=" + random.substr(0, 11));
    message.set(Header::to, "<sip:" + domain + ">");
    message.set(Header::call_id, random);
    message.set(Header::cseq, "1 OPTIONS");
    env_.layer->send(client, {}, message.write(), out);
    probed->timer = env_.layer->set_timer(probe_timer, id, now + probe_patience);
}

/// True when the transaction belongs to no request of anybody's.
bool Proxy::probe_answered(const transaction::Client& client, TimePoint now)
{
    if (client.branch != transaction::Layer::of_a_probe) return false;
    auto* probed = probed_.find(client.context);
    if (probed == nullptr) return true;
    probed->asked = false;
    env_.layer->cancel_timer(probed->timer);
    probed->timer = env_.layer->set_timer(probe_timer, client.context, now + probe_interval);
    return true;
}

bool Proxy::probe_failed(const transaction::Client& client, bool gone)
{
    if (client.branch != transaction::Layer::of_a_probe) return false;
    if (const auto* probed = probed_.find(client.context); gone && probed != nullptr) {
        env_.layer->cancel_timer(probed->timer);
        probe_no_more(client.context);
    }
    return true;
}

} // namespace sotto
