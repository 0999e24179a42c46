#include "app/devices.hpp"

#include "core/registrar/device.hpp"
#include "crypto/openssl_cryptography.hpp"

namespace sotto::app {
namespace {

TimePoint now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

} // namespace

Devices::Devices(std::shared_ptr<location::MemoryLocationService> location, std::shared_ptr<location::PushMemory> push,
                 std::shared_ptr<const crypto::ProcessKeys> keys)
    : location_{std::move(location)}, push_{std::move(push)}, keys_{std::move(keys)}
{
}

AorKey Devices::key_of(AccountId account) const
{
    crypto::OpenSslCryptography cryptography{keys_};
    return aor_key(account, cryptography);
}

std::vector<ctl::BindingView> Devices::of(AccountId account) const
{
    const auto time = now();
    std::vector<ctl::BindingView> views;
    for (const auto& binding : location_->snapshot_of(key_of(account), time).bindings)
        views.push_back({.id = binding.id,
                         .expires_in = std::chrono::duration_cast<seconds>(binding.expires - time),
                         .transport = binding.transport,
                         .q = binding.q});
    return views;
}

bool Devices::remove(AccountId account, BindingId id)
{
    const auto key = key_of(account);
    for (;;) { // until nobody has changed the bindings in between
        auto located = location_->snapshot_of(key, now());
        if (std::erase_if(located.bindings, [&](const Binding& binding) { return binding.id == id; }) == 0)
            return false;
        bool done = false;
        location_->commit(key, std::move(located), now(), [&](bool accepted) { done = accepted; });
        if (!done) continue;
        push_->remove(id);
        return true;
    }
}

} // namespace sotto::app
