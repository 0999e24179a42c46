#include "ctl/admin/route_commands.hpp"

#include "core/billing/tariff.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/routing/presentation.hpp"
#include "core/routing/protection.hpp"
#include "core/types/ascii.hpp"
#include "core/types/host.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/arguments.hpp"

#include <array>

namespace sotto::ctl {
namespace {

constexpr std::array<std::string_view, 4> kinds{"subscriber", "peer", "gateway", "emergency"};

/// As a phone would put it into a Request-URI. `text` outlives the result.
Uri dialled_uri(std::string_view text, std::string_view domain)
{
    Uri uri;
    uri.text = text;
    const auto colon = text.find(':');
    const auto scheme = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    uri.scheme = scheme == "tel"    ? Scheme::tel
                 : scheme == "urn"  ? Scheme::urn
                 : scheme == "sips" ? Scheme::sips
                                    : Scheme::sip;
    if (scheme == "tel" || scheme == "urn" || scheme == "sip" || scheme == "sips") text.remove_prefix(colon + 1);
    if (const auto semicolon = text.find(';'); semicolon != std::string_view::npos) {
        uri.params = text.substr(semicolon + 1);
        text = text.substr(0, semicolon);
    }
    const auto at = text.rfind('@');
    uri.user = text.substr(0, at);
    uri.host = at == std::string_view::npos ? domain : without_final_dot(text.substr(at + 1));
    return uri;
}

void put_bill(json::object& result, const billing::Tariff* tariff)
{
    result["billed"] = tariff != nullptr;
    if (tariff != nullptr) result["tariff"] = tariff->name;
}

json::object shown(const Decision& decision, const Presenting& caller, Scheme scheme)
{
    const auto& route = *decision.route;
    const auto targets = route.targets.empty()
                             ? std::vector{Destination{.host = decision.aor.substr(decision.aor.rfind('@') + 1)}}
                             : route.targets;
    const auto sent = present(decision, targets.front(), scheme, caller);
    json::array ways;
    for (const auto& target : targets) ways.emplace_back(text_of(target));
    json::array asserted;
    for (const auto& identity : sent.asserted) asserted.emplace_back(identity);
    json::object result{{"way", "outside"},
                        {"route", route.name},
                        {"kind", kinds[static_cast<std::size_t>(route.kind)]},
                        {"targets", std::move(ways)},
                        {"request_uri", sent.request_uri},
                        {"from", sent.from},
                        {"to", sent.to}};
    if (!asserted.empty()) result["p_asserted_identity"] = std::move(asserted);
    if (!sent.privacy.empty()) result["privacy"] = sent.privacy;
    put_bill(result, route.tariff ? &*route.tariff : nullptr);
    if (weaker_on(route)) {
        constexpr std::array<std::string_view, 3> actions{"refused", "marked", "announced"};
        result["protection"] = actions[static_cast<std::size_t>(route.when_weaker)];
    }
    return result;
}

struct Dialling {
    Uri uri; ///< lives as long as what was dialled
    Dialled prefix{};
    Decision decision;
};

Dialling dial(const CoreSettings& settings, const AccountDirectory& accounts, const Account& caller,
              const std::string& dialled)
{
    Dialling dialling{.uri = dialled_uri(dialled, caller.domain)};
    auto user = unescape(dialling.uri.user).value_or(std::string{});
    dialling.prefix = take_prefix(user, {settings.withhold_prefix, settings.show_prefix});
    dialling.decision = choose({settings, accounts}, caller.domain, dialling.uri, user);
    return dialling;
}

Reply test(const CoreSettings& settings, store::AccountStore& accounts, const std::string& address,
           const std::string& dialled)
{
    const auto served = served_account(accounts, address);
    if (!served) return error_of(served.error(), address);
    const auto* account = served->get();
    const auto directory = accounts.directory();
    const auto [uri, prefix, decision] = dial(settings, *directory, *account, dialled);
    const bool withheld = prefix == Dialled::withhold || (prefix == Dialled::plain && account->withhold_identity);
    switch (decision.way) {
    case Decision::Way::inside: {
        json::object result{{"way", "inside"}, {"to", decision.aor}};
        const auto* inside = billing::tariff_inside(settings.billed_inside,
                                                    std::string_view{decision.aor}.substr(0, decision.aor.rfind('@')));
        put_bill(result, inside == nullptr ? nullptr : &inside->tariff);
        return result;
    }
    case Decision::Way::refused: {
        const auto verdict = verdict_of(decision.refusal);
        return json::object{{"way", "refused"}, {"status", verdict.status}, {"reason", verdict.reason}};
    }
    case Decision::Way::outside:
        break;
    }
    const auto own = std::string{account->user}.append("@").append(account->domain);
    return shown(decision, {.account = account, .aor = own, .withheld = withheld}, uri.scheme);
}

} // namespace

std::string dialled_address(const CoreSettings& settings, store::AccountStore& accounts, const std::string& caller,
                            const std::string& dialled)
{
    const auto served = served_account(accounts, caller);
    if (!served) return {};
    const auto directory = accounts.directory();
    const auto decision = dial(settings, *directory, **served, dialled).decision;
    return decision.way == Decision::Way::inside ? decision.aor : std::string{};
}

Handlers route_commands(std::function<std::shared_ptr<const CoreSettings>()> settings, store::AccountStore& accounts)
{
    Handlers handlers;
    handlers["route test"] = with_arguments(
        [settings = std::move(settings), &accounts](const Arguments& arguments, const PeerCredentials&) -> Reply {
            return test(*settings(), accounts, arguments.text("address"), arguments.text("dialled"));
        });
    return handlers;
}

} // namespace sotto::ctl
