#include "core/proxy/proxy.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>

namespace sotto {

/// `account` rings; null: nobody at that address does.
ResponseContext::Sought Proxy::sought(const Account* account, std::string_view aor) const
{
    if (env_.settings->push_providers.empty()) return {};
    if (account != nullptr) return {.account = account->id};
    return {.account = {}, .seems_to_sleep = seems_to_sleep(aor)};
}

/// RFC 8599 5.6.2: the phones of whoever is called that are not connected are asked to come back, and waited for. So
/// is, without asking anybody, a share of the addresses that are nobody's: the wait must not tell who is there
/// (DESIGN.md P10).
/// `found`: devices that are awake, beside those that ring or wait their turn.
void Proxy::wake_sleepers(SlotId id, const std::vector<Branch>& found, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    const auto before = context->asleep;
    for (const auto& [account, seems_to_sleep] : std::exchange(context->sought, {})) {
        if (seems_to_sleep && std::ranges::count(context->seeming, *seems_to_sleep) == 0) {
            context->seeming.push_back(*seems_to_sleep);
            ++context->asleep;
        }
        if (!account) continue;
        const auto ticket = ticket_for(Waiting::sleeper, id);
        for (const auto& sleeper : env_.push.of(aor_keys(account, env_.cryptography), now)) {
            if (context->tries(sleeper.device) || holds(found, sleeper.device) ||
                std::ranges::count(context->asked, sleeper.device) != 0)
                continue;
            context->asked.push_back(sleeper.device);
            const auto parameters = unpacked(env_.cryptography.open_in_memory(sleeper.parameters.bytes));
            env_.push.await(sleeper.device, {.worker = env_.worker, .ticket = ticket.value});
            out.push_back(Wake{ticket, parameters.provider, parameters.parameter, parameters.token});
            ++context->asleep;
            if (std::ranges::count(context->sleepers, account) == 0) context->sleepers.push_back(account);
        }
    }
    if (context->asleep == before) return;
    env_.layer->cancel_timer(context->wake_timer);
    context->wake_timer = env_.layer->set_timer(wake_timer, id, now + env_.settings->push_wait);
}

/// Nobody's address, waited for like a phone that does not wake: a keyed choice, in the share of accounts that have
/// one. None: it is not waited for.
std::optional<KeyedHash> Proxy::seems_to_sleep(std::string_view aor) const
{
    const auto choice = env_.cryptography.keyed_hash(Cryptography::Use::push, aor);
    const auto accounts = std::max<std::uint64_t>(1, env_.accounts->size());
    const auto share = std::min<std::uint64_t>(env_.push.accounts(), accounts) << 32U;
    return (choice.low >> 32U) * accounts < share ? std::optional{choice} : std::nullopt;
}

void Proxy::woken(SlotId id, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->asleep == 0 || context->answered || context->cancelled) return;
    --context->asleep;
    for (const auto account : context->sleepers) { // whose phone it is, nobody says
        ++context->woken;
        ++context->look_ups;
        out.push_back(LookUp{ticket_for(Waiting::targets, id), aor_keys(account, env_.cryptography)});
    }
}

void Proxy::not_woken(SlotId id, bool none_of_them, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->asleep == 0 || context->answered) return;
    context->asleep = none_of_them ? 0 : context->asleep - 1;
    branch_over(id, now, out);
}

} // namespace sotto
