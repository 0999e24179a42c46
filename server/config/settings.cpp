#include "config/settings.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>

namespace sotto::config {

std::string to_string(const HostPort& address)
{
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool Settings::uses_md5(std::string_view address) const
{
    const auto at = address.rfind('@');
    if (at == std::string_view::npos) return std::ranges::count(weaken.digest_md5, "*") != 0;
    const std::string sought = std::string{address.substr(0, at)} + lower(address.substr(at));
    return std::ranges::any_of(weaken.digest_md5, [&](const auto& named) { return named == "*" || named == sought; });
}

namespace {

CoreSettings::Place place_of(const std::vector<TlsListener>& listeners)
{
    if (listeners.empty()) return {};
    const auto& first = listeners.front();
    return first.advertise ? CoreSettings::Place{first.advertise->host, first.advertise->port}
                           : CoreSettings::Place{{}, first.address.port};
}

} // namespace

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
    for (const auto& domain : domains) core.domains.push_back({domain.name, domain.aliases});
    for (const auto* listeners : {&listen.tls, &listen.wss})
        for (const auto& listener : *listeners) {
            core.own_hosts.push_back(to_string(listener.address));
            if (listener.advertise) core.own_hosts.push_back(to_string(*listener.advertise));
        }
    core.tls = place_of(listen.tls);
    core.wss = place_of(listen.wss);
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
    core.longest_dialog = proxy.longest_dialog;
    core.relay.uris = turn.uris;
    core.relay.lifetime = turn.lifetime;
    for (const auto& route : billing.routes)
        core.billed.push_back({.prefix = route.prefix,
                               .tariff = {.name = route.tariff,
                                          .route = route.name,
                                          .start_rounding = route.start_rounding,
                                          .hidden_digits = route.hidden_digits,
                                          .kind = static_cast<retention::Case>(route.charge)}});
    return core;
}

} // namespace sotto::config
