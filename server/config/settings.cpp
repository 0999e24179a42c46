#include "config/settings.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>

namespace sotto::config {

std::string to_string(const HostPort& address)
{
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

namespace {

Destination destination_of(const std::string& text)
{
    const auto colon = text.find(':');
    if (colon == std::string::npos) return {.host = text, .port = 0};
    return {.host = text.substr(0, colon), .port = static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

Route route_of(const RouteEntry& entry, const std::vector<std::string>& sdes_routes)
{
    constexpr std::string_view service = "urn:service:";
    Route route;
    route.name = entry.name;
    route.kind = static_cast<Receiver>(entry.kind + 1);
    for (const auto& match : entry.match) {
        if (match.starts_with('+'))
            route.prefixes.push_back(match);
        else if (match.starts_with(service))
            route.services.push_back(match.substr(service.size()));
        else if (match.find_first_not_of("0123456789") == std::string::npos)
            route.numbers.push_back(match);
        else
            route.domains.push_back(match);
    }
    for (const auto& target : entry.target) route.targets.push_back(destination_of(target));
    route.username = entry.username;
    route.caller_id = static_cast<CallerId>(entry.caller_id);
    route.withheld_inside = entry.withheld_inside;
    route.trusted = entry.trusted;
    route.when_weaker = static_cast<WhenWeaker>(entry.protection);
    route.announcement = entry.announcement;
    route.sdes = std::ranges::count(sdes_routes, entry.name) != 0;
    return route;
}

} // namespace

bool Settings::uses_md5(std::string_view address) const
{
    const auto at = address.rfind('@');
    if (at == std::string_view::npos) return std::ranges::count(weaken.digest_md5, "*") != 0;
    const std::string sought = std::string{address.substr(0, at)} + lower(address.substr(at));
    return std::ranges::any_of(weaken.digest_md5, [&](const auto& named) { return named == "*" || named == sought; });
}

namespace {

sotto::billing::Tariff tariff_of(const Settings::BilledRoute& billed, const std::string& tariff)
{
    return {.name = tariff,
            .route = billed.name,
            .start_rounding = billed.start_rounding,
            .hidden_digits = billed.hidden_digits,
            .kind = static_cast<retention::Case>(billed.charge)};
}

CoreSettings::Place place_of(const std::vector<TlsListener>& listeners)
{
    if (listeners.empty()) return {};
    const auto& first = listeners.front();
    return first.advertise ? CoreSettings::Place{first.advertise->host, first.advertise->port}
                           : CoreSettings::Place{{}, first.address.port};
}

} // namespace

bool Settings::carries_emergency_calls() const
{
    return std::ranges::any_of(routes, [](const RouteEntry& r) { return route_kinds[r.kind] == "emergency"; });
}

std::vector<std::string> Settings::origins() const
{
    if (!web.origins.empty()) return web.origins;
    std::vector<std::string> own;
    for (const auto& domain : domains) {
        own.push_back("https://" + domain.name);
        for (const auto& alias : domain.aliases) own.push_back("https://" + alias);
    }
    return own;
}

static_assert(static_cast<int>(Charge::itemised_flat) == static_cast<int>(retention::Case::itemised_flat));

retention::Policy Settings::retention_policy() const
{
    return {.after_invoice = retention::days{weaken.after_invoice_days.value_or(retention.after_invoice_days)},
            .without_invoice = retention::days{retention.without_invoice_days}};
}

CoreSettings Settings::core() const
{
    CoreSettings core;
    for (const auto& domain : domains) core.domains.push_back({domain.name, domain.aliases, domain.numbers});
    for (const auto* listeners : {&listen.tls, &listen.wss, &listen.peers})
        for (const auto& listener : *listeners) {
            core.own_hosts.push_back(to_string(listener.address));
            if (listener.advertise) core.own_hosts.push_back(to_string(*listener.advertise));
        }
    core.tls = place_of(listen.tls);
    core.wss = place_of(listen.wss);
    core.outside = listen.peers.empty() ? core.tls : place_of(listen.peers);
    for (const auto& entry : routes) {
        auto& route = core.routes.emplace_back(route_of(entry, weaken.sdes_routes));
        const auto billed = std::ranges::find(billing.routes, entry.name, &BilledRoute::name);
        if (billed != billing.routes.end()) route.tariff = tariff_of(*billed, entry.tariff);
    }
    for (const auto& billed : billing.routes)
        if (!billed.prefix.empty())
            core.billed_inside.push_back({.prefix = billed.prefix, .tariff = tariff_of(billed, billed.tariff)});
    core.peer_calls_per_minute = peers.calls_per_minute;
    core.binding_lifetime = registrar.binding_lifetime;
    core.shortest_binding = registrar.shortest_binding;
    core.ring_timeout = proxy.ring_timeout;
    core.public_gruus = weaken.public_gruus;
    if (push.gateway) core.push_providers = push.providers;
    core.push_wait = push.wait;
    core.flow_timer = registrar.flow_timer;
    core.bindings_per_account = registrar.bindings_per_account;
    core.transactions_per_flow = limits.transactions_per_connection;
    core.auth_failures_per_minute = limits.auth_failures_per_minute;
    core.relay_only = privacy.relay_only;
    core.withhold_prefix = privacy.withhold_prefix;
    core.show_prefix = privacy.show_prefix;
    core.block_code = privacy.block_code;
    core.keying = media.keying;
    core.codecs = media.codecs;
    core.longest_dialog = proxy.longest_dialog;
    core.relay.uris = turn.uris;
    core.relay.lifetime = turn.lifetime;
    return core;
}

} // namespace sotto::config
