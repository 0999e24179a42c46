#pragma once
#include "crypto/random_pool.hpp"
#include "store/ledger/key_store.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sotto::store {

using Sealed = std::vector<std::uint8_t>;
/// A billed account as one period knows it: a keyed hash of its number under the period's key. Short, since it stands
/// in each row; among a million accounts two are alike in one of 36 million periods.
using Pseudonym = std::array<std::uint8_t, 8>;
/// What a row is found by in its table. It is never used twice with the same keys, and so is the nonce of the row's
/// sealing: what is moved to another place does not open there.
using RowId = std::array<std::uint8_t, 8>;
/// Of bytes that a table gives; zeros where they are too few.
RowId row_id_of(crypto::Bytes bytes);

/// Seals and opens the rows of the ledger: AES-256-GCM with tags of 96 bits under KDF(period key, subject key), so that
/// a period or a person can be forgotten by destroying one key. One thread.
class Vault {
public:
    /// `remembered`: pairs of period and account whose keys are, at least 1.
    Vault(const std::filesystem::path& folder, const crypto::Secret& master, std::size_t remembered = 4096);

    [[nodiscard]] KeyStore& keys() { return keys_; }

    /// For the accounts that have none; the disk is waited for once.
    void make_keys(std::span<const AccountId> accounts);
    /// Makes the account's key if it has none. The period must exist.
    Sealed seal(PeriodId period, AccountId account, const RowId& row, crypto::Bytes plain);
    /// Nothing: one of the two keys is destroyed, or this was not sealed in that row.
    std::optional<Sealed> open(PeriodId period, AccountId account, const RowId& row, crypto::Bytes sealed);
    /// What is written more than once in the same `place`, with a nonce of its own.
    Sealed seal_at(crypto::Bytes place, PeriodId period, AccountId account, crypto::Bytes plain);
    std::optional<Sealed> open_at(crypto::Bytes place, PeriodId period, AccountId account, crypto::Bytes sealed);

    [[nodiscard]] Pseudonym pseudonym(PeriodId period, AccountId account);
    /// Nothing: the period's or the account's key is destroyed.
    std::optional<AccountId> account_of(PeriodId period, crypto::Bytes pseudonym);

    Sealed seal_hold(HoldId id, crypto::Bytes plain);
    std::optional<Sealed> open_hold(HoldId id, crypto::Bytes sealed);
    /// With another key; until the hold is `renewed` it opens with either.
    Sealed seal_hold_anew(HoldId id, crypto::Bytes plain);
    /// What was sealed anew is what is kept: the key before is destroyed.
    void renewed(HoldId id) { keys_.replace_hold_key(id); }

    /// From here on the account's rows are sealed with another key, and open with either.
    void renew(AccountId account);
    /// Every row of the account is sealed with the new key: the one before is destroyed.
    void renewed();

    void destroy(PeriodId id);
    void destroy(AccountId account);
    void destroy(HoldId id) { keys_.destroy(id); }

    /// A random number that is not 0.
    std::uint64_t number();
    RowId row_id();

private:
    using Pair = std::pair<PeriodId, AccountId>;
    struct HashOfPair {
        std::size_t operator()(const Pair& of) const noexcept { return of.first.value * 31 + of.second.value; }
    };
    struct Known {
        Pair of;
        Pseudonym pseudonym{};
    };

    /// Where the key of a pair stands; nothing: it is destroyed, or there is none and none is to be made.
    std::optional<std::size_t> find(PeriodId period, AccountId account, bool make);
    crypto::AesGcm& cipher(std::size_t at);
    /// The key before, of an account that is being renewed.
    std::optional<crypto::AesGcm> former(PeriodId period, AccountId account);
    [[nodiscard]] std::span<std::uint8_t> key_at(std::size_t at);
    [[nodiscard]] Pseudonym worked_out(const crypto::Secret& period_key, AccountId account) const;
    void forget_keys();

    KeyStore keys_;
    crypto::RandomPool random_;
    std::size_t most_known_;
    crypto::Secret row_keys_; ///< of `known_`, one after the other, on locked pages
    std::vector<Known> known_;
    boost::unordered_flat_map<Pair, std::size_t, HashOfPair> places_; ///< index into `known_`
    std::size_t next_{0};                                             ///< which is replaced when there is no room
    crypto::AesGcm cipher_;
    std::optional<std::size_t> keyed_; ///< whose key `cipher_` has
    std::optional<AccountId> renewing_;
    std::map<PeriodId, std::map<Pseudonym, AccountId>> names_;
};

} // namespace sotto::store
