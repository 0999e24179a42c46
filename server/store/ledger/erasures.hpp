#pragma once
#include "store/ledger/key_store.hpp"

#include <array>
#include <filesystem>
#include <set>

namespace sotto::store {

/// Who was erased, as keyed hashes of account numbers, in `keys/erasures` beside the key store and in no backup: so
/// that a restored database does not bring a person back. A new account of the same address has another number. One
/// thread.
class Erasures {
public:
    /// Throws StoreError (unavailable).
    Erasures(const std::filesystem::path& folder, const KeyStore& keys);

    /// On the disk when it returns. Throws StoreError (unavailable).
    void add(AccountId account);
    [[nodiscard]] bool contains(AccountId account) const;
    [[nodiscard]] bool empty() const { return hashes_.empty(); }

private:
    using Hash = std::array<std::uint8_t, 32>;

    std::filesystem::path file_;
    const KeyStore& keys_;
    std::set<Hash> hashes_;
};

} // namespace sotto::store
