#pragma once
#include "core/privacy/sealer.hpp"
#include "core/types/time.hpp"
#include "crypto/secret.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace sotto::crypto {

/// The key of one epoch. Its bytes are wiped when the last snapshot that holds it goes.
struct EpochKey {
    Epoch epoch;
    TimePoint began{};
    TimePoint ended{TimePoint::max()}; ///< when the next epoch began; max: this is the current one
    std::shared_ptr<const Secret> secret;
};

/// All keys that are alive, oldest first; the last one is current. Immutable, shared by all workers.
using EpochKeys = std::vector<EpochKey>;

/// Makes, hands out and destroys keys that rotate: those that dialogs are sealed under (SEALING.md "Epoch"), and those
/// of rotating hashes (docs/adr/0025). A new one each `period`, each destroyed when `kept` has passed after its epoch's
/// end. Nothing happens by itself: the edge calls `rotate`. Any thread may read; `rotate` and `restore` are for one.
/// Times are those of the monotonic clock, which goes on over a restart of the service.
class KeyRing {
public:
    struct Times {
        seconds period{3600};    ///< more than 0
        seconds kept{12 * 3600}; ///< as the longest dialog; at most 200 periods, since an epoch has one byte
    };

    /// With one epoch, begun now. Throws std::invalid_argument for times out of range.
    explicit KeyRing(TimePoint now) : KeyRing{now, Times{}} {}
    KeyRing(TimePoint now, Times times);

    /// Begins a new epoch and destroys what is over, where it is time. True when something changed: then whoever holds
    /// the serialised keys has to replace them, and each worker's EpochSealer has to `refresh`.
    bool rotate(TimePoint now);
    /// When `rotate` will next have something to do.
    [[nodiscard]] TimePoint next_rotation() const;

    [[nodiscard]] std::shared_ptr<const EpochKeys> snapshot() const;
    /// Rises with each change of the snapshot; cheap to ask for each value.
    [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

    /// All keys, for the next process.
    [[nodiscard]] Secret serialise() const;
    /// Takes over what another process serialised, and rotates. False, with nothing changed, when it is not that or was
    /// made before the machine started.
    bool restore(std::span<const std::uint8_t> serialised, TimePoint now);

private:
    bool advance(EpochKeys& keys, TimePoint now) const;
    void publish(EpochKeys keys);

    const Times times_;
    mutable std::mutex mutex_;
    std::shared_ptr<const EpochKeys> keys_;
    std::atomic<std::uint64_t> generation_{0};
};

} // namespace sotto::crypto
