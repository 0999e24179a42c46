#pragma once
#include "core/retention/plan.hpp"
#include "crypto/secret.hpp"
#include "store/ledger/key_slot.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sotto::store {

using retention::HoldId;
using retention::PeriodId;
/// As a table has it.
inline std::int64_t as_number(PeriodId id) { return static_cast<std::int64_t>(id.value); }

/// The keys of the ledger, wrapped by the master key, in one small file outside both databases: `keys/store`, of
/// 128-byte slots. Destroying a key overwrites its slot, on the disk before the call returns; `keys/backup` is a second
/// copy in which the same slot is overwritten right after. A new key is on the disk in the first copy when it is given
/// out; the second one follows without being waited for, and catches up at the next start. No backup of a database
/// contains either. One thread. Errors: StoreError (unavailable); after one, nothing was changed, or the key is gone.
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
    /// Whether either copy holds anything.
    static bool exists(const std::filesystem::path& folder);

    /// The period that collects the calls of a month and case; made when there is none.
    PeriodId collecting(std::chrono::year_month month, retention::Case kind);
    /// Another period that takes the place of `from`, with a key of its own.
    PeriodId succeed(Period from);
    /// A period for the held rows of `from`.
    PeriodId open_held(const Period& from);
    [[nodiscard]] std::vector<Period> periods() const;
    [[nodiscard]] const Period* period(PeriodId id) const;
    /// Null: destroyed, or never there.
    [[nodiscard]] const crypto::Secret* period_key(PeriodId id) const;
    void invoice(PeriodId id, std::uint32_t run, retention::Day day);
    void destroy(PeriodId id);

    /// The number of a month's last invoice run; 0: it had none. It outlives the calls, so that no number comes twice.
    [[nodiscard]] std::uint32_t last_run(std::chrono::year_month month) const;
    void note_run(std::chrono::year_month month, std::uint32_t run);
    [[nodiscard]] std::vector<std::chrono::year_month> months_with_runs() const;
    void forget_runs(std::chrono::year_month month);

    /// Accounts that have a key.
    [[nodiscard]] std::vector<AccountId> subjects() const { return accounts_of(Kind::subject); }
    [[nodiscard]] std::optional<Key> subject_key(AccountId account) const
    {
        return key_of({Kind::subject, account.value});
    }
    /// For those that have none, whom it returns; the disk is waited for once.
    std::vector<AccountId> make_subject_keys(std::span<const AccountId> accounts);
    void destroy(AccountId account);

    /// Another key for an account: first beside the one that it has, then, once every row is sealed with it, instead of
    /// it.
    Key make_next_subject_key(AccountId account) { return make_key({Kind::next_subject, account.value}); }
    void replace_subject_key(AccountId account)
    {
        replace({Kind::subject, account.value}, {Kind::next_subject, account.value});
    }
    /// Accounts between the two.
    [[nodiscard]] std::vector<AccountId> renewing() const { return accounts_of(Kind::next_subject); }

    [[nodiscard]] std::optional<Key> hold_key(HoldId id) const { return key_of({Kind::hold, id.value}); }
    Key make_hold_key(HoldId id) { return make_key({Kind::hold, id.value}); }
    void destroy(HoldId id);
    /// So for a hold.
    [[nodiscard]] std::optional<Key> next_hold_key(HoldId id) const { return key_of({Kind::next_hold, id.value}); }
    Key make_next_hold_key(HoldId id) { return make_key({Kind::next_hold, id.value}); }
    void replace_hold_key(HoldId id) { replace({Kind::hold, id.value}, {Kind::next_hold, id.value}); }

    /// The time that retention believed last; the epoch: none.
    [[nodiscard]] retention::Time believed() const { return believed_; }
    void believe(retention::Time time);

    /// Wraps every key by another master key: a new file is written whole, then takes the place of the old one, which
    /// is overwritten. Cut short at any point, one of the two master keys opens the store, and the call can be made
    /// again.
    void rewrap(const crypto::Secret& master);

private:
    using Kind = KeyEntry::Kind;
    /// Of a key whose slot is read whenever it is needed.
    using Name = std::pair<Kind, std::uint64_t>;

    struct Descriptor {
        int number{-1};

        Descriptor() = default;
        explicit Descriptor(int open) : number{open} {}
        Descriptor(Descriptor&& other) noexcept : number{std::exchange(other.number, -1)} {}
        Descriptor& operator=(Descriptor&& other) noexcept
        {
            std::swap(number, other.number);
            return *this;
        }
        ~Descriptor();
    };

    void create();
    void load();
    void mend();
    void copy_to_backup(crypto::Bytes content);
    void index();
    void take(const KeyEntry& entry, std::size_t slot);
    [[nodiscard]] Slot slot_at(int file, std::size_t slot) const;
    [[nodiscard]] std::optional<KeyEntry> read(int file, std::size_t slot) const;
    void write(std::size_t slot, const Slot& content);
    void overwrite_destroyed();
    std::size_t add(const KeyEntry& entry) { return add(std::span{&entry, 1}).front(); }
    std::vector<std::size_t> add(std::span<const KeyEntry> entries);
    [[nodiscard]] std::vector<std::size_t> unused_slots(std::size_t count) const;
    void give_up(std::span<const std::size_t> slots);
    void put_period(const Period& period, std::size_t slot);
    [[nodiscard]] PeriodId unused_period() const;
    [[nodiscard]] std::vector<AccountId> accounts_of(Kind kind) const;
    [[nodiscard]] std::optional<Key> key_of(Name name) const;
    void make_keys(std::span<const Name> names);
    Key make_key(Name name);
    void replace(Name name, Name by);
    void destroy(Name name);

    struct HeldPeriod {
        Period period;
        crypto::Secret key;
        std::size_t slot;
    };

    std::filesystem::path folder_;
    Descriptor main_;
    Descriptor backup_;
    mutable SlotWrapping wrapping_;
    retention::Time believed_{};
    std::map<PeriodId, HeldPeriod> periods_;
    std::map<Name, std::size_t> single_; ///< slots of the keys of subjects and holds
    std::vector<std::size_t> destroyed_; ///< slots that are still to be overwritten
    std::vector<std::size_t> free_;
    std::size_t slots_{0};
};

} // namespace sotto::store
