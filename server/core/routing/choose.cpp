#include "core/routing/choose.hpp"

#include "core/proxy/domains.hpp"
#include "core/routing/number.hpp"
#include "core/types/host.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sotto {
namespace {

/// Known on every mobile telephone: never taken for a number of some town, whether a route carries them or not.
constexpr std::array<std::string_view, 2> emergency_everywhere{"112", "911"};
constexpr std::string_view any_help = "sos"; ///< RFC 5031 4.2

template <class Matches> const Route* first_route(const CoreSettings& settings, Receiver kind, Matches matches)
{
    const auto found =
        std::ranges::find_if(settings.routes, [&](const Route& route) { return route.kind == kind && matches(route); });
    return found == settings.routes.end() ? nullptr : &*found;
}

/// RFC 5031 4.2: what is asked of a service without a route of its own goes to the service above it.
bool within(std::string_view service, std::string_view above)
{
    return service == above ||
           (service.size() > above.size() && service.starts_with(above) && service[above.size()] == '.');
}

std::string service_of(const Uri& uri)
{
    constexpr std::string_view space = "service:";
    const auto name = lower(uri.user);
    return uri.scheme == Scheme::urn && name.starts_with(space) ? name.substr(space.size()) : std::string{};
}

Decision refuse(Refusal refusal)
{
    Decision decision;
    decision.refusal = refusal;
    return decision;
}

Decision inside(std::string aor)
{
    Decision decision;
    decision.way = Decision::Way::inside;
    decision.aor = std::move(aor);
    return decision;
}

Decision outside(const Route& route)
{
    Decision decision;
    decision.way = Decision::Way::outside;
    decision.route = &route;
    return decision;
}

/// Whoever takes calls for help of every kind, named by the service or by its number: they are the same call.
const Route* route_for_any_help(const CoreSettings& settings)
{
    const auto takes_any = [](const Route& r) {
        return std::ranges::count(r.services, any_help) != 0 ||
               std::ranges::any_of(emergency_everywhere, [&](auto n) { return std::ranges::count(r.numbers, n) != 0; });
    };
    return first_route(settings, Receiver::emergency, takes_any);
}

/// Only an address of ours, or a number, can mean an emergency number: "112@elsewhere.example" is somebody's address.
std::optional<Decision> emergency(const CoreSettings& settings, const Uri& uri, std::string_view digits)
{
    if (const auto service = service_of(uri); !service.empty()) {
        const auto* route = first_route(settings, Receiver::emergency, [&](const Route& r) {
            return std::ranges::any_of(r.services, [&](const auto& s) { return within(service, s); });
        });
        if (route == nullptr && within(service, any_help)) route = route_for_any_help(settings);
        if (route == nullptr) return refuse(Refusal::not_found);
        auto decision = outside(*route);
        decision.service = service;
        return decision;
    }
    if (digits.empty()) return std::nullopt;
    if (const auto* route = first_route(settings, Receiver::emergency,
                                        [&](const Route& r) { return std::ranges::count(r.numbers, digits) != 0; })) {
        auto decision = outside(*route);
        decision.number = digits;
        decision.service = route->services.empty() ? "sos" : route->services.front();
        return decision;
    }
    if (std::ranges::count(emergency_everywhere, digits) == 0) return std::nullopt;
    const auto* route = route_for_any_help(settings);
    if (route == nullptr) return refuse(Refusal::not_found);
    auto decision = outside(*route);
    decision.number = digits;
    decision.service = any_help;
    return decision;
}

const NumberPlan& plan_of(const CoreSettings& settings, std::string_view domain)
{
    const auto found = std::ranges::find(settings.domains, domain, &ServedDomain::name);
    return found == settings.domains.end() ? settings.domains.front().numbers : found->numbers;
}

Decision by_number(const RoutingTable& table, const std::string& number, std::string_view caller)
{
    for (const auto& domain : table.settings.domains) // calls to own numbers stay inside
        if (table.accounts.find(number, domain.name) != nullptr) return inside(number + "@" + domain.name);
    const auto* route = first_route(table.settings, Receiver::gateway, [&](const Route& r) {
        return table.gateways && std::ranges::any_of(r.prefixes, [&](const auto& p) { return number.starts_with(p); });
    });
    // A number that nothing leads to looks like one of ours that nobody has (DESIGN.md P10).
    if (route == nullptr) return inside(number + "@" + std::string{caller});
    auto decision = outside(*route);
    decision.number = number;
    return decision;
}

Decision by_tel(const RoutingTable& table, std::string_view caller, const Uri& uri)
{
    const auto tel = read_tel(uri);
    if (tel.digits.empty()) return refuse(Refusal::address_incomplete);
    const auto* context = Domains{table.settings}.of(tel.context_domain);
    if (!tel.context_domain.empty() && context == nullptr) return refuse(Refusal::not_found);
    const auto number = to_e164(tel.digits, plan_of(table.settings, context != nullptr ? *context : caller));
    return number ? by_number(table, *number, caller) : refuse(Refusal::address_incomplete);
}

/// A number in a SIP URI bears the parameters that it has in a tel: URI (RFC 3261 19.1.6).
Uri as_tel(const Uri& uri, std::string_view user)
{
    Uri tel = uri;
    tel.scheme = Scheme::tel;
    tel.user = user.substr(0, user.find(';'));
    if (uri.scheme != Scheme::tel) tel.params = user.substr(std::min(user.size(), tel.user.size() + 1));
    return tel;
}

} // namespace

