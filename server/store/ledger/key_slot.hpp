#pragma once
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace sotto::store {

/// A key for a moment, wiped afterwards.
struct Key {
    std::array<std::uint8_t, 32> bytes{};

    Key() = default;
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();
    static Key random();
};

/// What a slot of the key store holds.
struct KeyEntry {
    enum class Kind : std::uint8_t { store = 1, period, subject, hold, next_subject, invoice_run, next_hold };

    Kind kind{};
    std::uint8_t case_{0}; ///< of a period: retention::Case
    std::uint8_t held{0};
    std::uint64_t id{0};
    std::uint32_t month{0}; ///< of a period: year * 12 + month - 1
    std::uint32_t day{0};   ///< of the invoice run, since the epoch; 0: none
    std::uint32_t run{0};
    Key key;
};

inline constexpr std::size_t slot_size = 128; ///< lies within one sector of a disk
using Slot = std::array<std::uint8_t, slot_size>;

/// Wraps entries by the master key: AES-256-GCM with a nonce of its own each time.
class SlotWrapping {
public:
    explicit SlotWrapping(const crypto::Secret& master);

    Slot wrap(const KeyEntry& entry);
    /// Nothing: it is empty, damaged, or wrapped by another master key.
    std::optional<KeyEntry> unwrap(const Slot& slot);

private:
    crypto::AesGcm cipher_;
};

} // namespace sotto::store
