#pragma once
#include "crypto/secret.hpp"
#include "location/region.hpp"
#include "log/pseudonym.hpp"
#include "os/descriptor_store.hpp"
#include "os/handover_file.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace sotto::app {

/// What one process of the service leaves to the next, in memory that the service manager keeps (docs/operations.md):
/// keys, what the dialog memory writes, and what wakes phones that sleep. It is written when it changes and not at the
/// end, so that it is whole also after a kill; what dies is overwritten. Safe from every thread. Throws
/// std::system_error.
class Handover {
public:
    /// One small thing each, replaced as a whole.
    enum class Item : std::uint8_t { epoch_keys, process_keys, day_key, hash_keys };

    /// Takes up what is found among `passed` (and takes it out), or begins anew and asks the service manager to keep
    /// it.
    explicit Handover(std::vector<os::PassedDescriptor>& passed);

    /// Nothing when the process before has left none.
    [[nodiscard]] std::optional<crypto::Secret> read(Item item) const;
    /// At most `longest_item` bytes, not 0. A kill leaves the old or the new one, whole.
    void write(Item item, std::span<const std::uint8_t> value);
    /// Overwrites it.
    void destroy(Item item);
    /// What phones that sleep have registered. Once; it must not outlive this.
    std::unique_ptr<location::Region> sleepers();
    /// For the dialog memory. Once; it must not outlive this.
    std::unique_ptr<location::Region> dialogs();

    static constexpr std::size_t longest_item = 32'768;

private:
    mutable std::mutex mutex_;
    os::HandoverFile file_;
};

std::optional<log::DayKey> day_key(const std::optional<crypto::Secret>& serialised);
crypto::Secret serialise(const log::DayKey& key);

} // namespace sotto::app
