#include "config/agree.hpp"

#include "config/value.hpp"
#include "core/registrar/push.hpp"
#include "core/sdp/media_names.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace sotto::config {
namespace {

std::string indexed(std::string_view list, std::size_t index, std::string_view key)
{
    return std::string{list} + "[" + std::to_string(index) + "]." + std::string{key};
}

/// The domain that a name or alias means; null when it is not ours.
const Domain* served(const Settings& settings, std::string_view name)
{
    const auto found = std::ranges::find_if(settings.domains, [&](const Domain& d) {
        return d.name == name || std::ranges::find(d.aliases, name) != d.aliases.end();
    });
    return found == settings.domains.end() ? nullptr : &*found;
}

void names_are_unique(Loaded& loaded)
{
    std::set<std::string> names;
    const auto claim = [&](const std::string& name, const std::string& key) {
        if (!name.empty() && !names.insert(name).second)
            loaded.problems.push_back(loaded.problem(key, "\"" + name + "\" is named twice", "keep it in one place"));
    };
    const auto& domains = loaded.settings.domains;
    for (std::size_t i = 0; i < domains.size(); ++i) claim(domains[i].name, indexed("domains", i, "name"));
    for (std::size_t i = 0; i < domains.size(); ++i)
        for (const auto& alias : domains[i].aliases) claim(alias, indexed("domains", i, "aliases"));
}

void listeners_fit(Loaded& loaded)
{
    std::set<std::string> addresses;
    const auto check = [&](std::string_view list, const std::vector<TlsListener>& listeners) {
        for (std::size_t i = 0; i < listeners.size(); ++i) {
            const auto& [address, advertise] = listeners[i];
            if (address.port != 0 && !addresses.insert(to_string(address)).second)
                loaded.problems.push_back(
                    loaded.problem(indexed(list, i, "address"), "is the same as one before", "keep one of the two"));
            if (advertise && served(loaded.settings, advertise->host) == nullptr)
                loaded.problems.push_back(
                    loaded.problem(indexed(list, i, "advertise"), "\"" + advertise->host + "\" is not served",
                                   "add it to the aliases of a domain, so that a certificate proves it"));
        }
    };
    check("listen.tls", loaded.settings.listen.tls);
    check("listen.wss", loaded.settings.listen.wss);
    check("listen.peers", loaded.settings.listen.peers);
    const auto& page = loaded.settings.metrics.listen;
    if (page && page->port != 0 && addresses.contains(to_string(*page)))
        loaded.problems.push_back(
            loaded.problem("metrics.listen", "is the same as one under listen", "choose another port"));
}

/// What each kind of route may match, and what it needs.
void route_fits(Loaded& loaded, std::size_t i)
{
    const auto& route = loaded.settings.routes[i];
    const auto kind = route_kinds[route.kind];
    const auto complain = [&](std::string_view key, std::string what, std::string remedy) {
        loaded.problems.push_back(loaded.problem(indexed("routes", i, key), std::move(what), std::move(remedy)));
    };
    for (const auto& match : route.match) {
        const bool number = match.find_first_not_of("0123456789") == std::string::npos;
        const std::string_view of = match.starts_with('+')                        ? "gateway"
                                    : number || match.starts_with("urn:service:") ? "emergency"
                                                                                  : "peer";
        if (of != kind)
            complain("match",
                     as_written(match) + " is nothing that a route of kind " + std::string{kind} + " can match",
                     "it would belong to a route of kind " + std::string{of});
        if (of == "peer" && served(loaded.settings, match) != nullptr)
            complain("match", "\"" + match + "\" is a domain of ours", "calls to it stay inside; remove it");
    }
    if (route.match.empty()) complain("match", "matches nothing", "name at least one, such as \"+\"");
    if (route.target.empty() && kind != "peer")
        complain("target", "is missing", "write the host that the calls go to, such as [trunk.example.net]");
    if (route.username.empty() != route.password_file.empty())
        complain(route.username.empty() ? "password_file" : "username", "stands alone",
                 "write username and password_file together, or neither");
    if (route.trusted && kind != "peer") complain("trusted", "is for peers only", "leave it out");
    if (route.withheld_inside && kind != "gateway" && !route.trusted)
        complain("withheld_inside", "is for gateways and trusted peers only", "leave it out");
    const bool announces = protection_actions[route.protection] == "announce";
    if (announces == route.announcement.empty())
        complain("announcement", announces ? "is missing" : "is of no use",
                 "write it together with \"protection: announce\"");
    if (kind == "emergency" && protection_actions[route.protection] == "refuse")
        complain("protection", "would refuse emergency calls", "leave it out");
}

void routes_fit(Loaded& loaded)
{
    std::set<std::string> names;
    const auto& routes = loaded.settings.routes;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        route_fits(loaded, i);
        if (!names.insert(routes[i].name).second)
            loaded.problems.push_back(loaded.problem(
                indexed("routes", i, "name"), "\"" + routes[i].name + "\" is named twice", "choose another name"));
    }
    for (const auto& name : loaded.settings.weaken.sdes_routes)
        if (std::ranges::none_of(routes,
                                 [&](const RouteEntry& r) { return r.name == name && route_kinds[r.kind] != "peer"; }))
            loaded.problems.push_back(loaded.problem("weaken.sdes_routes",
                                                     "\"" + name + "\" is no route of kind gateway or emergency",
                                                     "name one of the routes above, or leave it out"));
}

