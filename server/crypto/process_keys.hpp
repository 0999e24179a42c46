#pragma once
#include "crypto/secret.hpp"

#include <memory>
#include <optional>
#include <span>

namespace sotto::crypto {

/// The keys of one life of the service, shared by all workers and given to the next process at a restart: bindings and
/// handles keep their names. Never written to a disk. Immutable, so safe from every thread.
class ProcessKeys {
public:
    /// Drawn at random.
    static std::shared_ptr<const ProcessKeys> create();
    /// From what another process serialised; null when it is not that.
    static std::shared_ptr<const ProcessKeys> restore(std::span<const std::uint8_t> serialised);
    [[nodiscard]] Secret serialise() const;

    [[nodiscard]] const Secret& hash() const { return hash_; }
    [[nodiscard]] const Secret& block() const { return block_; }
    [[nodiscard]] const Secret& memory() const { return memory_; }

private:
    explicit ProcessKeys(Secret root);

    Secret root_;
    Secret hash_;
    Secret block_;
    Secret memory_;
};

} // namespace sotto::crypto