std::string calling_number(const CoreSettings& settings, std::string_view domain, const Uri& uri)
{
    const auto user = unescape(uri.user).value_or(std::string{});
    const auto tel = as_tel(uri, user);
    const auto digits = tel.param("phone-context") ? read_tel(tel).digits : dialled_digits(tel.user);
    auto plan = plan_of(settings, domain);
    plan.area.clear();
    plan.extension_base.clear();
    const bool bare =
        !digits.starts_with('+') && (plan.international.empty() || !digits.starts_with(plan.international));
    if (bare && plan.national.empty()) return {}; // it may as well be a whole number without its "+"
    return to_e164(digits, plan).value_or(std::string{});
}

const Route* peer_route(const CoreSettings& settings, std::string_view domain)
{
    const bool anybodys = domain.find('.') != std::string_view::npos; // else it is a name of our own network
    return first_route(settings, Receiver::peer, [&](const Route& r) {
        return std::ranges::any_of(r.domains, [&](const auto& d) { return d == domain || (anybodys && d == "*"); });
    });
}

bool leads_to(const Route& route, std::span<const std::string> domains)
{
    return std::ranges::any_of(domains, [&](const auto& domain) {
        return std::ranges::count(route.targets, domain, &Destination::host) != 0;
    });
}

const Route* route_named(const CoreSettings& settings, std::string_view name)
{
    const auto found = std::ranges::find(settings.routes, name, &Route::name);
    return found == settings.routes.end() ? nullptr : &*found;
}

Decision choose(const RoutingTable& table, std::string_view caller, const Uri& uri, std::string_view user)
{
    const Domains domains{table.settings};
    const auto* ours = domains.of(uri);
    const auto subscriber = user.substr(0, user.find(';'));
    const auto digits = ours != nullptr || uri.scheme == Scheme::tel ? dialled_digits(subscriber) : std::string{};
    if (auto decision = emergency(table.settings, uri, digits)) return *std::move(decision);
    const bool with_params = ours != nullptr && !digits.empty() && subscriber.size() < user.size() &&
                             table.accounts.find(user, *ours) == nullptr;
    if (uri.scheme == Scheme::tel || with_params)
        return by_tel(table, ours != nullptr ? std::string_view{*ours} : caller, as_tel(uri, user));
    if (!uri.is_sip()) return refuse(Refusal::unsupported_scheme);
    if (user.empty()) return refuse(Refusal::not_found);
    if (ours == nullptr) {
        const auto domain = lower(uri.host);
        const auto* route = is_address(domain) ? nullptr : peer_route(table.settings, domain); // none is certified
        if (route == nullptr) return refuse(Refusal::not_found);
        auto decision = outside(*route);
        decision.aor = std::string{user}.append("@").append(domain);
        return decision;
    }
    auto aor = std::string{user}.append("@").append(*ours);
    const bool dialled = !digits.empty() && (digits.front() == '+' || !plan_of(table.settings, *ours).country.empty() ||
                                             !plan_of(table.settings, *ours).extension_base.empty());
    if (!dialled || table.accounts.find(user, *ours) != nullptr) return inside(std::move(aor));
    const auto number = to_e164(digits, plan_of(table.settings, *ours));
    // An incomplete one looks like an address of ours that nobody has: accounts may be called by digits (DESIGN.md
    // P10).
    return number ? by_number(table, *number, caller) : inside(std::move(aor));
}

} // namespace sotto