void durations_fit(Loaded& loaded)
{
    const auto& s = loaded.settings;
    if (s.registrar.shortest_binding > s.registrar.binding_lifetime)
        loaded.problems.push_back(
            loaded.problem(loaded.places.contains("registrar.shortest_binding") ? "registrar.shortest_binding"
                                                                                : "registrar.binding_lifetime",
                           "registrar.shortest_binding is longer than registrar.binding_lifetime",
                           "write at most " + duration_text(s.registrar.binding_lifetime.count()) +
                               " for registrar.shortest_binding"));
    if (s.limits.idle_timeout < s.registrar.binding_lifetime)
        loaded.problems.push_back(loaded.problem(
            loaded.places.contains("limits.idle_timeout") ? "limits.idle_timeout" : "registrar.binding_lifetime",
            "limits.idle_timeout is shorter than registrar.binding_lifetime: registered phones would be cut off",
            "write at least " + duration_text(s.registrar.binding_lifetime.count()) + " for limits.idle_timeout"));
    if (s.push.gateway && s.registrar.binding_lifetime <= wake_before_end)
        loaded.problems.push_back(loaded.problem("registrar.binding_lifetime",
                                                 "is too short for phones that sleep: none could register",
                                                 "write more than " + duration_text(wake_before_end.count()) +
                                                     ", which is when they are woken, or leave push.gateway out"));
}

void socket_path_fits(Loaded& loaded)
{
    constexpr std::size_t longest = 100;
    if (loaded.settings.admin.socket.string().size() > longest)
        loaded.problems.push_back(loaded.problem("admin.socket", "is longer than 100 bytes",
                                                 "choose a shorter path, such as /run/sotto/admin.sock"));
}

void metrics_stay_here(Loaded& loaded)
{
    const auto& listen = loaded.settings.metrics.listen;
    if (!listen || listen->host == "::1" || listen->host.starts_with("127.")) return;
    loaded.problems.push_back(loaded.problem(
        "metrics.listen", "is not an address of this machine only, and the page has neither password nor encryption",
        "write \"127.0.0.1:" + std::to_string(listen->port) + "\", and put a proxy in front that asks who is there"));
}

void prefixes_differ(Loaded& loaded)
{
    const auto& [withhold, show] =
        std::tie(loaded.settings.privacy.withhold_prefix, loaded.settings.privacy.show_prefix);
    if (withhold.empty() || show.empty() || (!withhold.starts_with(show) && !show.starts_with(withhold))) return;
    loaded.problems.push_back(loaded.problem(
        loaded.places.contains("privacy.withhold_prefix") ? "privacy.withhold_prefix" : "privacy.show_prefix",
        "withhold_prefix and show_prefix begin alike", "choose prefixes of which neither begins the other"));
}

void codecs_are_known(Loaded& loaded)
{
    for (const auto& name : loaded.settings.media.codecs) {
        const auto permits = [&](const sdp::Encoding& one) { return !one.auxiliary && iequals(one.name, name); };
        if (std::ranges::any_of(sdp::encodings, permits)) continue;
        std::string known;
        for (const auto& one : sdp::encodings)
            if (!one.auxiliary) known.append(known.empty() ? "" : ", ").append(one.name);
        loaded.problems.push_back(
            loaded.problem("media.codecs", "\"" + name + "\" is no codec that is known", "write some of " + known));
    }
}

