#include "app/devices.hpp"

#include "core/registrar/device.hpp"
#include "crypto/openssl_cryptography.hpp"

#include <algorithm>

namespace sotto::app {
namespace {

TimePoint now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

} // namespace

Devices::Devices(std::shared_ptr<location::MemoryLocationService> location, std::shared_ptr<location::PushMemory> push,
                 std::shared_ptr<const crypto::ProcessKeys> keys, std::shared_ptr<const crypto::KeyRing> rotating)
    : location_{std::move(location)}, push_{std::move(push)}, keys_{std::move(keys)}, rotating_{std::move(rotating)}
{
}

AorKeys Devices::keys_of(AccountId account) const
{
    crypto::OpenSslCryptography cryptography{keys_, rotating_};
    return aor_keys(account, cryptography);
}

std::vector<ctl::BindingView> Devices::of(AccountId account) const
{
    const auto time = now();
    const auto keys = keys_of(account);
    const auto left = [&](TimePoint until) { return std::chrono::duration_cast<seconds>(until - time); };
    std::vector<ctl::BindingView> views;
    for (const auto& binding : location_->snapshot_of(keys, time).bindings)
        views.push_back(
            {.id = binding.id, .expires_in = left(binding.expires), .transport = binding.transport, .q = binding.q});
    for (const auto& sleeper : push_->of(keys, time))
        if (std::ranges::find(views, sleeper.device, &ctl::BindingView::id) == views.end())
            views.push_back({.id = sleeper.device, .expires_in = left(sleeper.until)});
    return views;
}

bool Devices::remove(AccountId account, BindingId id)
{
    const auto keys = keys_of(account);
    const auto asleep = push_->of(keys, now());
    const bool sleeps = std::ranges::find(asleep, id, &PushRegistrations::Sleeper::device) != asleep.end();
    if (sleeps) push_->remove(id);
    for (;;) { // until nobody has changed the bindings in between
        auto located = location_->snapshot_of(keys, now());
        if (std::erase_if(located.bindings, [&](const Binding& binding) { return binding.id == id; }) == 0)
            return sleeps;
        bool done = false;
        location_->commit(keys, std::move(located), now(), [&](bool accepted) { done = accepted; });
        if (done) return true;
    }
}

} // namespace sotto::app
