#include "core/proxy/proxy.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>

namespace sotto {

/// RFC 8599 5.6.2: the callee's phones that are not connected are asked to come back, and waited for. So is, without
/// asking anybody, a share of the addresses that are nobody's: the wait must not tell who is there (DESIGN.md P10).
void Proxy::wake_sleepers(SlotId id, const std::vector<Binding>& awake, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (std::exchange(context->sleepers_asked, true) || env_.settings->push_providers.empty()) return;
    if (context->callee) {
        const auto ticket = ticket_for(Waiting::sleeper, id);
        for (const auto& sleeper : env_.push.of(aor_keys(context->callee, env_.cryptography), now)) {
            if (std::ranges::find(awake, sleeper.device, &Binding::id) != awake.end()) continue;
            const auto parameters = unpacked(env_.cryptography.open_in_memory(sleeper.parameters.bytes));
            env_.push.await(sleeper.device, {.worker = env_.worker, .ticket = ticket.value});
            out.push_back(Wake{ticket, parameters.provider, parameters.parameter, parameters.token});
            ++context->asleep;
        }
    } else if (seems_to_sleep(context->aor)) {
        context->asleep = 1;
    }
    if (context->asleep > 0)
        context->wake_timer = env_.layer->set_timer(wake_timer, id, now + env_.settings->push_wait);
}

/// Nobody's address, waited for like a phone that does not wake: a keyed choice, in the share of accounts that have
/// one.
bool Proxy::seems_to_sleep(std::string_view aor) const
{
    const auto choice = env_.cryptography.keyed_hash(Cryptography::Use::push, aor).low >> 32U;
    const auto accounts = std::max<std::uint64_t>(1, env_.accounts->size());
    return choice * accounts < (std::min<std::uint64_t>(env_.push.accounts(), accounts) << 32U);
}

void Proxy::woken(SlotId id, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->asleep == 0 || context->answered || context->cancelled) return;
    --context->asleep;
    ++context->woken;
    ++context->look_ups;
    out.push_back(LookUp{ticket_for(Waiting::targets, id), aor_keys(context->callee, env_.cryptography)});
}

void Proxy::not_woken(SlotId id, bool none_of_them, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->asleep == 0 || context->answered) return;
    context->asleep = none_of_them ? 0 : context->asleep - 1;
    branch_over(id, now, out);
}

} // namespace sotto
