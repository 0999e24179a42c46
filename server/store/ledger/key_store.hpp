#pragma once
#include "core/retention/plan.hpp"
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace sotto::store {

using retention::HoldId;
using retention::PeriodId;

/// The keys of the ledger, wrapped by the master key, in one small file outside both databases: `keys/store`, of
/// 128-byte slots. Destroying a key overwrites its slot, on the disk before the call returns; `keys/backup` is a second
/// copy in which the same slot is overwritten right after. No backup of a database contains either.
/// One thread. Errors: StoreError (unavailable); after one, nothing was changed, or the key is gone.
class KeyStore {
public:
    /// What is known of a period besides its key.
    struct Period {
        PeriodId id;
        std::chrono::year_month month{}; ///< in which its calls began
        retention::Case kind{retention::Case::chargeable};
        std::optional<retention::Day> invoiced; ///< the invoice run; no further call is added from then on
        std::uint32_t run{0};                   ///< number of the invoice run within the month, from 1
        bool held{false};                       ///< made for rows that a hold keeps beyond their time
    };

    /// Opens the store, or makes one where there is none; makes both copies the same. Throws StoreError (unavailable),
    /// also when `master` is not the key that wraps it.
    KeyStore(std::filesystem::path folder, const crypto::Secret& master);
    KeyStore(const KeyStore&) = delete;
    KeyStore& operator=(const KeyStore&) = delete;
    ~KeyStore();

    static bool exists(const std::filesystem::path& folder);

    /// The period that collects the calls of a month and case; made when there is none.
    PeriodId collecting(std::chrono::year_month month, retention::Case kind);
    /// A period for the held rows of `from`.
    PeriodId open_held(const Period& from);
    [[nodiscard]] std::vector<Period> periods() const;
    [[nodiscard]] const Period* period(PeriodId id) const;
    /// Null: destroyed, or never there.
    [[nodiscard]] const crypto::Secret* period_key(PeriodId id) const;
    void invoice(PeriodId id, std::uint32_t run, retention::Day day);
    void destroy(PeriodId id);

    /// Accounts that have a key.
    [[nodiscard]] std::vector<AccountId> subjects() const;
    [[nodiscard]] std::optional<crypto::Secret> subject_key(AccountId account) const;
    crypto::Secret make_subject_key(AccountId account);
    void destroy(AccountId account);

    [[nodiscard]] std::optional<crypto::Secret> hold_key(HoldId id) const;
    crypto::Secret make_hold_key(HoldId id);
    void destroy(HoldId id);

    /// The time that retention believed last; the epoch: none.
    [[nodiscard]] retention::Time believed() const { return believed_; }
    void believe(retention::Time time);

    /// A hash under a key of the store, for the erasure ledger.
    [[nodiscard]] std::array<std::uint8_t, 32> erasure_hash(AccountId account) const;

    /// Wraps every key by another master key: a new file is written whole, then takes the place of the old one, which
    /// is overwritten. Cut short at any point, one of the two master keys opens the store, and the call can be made
    /// again.
    void rewrap(const crypto::Secret& master);

private:
    static constexpr std::size_t slot_size = 128;
    using Slot = std::array<std::uint8_t, slot_size>;
    enum class Kind : std::uint8_t { store = 1, period, subject, hold };
    struct Entry;

    void create();
    void load();
    [[nodiscard]] Slot wrap(const Entry& entry);
    [[nodiscard]] std::optional<Entry> unwrap(const Slot& slot) const;
    [[nodiscard]] Slot read(int file, std::size_t slot) const;
    void write(std::size_t slot, const Slot& content);
    void erase(std::size_t slot);
    std::size_t add(const Entry& entry);
    [[nodiscard]] std::optional<crypto::Secret> key_at(std::size_t slot) const;
    void put_period(const Period& period, std::size_t slot);

    struct HeldPeriod {
        Period period;
        crypto::Secret key;
        std::size_t slot;
    };

    std::filesystem::path folder_;
    int main_{-1};
    int backup_{-1};
    mutable crypto::AesGcm wrapping_;
    std::optional<crypto::Secret> erasing_;
    retention::Time believed_{};
    std::map<PeriodId, HeldPeriod> periods_;
    std::map<AccountId, std::size_t> subjects_;
    std::map<HoldId, std::size_t> holds_;
    std::vector<std::size_t> free_;
    std::size_t slots_{0};
};

} // namespace sotto::store
