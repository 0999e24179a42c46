#pragma once
#include "core/types/ids.hpp"
#include "crypto/secret.hpp"

#include <array>
#include <filesystem>
#include <mutex>
#include <set>

namespace sotto::store {

/// Who was erased, as keyed hashes of account numbers, in `erasures` in the state directory and in no backup: so that a
/// restored database does not bring a person back. A new account of the same address has another number. Thread-safe.
class Erasures {
public:
    /// `secret`: the key is derived from it. Throws StoreError (unavailable).
    Erasures(const std::filesystem::path& state_directory, const crypto::Secret& secret);

    /// On the disk when it returns. Throws StoreError (unavailable).
    void add(AccountId account);
    [[nodiscard]] bool contains(AccountId account) const;
    [[nodiscard]] bool empty() const;

private:
    using Hash = std::array<std::uint8_t, 32>;
    [[nodiscard]] Hash hash_of(AccountId account) const;

    std::filesystem::path file_;
    crypto::Secret key_;
    mutable std::mutex mutex_; ///< guards `hashes_` and the file
    std::set<Hash> hashes_;
};

} // namespace sotto::store
