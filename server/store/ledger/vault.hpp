#pragma once
#include "crypto/random_pool.hpp"
#include "store/ledger/key_store.hpp"

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace sotto::store {

using Sealed = std::vector<std::uint8_t>;
/// A billed account as one period knows it: a keyed hash of its number under the period's key.
using Pseudonym = std::array<std::uint8_t, 16>;

/// Seals and opens the rows of the ledger: AES-256-GCM under KDF(period key, subject key), so that a period or a person
/// can be forgotten by destroying one key. What stands around a row (`place`) is authenticated with it. One thread.
class Vault {
public:
    Vault(const std::filesystem::path& folder, const crypto::Secret& master) : keys_{folder, master} {}

    [[nodiscard]] KeyStore& keys() { return keys_; }

    /// Makes the account's key if it has none. The period must exist.
    Sealed seal(PeriodId period, AccountId account, crypto::Bytes place, crypto::Bytes plain);
    /// Nothing: one of the two keys is destroyed, or this was not sealed there.
    std::optional<Sealed> open(PeriodId period, AccountId account, crypto::Bytes place, crypto::Bytes sealed);

    [[nodiscard]] Pseudonym pseudonym(PeriodId period, AccountId account);
    /// Nothing: the period's or the account's key is destroyed.
    std::optional<AccountId> account_of(PeriodId period, crypto::Bytes pseudonym);

    Sealed seal_hold(HoldId id, crypto::Bytes plain);
    std::optional<Sealed> open_hold(HoldId id, crypto::Bytes sealed);

    void destroy(PeriodId id);
    void destroy(AccountId account);
    void destroy(HoldId id) { keys_.destroy(id); }

    /// A random number that is not 0.
    std::uint64_t number();

private:
    using RowKey = std::pair<PeriodId, AccountId>;
    static constexpr std::size_t most_ciphers = 1024;

    crypto::AesGcm* cipher(PeriodId period, AccountId account, bool make);
    Sealed seal(crypto::AesGcm& cipher, crypto::Bytes place, crypto::Bytes plain);

    KeyStore keys_;
    crypto::RandomPool random_;
    std::map<RowKey, crypto::AesGcm> ciphers_; ///< of the latest rows; forgotten with any key
    std::map<PeriodId, std::map<Pseudonym, AccountId>> names_;
};

} // namespace sotto::store