void turn_is_whole(Loaded& loaded)
{
    const auto& settings = loaded.settings;
    const auto& turn = settings.turn;
    if (turn.uris.empty() != turn.secret.empty())
        loaded.problems.push_back(loaded.problem(turn.uris.empty() ? "turn.secret" : "turn.uris",
                                                 "needs turn.uris and turn.secret both",
                                                 "name the servers, and the file with the secret that they share"));
    if (!turn.uris.empty() && settings.listen.wss.empty())
        loaded.problems.push_back(loaded.problem("turn.uris", "needs listen.wss: credentials are handed out there",
                                                 "give an address to listen.wss"));
}

/// What is billed is said once: the tariff class where the route is, and that and how its calls are recorded here.
void billed_routes_fit(Loaded& loaded)
{
    const auto& routes = loaded.settings.routes;
    const auto& billed = loaded.settings.billing.routes;
    std::set<std::string> names;
    std::set<std::string> prefixes;
    bool prefixes_unique = true;
    for (std::size_t i = 0; i < billed.size(); ++i) {
        const auto& name = billed[i].name;
        const auto key = indexed("billing.routes", i, "name");
        const auto route = std::ranges::find(routes, name, &RouteEntry::name);
        const bool inside = !billed[i].prefix.empty();
        if (inside != !billed[i].tariff.empty())
            loaded.problems.push_back(
                loaded.problem(key, "needs prefix and tariff both, or neither",
                               "give both for calls between subscribers, neither for one of routes"));
        else if (inside && route != routes.end())
            loaded.problems.push_back(loaded.problem(key,
                                                     "\"" + name + "\" is one of routes, which says its tariff itself",
                                                     "leave prefix and tariff out, or choose another name"));
        else if (inside)
            prefixes_unique = prefixes.insert(billed[i].prefix).second && prefixes_unique;
        else if (route == routes.end() || route_kinds[route->kind] == "emergency")
            loaded.problems.push_back(loaded.problem(key, "\"" + name + "\" is no route of kind gateway or peer",
                                                     "name one of routes, or leave it out"));
        else if (route->tariff.empty())
            loaded.problems.push_back(
                loaded.problem(key, "the route \"" + name + "\" has no tariff", "give it one: its tariff class"));
        if (!names.insert(name).second)
            loaded.problems.push_back(loaded.problem(key, "\"" + name + "\" is named twice", "keep one of the two"));
    }
    if (!prefixes_unique)
        loaded.problems.push_back(
            loaded.problem("billing.routes", "two of them have the same prefix", "keep one of the two"));
    for (std::size_t i = 0; i < routes.size(); ++i)
        if (!routes[i].tariff.empty() && !names.contains(routes[i].name))
            loaded.problems.push_back(loaded.problem(indexed("routes", i, "tariff"),
                                                     "the route has a tariff, and its calls are not billed",
                                                     "name the route in billing.routes, or leave the tariff out"));
}

/// Accounts are stored under the domain's own name; an alias means the same account. False: nobody serves the domain.
bool names_own_domain(std::string& account, const Settings& settings)
{
    const auto at = account.rfind('@');
    if (at == std::string::npos) return true; // none, or "*"
    const auto* domain = served(settings, account.substr(at + 1));
    if (domain != nullptr) account.replace(at + 1, std::string::npos, domain->name);
    return domain != nullptr;
}

void accounts_are_ours(Loaded& loaded)
{
    auto& settings = loaded.settings;
    const auto complain = [&](const std::string& key, const std::string& what) {
        loaded.problems.push_back(
            loaded.problem(key, what + " of a domain that is not served", "name addresses of the domains above"));
    };
    for (auto& account : settings.weaken.digest_md5)
        if (!names_own_domain(account, settings)) complain("weaken.digest_md5", "an entry is");
    for (std::size_t i = 0; i < settings.routes.size(); ++i)
        if (!names_own_domain(settings.routes[i].announcement, settings))
            complain(indexed("routes", i, "announcement"), "is");
}

} // namespace

void agree(Loaded& loaded)
{
    constexpr std::size_t most_handled = 1'048'576;
    if (loaded.settings.limits.message_bytes == 0) loaded.settings.limits.message_bytes = most_handled;
    names_are_unique(loaded);
    listeners_fit(loaded);
    routes_fit(loaded);
    durations_fit(loaded);
    socket_path_fits(loaded);
    metrics_stay_here(loaded);
    prefixes_differ(loaded);
    codecs_are_known(loaded);
    turn_is_whole(loaded);
    accounts_are_ours(loaded);
    billed_routes_fit(loaded);
}

} // namespace sotto::config
