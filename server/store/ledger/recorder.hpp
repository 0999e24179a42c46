#pragma once
#include "core/billing/call_ledger.hpp"
#include "store/database/database.hpp"
#include "store/ledger/vault.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <vector>

namespace sotto::store {

/// What happened to calls since the last commit.
struct RecordBatch {
    struct Lasted {
        KeyedHash dialog;
        std::uint32_t seconds{0}; ///< from the begin
    };
    std::vector<billing::AnsweredCall> answered;
    std::vector<Lasted> alive; ///< signs of life
    std::vector<Lasted> ended;

    [[nodiscard]] bool empty() const { return answered.empty() && alive.empty() && ended.empty(); }
};

/// Writes the records of calls, for purpose `record`. One thread. Errors: StoreError; then the batch has left nothing.
class Recorder {
public:
    /// `erased`: whoever it says is nobody's any more; empty: nobody.
    Recorder(const Database& database, Vault& vault, std::function<bool(AccountId)> erased = {});

    /// One transaction, on the disk when it returns. `now` is the calendar time of the begins. A call that is known
    /// already, or not known any more, is left as it is; one of an erased account is recorded where that is a duty.
    void record(const RecordBatch& batch, retention::Time now);
    /// Ends every open record at its last sign of life: what a crash, or the end of the process, has left. How many.
    std::size_t end_all();
    /// The calls that a process before has left open, with their last sign of life: for one that takes up its dialogs.
    std::vector<RecordBatch::Lasted> left_open();
    /// Running calls leave a period that an invoice run has closed for the one that collects their month's calls now,
    /// so that its key can be destroyed in time.
    void leave_closed();
    /// All running calls of a period go to another one.
    void move(PeriodId from, PeriodId to);
    /// The running calls of an account are sealed anew, in the periods of which it `stays`; the others are forgotten,
    /// and their later end is nobody's business.
    void renew(AccountId account, const std::function<bool(PeriodId)>& stays);
    /// Writes a row, so that a disk that is full or broken shows it. Throws StoreError.
    void probe();
    [[nodiscard]] std::size_t open_calls() const { return open_.size(); }

private:
    struct OpenRow {
        PeriodId period;
        AccountId account;
        Sealed record; ///< as the table has it, so that a call's end need not look
    };
    using Known = boost::unordered_flat_map<KeyedHash, OpenRow, std::hash<KeyedHash>>;

    void load();
    [[nodiscard]] std::uint32_t last_sign_of_life(KeyedHash dialog, const OpenRow& row);
    [[nodiscard]] bool may_be_kept(const billing::AnsweredCall& call) const;
    void make_keys(const std::vector<billing::AnsweredCall>& calls);
    void begin(const billing::AnsweredCall& call, retention::Time now, Known& begun);
    void live(KeyedHash dialog, const OpenRow& row, std::uint32_t seconds);
    bool end(KeyedHash dialog, const OpenRow& row, std::uint32_t seconds);
    /// False: it was not there.
    bool forget(KeyedHash dialog);
    void move(KeyedHash dialog, OpenRow& row, PeriodId to);

    Vault& vault_;
    std::function<bool(AccountId)> erased_;
    Connection<Purpose::record> connection_;
    Statement open_call_, alive_, move_, lived_, remove_, call_, probe_;
    Known open_;
};

} // namespace sotto::store
