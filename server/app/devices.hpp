#pragma once
#include "crypto/key_ring.hpp"
#include "crypto/process_keys.hpp"
#include "ctl/admin/daemon_view.hpp"
#include "location/memory_location_service.hpp"
#include "location/push_memory.hpp"

#include <memory>
#include <vector>

namespace sotto::app {

/// An account's devices, as an operator may see and remove them. Any thread.
class Devices {
public:
    Devices(std::shared_ptr<location::MemoryLocationService> location, std::shared_ptr<location::PushMemory> push,
            std::shared_ptr<const crypto::ProcessKeys> keys, std::shared_ptr<const crypto::KeyRing> rotating);

    [[nodiscard]] std::vector<ctl::BindingView> of(AccountId account) const;
    /// False when the account has no such binding.
    bool remove(AccountId account, BindingId id);

private:
    [[nodiscard]] AorKeys keys_of(AccountId account) const;

    std::shared_ptr<location::MemoryLocationService> location_;
    std::shared_ptr<location::PushMemory> push_;
    std::shared_ptr<const crypto::ProcessKeys> keys_;
    std::shared_ptr<const crypto::KeyRing> rotating_;
};

} // namespace sotto::app
