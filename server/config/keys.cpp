#include "config/keys.hpp"

#include "core/types/worker_set.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace sotto::config {
namespace {

// ---- from values to members and back
// ---------------------------------------------------------------------------------

void assign(bool& member, const Value& value) { member = value.number != 0; }
void assign(std::uint32_t& member, const Value& value) { member = static_cast<std::uint32_t>(value.number); }
void assign(std::size_t& member, const Value& value) { member = static_cast<std::size_t>(value.number); }
void assign(seconds& member, const Value& value) { member = seconds{value.number}; }
void assign(std::string& member, const Value& value) { member = value.text; }
void assign(std::filesystem::path& member, const Value& value) { member = value.text; }
void assign(HostPort& member, const Value& value) { member = value.address; }
template <class Enum>
requires std::is_enum_v<Enum>
void assign(Enum& member, const Value& value) { member = static_cast<Enum>(value.number); }
template <class T> void assign(std::optional<T>& member, const Value& value) { assign(member.emplace(), value); }

template <class T> void assign_all(T& member, std::span<const Value> values) { assign(member, values.front()); }
void assign_all(std::vector<std::string>& member, std::span<const Value> values)
{
    member.clear();
    for (const auto& value : values) assign(member.emplace_back(), value);
}

std::string list_text(const std::vector<std::string>& entries)
{
    std::string text = "[";
    for (const auto& entry : entries) {
        if (text.size() > 1) text += ", ";
        text += entry == "*" ? "\"*\"" : entry;
    }
    return text + "]";
}

std::string text_of(bool value, const Key&) { return value ? "true" : "false"; }
std::string text_of(std::uint32_t value, const Key& key)
{
    return key.choices.empty() ? std::to_string(value) : std::string{key.choices[value]};
}
std::string text_of(std::size_t value, const Key&) { return std::to_string(value); }
std::string text_of(seconds value, const Key&) { return duration_text(value.count()); }
std::string text_of(const std::string& value, const Key&) { return '"' + value + '"'; }
std::string text_of(const HostPort& value, const Key&) { return '"' + to_string(value) + '"'; }
std::string text_of(const std::filesystem::path& value, const Key&) { return value.string(); }
template <class Enum>
requires std::is_enum_v<Enum> std::string text_of(Enum value, const Key& key)
{
    return std::string{key.choices[static_cast<std::size_t>(value)]};
}
std::string text_of(const std::vector<std::string>& value, const Key&) { return list_text(value); }
template <class T> std::string text_of(const std::optional<T>& value, const Key& key)
{
    return value ? text_of(*value, key) : std::string{};
}

/// A member of the settings.
template <auto Member>
constexpr Field at{.set = [](Settings& s, std::span<const Value> values) { assign_all(s.*Member, values); },
                   .show = [](const Settings& s, const Key& key) { return text_of(s.*Member, key); },
                   .keep = [](Settings& next, const Settings& running) { next.*Member = running.*Member; }};
/// A member of one of its sections.
template <auto Section, auto Member> constexpr Field in{
    .set = [](Settings& s, std::span<const Value> values) { assign_all(s.*Section.*Member, values); },
    .show = [](const Settings& s, const Key& key) { return text_of(s.*Section.*Member, key); },
    .keep = [](Settings& next, const Settings& running) { next.*Section.*Member = running.*Section.*Member; }};

/// A list, got at by a function, and a member of its entries: a value that is read belongs to the last one.
template <auto List>
constexpr Field each{.set = [](Settings& s, std::span<const Value>) { List(s).emplace_back(); },
                     .size = [](const Settings& s) { return List(s).size(); },
                     .keep = [](Settings& next, const Settings& running) { List(next) = List(running); }};
template <auto List, auto Member> constexpr Field of{
    .set = [](Settings& s, std::span<const Value> values) { assign_all(List(s).back().*Member, values); },
    .show_entry = [](const Settings& s, std::size_t entry,
                     const Key& key) { return text_of(List(s)[entry].*Member, key); }};

constexpr auto domains = [](auto& s) -> auto& { return s.domains; };
constexpr auto routes = [](auto& s) -> auto& { return s.routes; };
constexpr auto billed_routes = [](auto& s) -> auto& { return s.billing.routes; };
constexpr auto tls = [](auto& s) -> auto& { return s.listen.tls; };
constexpr auto wss = [](auto& s) -> auto& { return s.listen.wss; };
constexpr auto peers = [](auto& s) -> auto& { return s.listen.peers; };
/// How the subscribers of a domain dial.
template <auto Member> constexpr Field of_plan{
    .set = [](Settings& s, std::span<const Value> values) { assign_all(s.domains.back().numbers.*Member, values); },
    .show_entry = [](const Settings& s, std::size_t entry,
                     const Key& key) { return text_of(s.domains[entry].numbers.*Member, key); }};

// ---- the declaration
// -------------------------------------------------------------------------------------------------

using enum Kind;
using S = Settings;
using BilledRoute = Settings::BilledRoute;

constexpr std::array<std::string_view, 2> keying_names{"dtls-srtp", "zrtp"};
constexpr std::array<std::string_view, 3> provider_names{"apns", "fcm", "webpush"};
constexpr std::array<std::string_view, 4> charge_names{"chargeable", "allowance", "incoming", "itemised-flat"};
constexpr std::array<std::string_view, 2> target_names{"journal", "stderr"};
constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

constexpr Bounds any_count{.least = 1, .most = 1'000'000, .zero = true};
constexpr std::string_view no_limit = "no limit";

// clang-format off
constexpr std::array table{
    Key{.path = "domains", .kind = list, .required = true, .field = each<domains>,
        .meaning = "The domains whose subscribers this server serves. The first one's certificate is shown to clients that name none (no SNI)."},
    Key{.path = "domains[].name", .kind = name, .required = true, .field = of<domains, &Domain::name>, .example = "example.org",
        .meaning = "The domain of the addresses, and the realm of the passwords."},
    Key{.path = "domains[].aliases", .kind = names, .field = of<domains, &Domain::aliases>, .example = "[sip.example.org]",
        .meaning = "Further names that mean this domain in a Request-URI, in Route and in SNI. The certificate should name them as well."},
    Key{.path = "domains[].certificate", .kind = path, .required = true, .field = of<domains, &Domain::certificate>, .example = "tls/example.org.pem",
        .meaning = "PEM file with the certificate and its chain, the server's own first."},
    Key{.path = "domains[].private_key", .kind = path, .required = true, .field = of<domains, &Domain::private_key>, .example = "tls/example.org.key",
        .meaning = "PEM file with the certificate's key. Nobody else may read it."},

    Key{.path = "domains[].country_code", .kind = digits, .field = of_plan<&NumberPlan::country>, .example = "\"49\"",
        .meaning = "Country code of the telephone numbers that its subscribers dial without \"+\", in quotes: \"49\". Without one only numbers with \"+\" are understood."},
    Key{.path = "domains[].area_code", .kind = digits, .field = of_plan<&NumberPlan::area>, .example = "\"30\"",
        .meaning = "Area code of numbers of seven digits and more that are dialled without any prefix: \"30\". Without one such a number is nobody's, and a shorter one always is: it may be a short code of the country."},
    Key{.path = "domains[].international_prefix", .kind = digits, .field = of_plan<&NumberPlan::international>, .example = "\"00\"",
        .meaning = "What is dialled before a country code; \"00\" unless said otherwise."},
    Key{.path = "domains[].national_prefix", .kind = digits, .field = of_plan<&NumberPlan::national>, .example = "\"0\"",
        .meaning = "What is dialled before an area code; \"0\" unless said otherwise, \"\" where all numbers are dialled whole."},
    Key{.path = "domains[].extension_base", .kind = digits, .field = of_plan<&NumberPlan::extension_base>, .example = "\"+4930123\"",
        .meaning = "The number that short numbers stand behind, with \"+\": \"+4930123\" makes +493012342 of 42."},
    Key{.path = "domains[].extension_digits", .kind = count, .bounds = {.least = 1, .most = 6, .zero = true}, .zero = "no short numbers", .field = of_plan<&NumberPlan::extension_digits>, .example = "2",
        .meaning = "How many digits a short number has."},

    Key{.path = "listen", .kind = section, .required = true,
        .meaning = "Where the server listens. There is TLS only: no UDP or plain TCP listener can be configured."},
    Key{.path = "listen.tls", .kind = list, .required = true, .effect = Effect::restart, .field = each<tls>, .shorthand = "address",
        .meaning = "Addresses for subscribers' phones (SIP over TLS). An entry is an address, or a mapping of the two keys below."},
    Key{.path = "listen.tls[].address", .kind = endpoint, .required = true, .effect = Effect::restart, .field = of<tls, &TlsListener::address>, .example = "\"0.0.0.0:5061\"",
        .meaning = "IP address and port."},
    Key{.path = "listen.tls[].advertise", .kind = advertised, .effect = Effect::restart, .field = of<tls, &TlsListener::advertise>, .example = "\"sip.example.org:5061\"",
        .meaning = "Name and port by which clients reach this address, when a packet filter or load balancer stands in front. The name is a domain or one of its aliases; the first entry's port is written into our URIs."},
    Key{.path = "listen.wss", .kind = list, .effect = Effect::restart, .field = each<wss>, .shorthand = "address", .example = "[\"0.0.0.0:443\"]",
        .meaning = "Addresses for subscribers in browsers (SIP over secure WebSocket, RFC 7118). Written like listen.tls."},
    Key{.path = "listen.wss[].address", .kind = endpoint, .required = true, .effect = Effect::restart, .field = of<wss, &TlsListener::address>, .example = "\"0.0.0.0:443\"",
        .meaning = "IP address and port."},
    Key{.path = "listen.wss[].advertise", .kind = advertised, .effect = Effect::restart, .field = of<wss, &TlsListener::advertise>, .example = "\"sip.example.org:443\"",
        .meaning = "Name and port by which browsers reach this address, when a packet filter or load balancer stands in front."},
    Key{.path = "listen.peers", .kind = list, .effect = Effect::restart, .field = each<peers>, .shorthand = "address", .example = "[\"0.0.0.0:5062\"]",
        .meaning = "Addresses for other domains and for gateways, with mutual TLS: whoever connects must prove by a certificate who it is. The certificate of the name that is asked for (SNI) is shown, else the first of `domains`."},
    Key{.path = "listen.peers[].address", .kind = endpoint, .required = true, .effect = Effect::restart, .field = of<peers, &TlsListener::address>, .example = "\"0.0.0.0:5062\"",
        .meaning = "IP address and port."},
    Key{.path = "listen.peers[].advertise", .kind = advertised, .effect = Effect::restart, .field = of<peers, &TlsListener::advertise>, .example = "\"sip.example.org:5062\"",
        .meaning = "Name and port by which others reach this address. The first entry's port is written into the URIs that they see; the SRV record names it too."},

    Key{.path = "threads", .kind = count, .effect = Effect::restart, .bounds = {.least = 1, .most = WorkerSet{}.size(), .zero = true}, .zero = "one per core", .field = at<&S::threads>,
        .meaning = "Worker threads. Each serves its own connections; while there is little to do, one thread serves all."},
    Key{.path = "state_directory", .kind = path, .effect = Effect::restart, .field = at<&S::state_directory>,
        .meaning = "Folder of the accounts, and of the lock that keeps two daemons apart."},
    Key{.path = "drain_timeout", .kind = duration, .bounds = {.least = 1, .most = 3600, .zero = true}, .zero = "end at once", .field = at<&S::drain_timeout>,
        .meaning = "After SIGTERM new calls are refused; what runs may end within this time."},
    Key{.path = "routes", .kind = list, .field = each<routes>, .example = "[{ name: carrier, kind: gateway, match: [\"+\"], target: [trunk.example.net], tariff: national }]",
        .meaning = "Ways to other domains, the telephone network and emergency services, in order: the first that matches counts. All over TLS, never without. docs/interconnect.md shows each kind."},
    Key{.path = "routes[].name", .kind = word, .required = true, .field = of<routes, &RouteEntry::name>, .example = "carrier",
        .meaning = "Your name for it, in the log and in `sotto route test`."},
    Key{.path = "routes[].kind", .kind = choice, .required = true, .choices = route_kinds, .field = of<routes, &RouteEntry::kind>, .example = "gateway",
        .meaning = "What stands at the other end; it decides what the other end is shown."},
    Key{.path = "routes[].match", .kind = matches, .required = true, .field = of<routes, &RouteEntry::match>, .example = "[\"+\"]",
        .meaning = "What leads here. Of a peer: domains, or \"*\" for every domain; the same domains may call in. Of a gateway: beginnings of numbers with their country code, \"+49\", or \"+\" for all. Of an emergency service: numbers as they are dialled, \"112\", and urn:service:sos."},
    Key{.path = "routes[].target", .kind = targets, .field = of<routes, &RouteEntry::target>, .example = "[trunk.example.net]",
        .meaning = "Hosts, tried one after the other. A name is located by its DNS records (RFC 3263), one with a port by its address only. Each must prove its name by its certificate. A peer without any is located by its own domain."},
    Key{.path = "routes[].username", .kind = credential, .field = of<routes, &RouteEntry::username>, .example = "sotto",
        .meaning = "For a gateway that asks for a password (Digest) beside our certificate."},
    Key{.path = "routes[].password_file", .kind = path, .field = of<routes, &RouteEntry::password_file>, .example = "secrets/carrier",
        .meaning = "File whose first line is the password. Nobody else may read it."},
    Key{.path = "routes[].tariff", .kind = word, .field = of<routes, &RouteEntry::tariff>, .example = "standard",
        .meaning = "Tariff class of its calls, as the invoicing system knows it, where billing.routes names the route. Without one they are not billed, and leave no record."},
    Key{.path = "routes[].caller_id", .kind = choice, .choices = caller_id_formats, .field = of<routes, &RouteEntry::caller_id>, .example = "asserted",
        .meaning = "Where the gateway reads the caller's number: in From only, or in P-Asserted-Identity as well."},
    Key{.path = "routes[].withheld_inside", .kind = flag, .field = of<routes, &RouteEntry::withheld_inside>, .example = "true",
        .meaning = "The contract with the gateway, or with the trusted peer, asks who calls also when the caller withholds it: number or address goes out in P-Asserted-Identity with \"Privacy: id\". Otherwise not at all."},
    Key{.path = "routes[].trusted", .kind = flag, .field = of<routes, &RouteEntry::trusted>, .example = "false",
        .meaning = "The peer is inside our trust domain (RFC 3325): P-Asserted-Identity tells it who calls, and what it asserts of its own domain's callers counts."},
    Key{.path = "routes[].protection", .kind = choice, .choices = protection_actions, .field = of<routes, &RouteEntry::protection>, .example = "announce",
        .meaning = "What becomes of a call that leaves end-to-end protection here, as every call to the telephone network does; \"mark\" unless said otherwise."},
    Key{.path = "routes[].announcement", .kind = account, .field = of<routes, &RouteEntry::announcement>, .example = "announcements@example.org",
        .meaning = "Account of the media server that tells the caller when protection is \"announce\"."},
    Key{.path = "peers", .kind = section, .meaning = "Other domains, whichever route leads to them."},
    Key{.path = "peers.authorities", .kind = path, .field = in<&S::peers, &S::Peers::authorities>, .example = "tls/authorities.pem",
        .meaning = "PEM file with the certificates of those who may certify other domains and gateways. Without one: whom the system trusts."},
    Key{.path = "peers.calls_per_minute", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::peers, &S::Peers::calls_per_minute>,
        .meaning = "New calls and messages from one domain, over all its connections; more get 503."},


    Key{.path = "admin", .kind = section, .meaning = "The operator's side."},
    Key{.path = "admin.socket", .kind = path, .effect = Effect::restart, .field = in<&S::admin, &S::Admin::socket>,
        .meaning = "UNIX socket for the command line `sotto`; at most 100 bytes long."},
    Key{.path = "admin.operators", .kind = word, .effect = Effect::restart, .field = in<&S::admin, &S::Admin::operators>,
        .meaning = "System group whose members run the service: accounts, bindings, reload, drain. Root and the service's own user may do everything."},
    Key{.path = "admin.billing", .kind = word, .effect = Effect::restart, .field = in<&S::admin, &S::Admin::billing>,
        .meaning = "System group whose members make invoices."},
    Key{.path = "admin.privacy_officers", .kind = word, .effect = Effect::restart, .field = in<&S::admin, &S::Admin::privacy_officers>,
        .meaning = "System group whose members answer for the subscribers' data, and read the audit log."},

    Key{.path = "metrics", .kind = section, .meaning = "Figures for monitoring. They point at nobody: see docs/metrics.md."},
    Key{.path = "metrics.listen", .kind = endpoint, .effect = Effect::restart, .field = in<&S::metrics, &S::Metrics::listen>, .example = "\"127.0.0.1:9161\"",
        .meaning = "Where Prometheus finds them, at /metrics: an address of this machine, such as 127.0.0.1 or ::1, since the page has neither password nor encryption. Left out, there is no page; `sotto status` shows the same."},

    Key{.path = "registrar", .kind = section, .meaning = "Registrations (RFC 3261 section 10)."},
    Key{.path = "registrar.binding_lifetime", .kind = duration, .bounds = {.least = 60, .most = 3600}, .field = in<&S::registrar, &S::Registrar::binding_lifetime>,
        .meaning = "Longest time that a registration is granted. Short, so that the server forgets soon who is where."},
    Key{.path = "registrar.shortest_binding", .kind = duration, .bounds = {.least = 1, .most = 3600}, .field = in<&S::registrar, &S::Registrar::shortest_binding>,
        .meaning = "A phone that asks for less is told to ask for this (423)."},
    Key{.path = "registrar.bindings_per_account", .kind = count, .bounds = {.least = 1, .most = 64}, .field = in<&S::registrar, &S::Registrar::bindings_per_account>,
        .meaning = "Devices that an account may have registered at once."},
    Key{.path = "registrar.flow_timer", .kind = duration, .bounds = {.least = 5, .most = 840}, .field = in<&S::registrar, &S::Registrar::flow_timer>,
        .meaning = "A phone that is connected here and registers over several connections (RFC 5626) is asked to give a sign of life this often, and is cut off after twice this time without one: its calls take another connection then."},

    Key{.path = "push", .kind = section, .meaning = "Waking phones that sleep (RFC 8599). What a phone registers for that reaches the gateway and nobody else, and nothing of a call does."},
    Key{.path = "push.gateway", .kind = advertised, .effect = Effect::restart, .field = in<&S::push, &S::Push::gateway>, .example = "\"push.example.org:443\"",
        .meaning = "Your push gateway, by its whole name and port: it gets an HTTPS POST to /wake with a JSON object of pn-provider, pn-param and pn-prid, and passes it on to the phone's provider. Without it no phone can be woken."},
    Key{.path = "push.authorities", .kind = path, .effect = Effect::restart, .field = in<&S::push, &S::Push::authorities>, .example = "tls/push-ca.pem",
        .meaning = "PEM file of the authorities that certify the gateway, where they are not the system's."},
    Key{.path = "push.providers", .kind = choices, .choices = provider_names, .field = in<&S::push, &S::Push::providers>,
        .meaning = "Which push services the gateway serves. A phone of another one gets 555."},
    Key{.path = "push.wait", .kind = duration, .bounds = {.least = 1, .most = 25}, .field = in<&S::push, &S::Push::wait>,
        .meaning = "How long a caller waits for a phone that was woken. Unknown addresses are waited for as well, as many of a hundred as accounts that have such a phone."},

    Key{.path = "proxy", .kind = section, .meaning = "Calls (RFC 3261 section 16)."},
    Key{.path = "proxy.ring_timeout", .kind = duration, .bounds = {.least = 1, .most = 180}, .field = in<&S::proxy, &S::Proxy::ring_timeout>,
        .meaning = "How long a phone may ring, from its first 18x, before it is given up for those with the next lower q, or the call with 480. Timer C (181 s) is separate."},
    Key{.path = "proxy.longest_dialog", .kind = duration, .effect = Effect::restart, .bounds = {.least = 3600, .most = 86'400}, .field = in<&S::proxy, &S::Proxy::longest_dialog>,
        .meaning = "Longest call. Keys that sealed a call's identifiers are destroyed this long after their hour has ended."},

    Key{.path = "limits", .kind = section, .meaning = "What one client, or all together, may use."},
    Key{.path = "limits.connections", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::limits, &S::Limits::connections>,
        .meaning = "Connections of the whole server."},
    Key{.path = "limits.connections_per_source", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::limits, &S::Limits::connections_per_source>,
        .meaning = "Connections from one source: an IPv4 address, or an IPv6 /64; and, 64 at least, new ones within four seconds. Sources are known by keyed hashes only."},
    Key{.path = "limits.handshakes_per_second", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::limits, &S::Limits::handshakes_per_second>,
        .meaning = "New TLS handshakes of the whole server in a second; more wait in the kernel's queue."},
    Key{.path = "limits.open_handshakes", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::limits, &S::Limits::open_handshakes>,
        .meaning = "Unfinished TLS handshakes, per worker. Beyond, a connection that has said nothing yet gives way, or else one whose handshake has not gone on for half a second; where there is none, more wait in the kernel's queue."},
    Key{.path = "limits.handshake_timeout", .kind = duration, .bounds = {.least = 1, .most = 60}, .field = in<&S::limits, &S::Limits::handshake_timeout>,
        .meaning = "Time for a TLS handshake."},
    Key{.path = "limits.idle_timeout", .kind = duration, .bounds = {.least = 60, .most = 86'400}, .field = in<&S::limits, &S::Limits::idle_timeout>,
        .meaning = "A connection without a byte from the client for this long is closed; after two minutes already when nobody has logged in on it. Not shorter than registrar.binding_lifetime."},
    Key{.path = "limits.auth_failures_per_minute", .kind = count, .bounds = any_count, .zero = no_limit, .field = in<&S::limits, &S::Limits::auth_failures_per_minute>,
        .meaning = "Wrong passwords per account, and per source."},
    Key{.path = "limits.message_bytes", .kind = bytes, .bounds = {.least = 4096, .most = 1'048'576, .zero = true}, .zero = "the most that is handled, 1 MiB", .field = in<&S::limits, &S::Limits::message_bytes>,
        .meaning = "Size of a SIP message; a larger one gets 513 or 413."},
    Key{.path = "limits.headers", .kind = count, .bounds = {.least = 32, .most = 1024}, .field = in<&S::limits, &S::Limits::headers>,
        .meaning = "Header lines in a message."},
    Key{.path = "limits.send_queue_bytes", .kind = bytes, .bounds = {.least = 65'536, .most = 16'777'216}, .field = in<&S::limits, &S::Limits::send_queue_bytes>,
        .meaning = "What may wait to be sent on one connection, beside what came at once and one message more. A client that reads slower is cut off."},
    Key{.path = "limits.transactions_per_connection", .kind = count, .bounds = {.least = 8, .most = 100'000}, .field = in<&S::limits, &S::Limits::transactions_per_connection>,
        .meaning = "Open transactions of one connection; more get 503. Requests inside calls have as many again, so that calls can go on and end."},

    Key{.path = "privacy", .kind = section, .meaning = "Protection beyond what is always on."},
    Key{.path = "privacy.relay_only", .kind = flag, .field = in<&S::privacy, &S::Privacy::relay_only>,
        .meaning = "Only relayed media addresses (TURN) pass, so that no party learns the other's address. An offer without one gets 488."},
    Key{.path = "privacy.padding", .kind = bytes, .bounds = {.least = 4096, .most = 16'384}, .field = in<&S::privacy, &S::Privacy::padding>,
        .meaning = "Every message fills whole cells of this many bytes on the wire, so that its length tells little."},
    Key{.path = "privacy.withhold_prefix", .kind = prefix, .field = in<&S::privacy, &S::Privacy::withhold_prefix>,
        .meaning = "Dialled before an address, it withholds the caller's identity in that call."},
    Key{.path = "privacy.show_prefix", .kind = prefix, .field = in<&S::privacy, &S::Privacy::show_prefix>,
        .meaning = "Dialled before an address, it shows the caller in that call although the account withholds by default."},

    Key{.path = "privacy.block_code", .kind = prefix, .field = in<&S::privacy, &S::Privacy::block_code>,
        .meaning = "Called like an address, it blocks whoever called last with a withheld identity, within half an hour; that caller is told what anybody is told who calls somebody who is not there. Nobody learns who it is."},

    Key{.path = "web", .kind = section, .meaning = "Browsers, on the addresses of listen.wss."},
    Key{.path = "web.origins", .kind = origins, .field = in<&S::web, &S::Web::origins>, .example = "[https://phone.example.org]",
        .meaning = "Origins (RFC 6454) of the web pages that may connect; all others get 403. None given: pages of the served names only, on port 443."},

    Key{.path = "turn", .kind = section, .meaning = "TURN servers that you run beside Sotto. Subscribers get credentials for them over HTTPS, on the addresses of listen.wss."},
    Key{.path = "turn.uris", .kind = turn_uris, .field = in<&S::turn, &S::Turn::uris>, .example = "[\"turn:turn.example.org:3478?transport=udp\"]",
        .meaning = "The servers' URIs (RFC 7065), as subscribers are told them."},
    Key{.path = "turn.secret", .kind = path, .field = in<&S::turn, &S::Turn::secret>, .example = "tls/turn.secret",
        .meaning = "File with the secret that the servers share with Sotto (coturn: static-auth-secret). It may be one of systemd's credentials (LoadCredential). Nobody else may read it."},
    Key{.path = "turn.lifetime", .kind = duration, .bounds = {.least = 60, .most = 86'400}, .field = in<&S::turn, &S::Turn::lifetime>,
        .meaning = "How long credentials work. A page asks for new ones before a call."},

    Key{.path = "media", .kind = section, .meaning = "Media streams. They go from phone to phone; the server never carries them."},
    Key{.path = "media.keying", .kind = choices, .choices = keying_names, .field = in<&S::media, &S::Media::keying>,
        .meaning = "How phones may agree on media keys. Only ways that no server can read are known; plain RTP and SDES are refused."},
    Key{.path = "media.codecs", .kind = words, .field = in<&S::media, &S::Media::codecs>, .example = "[opus, PCMA]",
        .meaning = "Codecs that calls may use, as they are registered, where not all that Sotto knows: fewer say less about the phone. Phones keep their own order of preference; tones and the repair of lost packets pass beside them."},

    Key{.path = "billing", .kind = section, .meaning = "What is billed. Of any other call nothing is stored."},
    Key{.path = "billing.routes", .kind = list, .effect = Effect::restart, .field = each<billed_routes>, .example = "[{ name: carrier }]",
        .meaning = "Routes whose calls are billed; of each answered call on them one row is kept, sealed, until the time after its invoice is over. Needs a master key: the credential sotto-master-key of systemd."},
    Key{.path = "billing.routes[].name", .kind = word, .required = true, .effect = Effect::restart, .field = of<billed_routes, &BilledRoute::name>, .example = "carrier",
        .meaning = "One of routes, which has a tariff; or, with prefix and tariff, a name of its own. It stands in the record."},
    Key{.path = "billing.routes[].prefix", .kind = number, .effect = Effect::restart, .field = of<billed_routes, &BilledRoute::prefix>, .example = "\"+49900\"",
        .meaning = "For calls between subscribers, which take none of routes: how the dialled addresses begin; the longest one counts."},
    Key{.path = "billing.routes[].tariff", .kind = word, .effect = Effect::restart, .field = of<billed_routes, &BilledRoute::tariff>, .example = "premium",
        .meaning = "The tariff class of those calls."},
    Key{.path = "billing.routes[].charge", .kind = choice, .effect = Effect::restart, .choices = charge_names, .field = of<billed_routes, &BilledRoute::charge>, .example = "chargeable",
        .meaning = "The case of the regulator's retention matrix. Calls that cost nothing have no place here: leave their route out."},
    Key{.path = "billing.routes[].start_rounding", .kind = duration, .effect = Effect::restart, .bounds = {.least = 1, .most = 3600}, .field = of<billed_routes, &BilledRoute::start_rounding>, .example = "1m",
        .meaning = "The begin of a call is stored cut to a multiple of this."},
    Key{.path = "billing.routes[].hidden_digits", .kind = count, .effect = Effect::restart, .bounds = {.least = 0, .most = 15}, .field = of<billed_routes, &BilledRoute::hidden_digits>, .example = "3",
        .meaning = "How many of the last digits of the destination are not stored, where the tariff does not need them."},

    Key{.path = "retention", .kind = section, .meaning = "How long billed calls are kept. The defaults and ceilings are those of the regulator's guide (docs/data-protection.md)."},
    Key{.path = "retention.after_invoice_days", .kind = count, .bounds = {.least = 0, .most = 180}, .field = in<&S::retention, &S::Retention::after_invoice_days>,
        .meaning = "Days after the invoice run after which a chargeable call is destroyed."},
    Key{.path = "retention.without_invoice_days", .kind = count, .bounds = {.least = 1, .most = 180}, .field = in<&S::retention, &S::Retention::without_invoice_days>,
        .meaning = "Days after the end of its month after which a call is destroyed that no invoice was made of."},

    Key{.path = "log", .kind = section, .meaning = "The log. It identifies nobody, at any level."},
    Key{.path = "log.target", .kind = choice, .effect = Effect::restart, .choices = target_names, .field = in<&S::log, &S::Log::target>,
        .meaning = "Where the log goes."},
    Key{.path = "log.level", .kind = choice, .choices = level_names, .field = in<&S::log, &S::Log::level>,
        .meaning = "The least severe events that are written."},

    Key{.path = "weaken", .kind = section,
        .meaning = "Whatever makes the server less private than it can be. Each entry is named in the log at start."},
    Key{.path = "weaken.digest_md5", .kind = accounts, .field = in<&S::weaken, &S::Weaken::digest_md5>, .example = "[alice@example.org]",
        .meaning = "Accounts whose phones know MD5 only, by their first address, or \"*\" for all. Their passwords must be set again when they are added or removed."},
    Key{.path = "weaken.tls12", .kind = flag, .field = in<&S::weaken, &S::Weaken::tls12>, .example = "true",
        .meaning = "Accept TLS 1.2 (with ECDHE and an AEAD cipher) beside TLS 1.3. It shows the server's certificate to whoever listens, and its records cannot be padded."},
    Key{.path = "weaken.public_gruus", .kind = flag, .field = in<&S::weaken, &S::Weaken::public_gruus>, .example = "true",
        .meaning = "Give each device, beside its temporary GRUUs, a public one (RFC 5627): it shows the subscriber's address and stays the same, so that whoever meets it twice knows."},
    Key{.path = "weaken.padding", .kind = bytes, .bounds = {.least = 64, .most = 4095, .zero = true}, .zero = "no padding", .field = in<&S::weaken, &S::Weaken::padding>, .example = "1024",
        .meaning = "Smaller cells than privacy.padding allows. Whoever watches the wire learns more from the lengths."},
    Key{.path = "weaken.audit_key_file", .kind = path, .effect = Effect::restart, .field = in<&S::weaken, &S::Weaken::audit_key_file>, .example = "audit.key",
        .meaning = "File with the key of the audit log, made when it is missing; without it the key comes as the systemd credential `audit-key`, and there is no daemon without one. Whoever takes over the service's user can read it, and forge entries."},
    Key{.path = "weaken.sdes_routes", .kind = words, .field = in<&S::weaken, &S::Weaken::sdes_routes>, .example = "[carrier]",
        .meaning = "Names of gateway and emergency routes on which the media's keys may pass through servers in the clear (SDES), for gateways that know nothing better."},
    Key{.path = "weaken.master_key_file", .kind = path, .effect = Effect::restart, .field = in<&S::weaken, &S::Weaken::master_key_file>, .example = "/etc/sotto/master.key",
        .meaning = "File with the master key of the ledger (64 hexadecimal digits), instead of the credential sotto-master-key that systemd unseals."},
    Key{.path = "weaken.after_invoice_days", .kind = count, .bounds = {.least = 181, .most = 3660}, .field = in<&S::weaken, &S::Weaken::after_invoice_days>, .example = "365",
        .meaning = "Keep chargeable calls for longer after the invoice than retention.after_invoice_days may say."},
};
// clang-format on

} // namespace

std::span<const Key> keys() { return table; }

const Key* find_key(std::string_view path)
{
    const auto* found = std::ranges::find(table, path, &Key::path);
    return found == table.end() ? nullptr : found;
}

std::string_view parent_of(std::string_view path)
{
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('.') + 1); }

} // namespace sotto::config
