#pragma once
#include "core/billing/life_signs.hpp"
#include "store/account_store.hpp"
#include "store/ledger/call_record.hpp"
#include "store/ledger/held_calls.hpp"
#include "store/ledger/hold_case.hpp"
#include "store/ledger/retention_report.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace sotto::store {

/// The records of billed calls. Carries nothing of any engine, so that another one can stand behind it; what every
/// engine must do is tests/store/ledger/contract.cpp. Thread-safe. Every answer is called once, on the ledger's own
/// thread, when what it says is durable; it must not block.
class Ledger : public billing::CallLedger {
public:
    template <class T> using Done = std::function<void(Outcome<T>)>;
    struct Nothing {};

    using Running = billing::RunningCall;
    /// The calls that run, for whoever looks whether their parties are there.
    [[nodiscard]] virtual std::vector<Running> running() const = 0;

    // For operators. Months are those in which calls began.
    /// The next run of the month, and its first page. `run` is 0: there is nothing to bill.
    virtual void invoice(std::chrono::year_month month, retention::Day day, Done<InvoiceRun> done) = 0;
    /// One page of a run, from `from` (an InvoiceRun::next; empty: the first). While somebody reads pages, retention
    /// leaves the run, for an hour at most.
    virtual void invoice_again(std::chrono::year_month month, std::uint32_t run, std::string from,
                               Done<InvoiceRun> done) = 0;
    virtual void plan_retention(retention::Policy policy, retention::Time now, Done<RetentionPlan> done) = 0;
    virtual void run_retention(retention::Policy policy, retention::Time now, Done<RetentionReport> done) = 0;
    virtual void ask_hold(HoldCase hold, retention::Time now, Done<HoldOutcome<HoldCase>> done) = 0;
    virtual void consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                                 Done<HoldOutcome<HoldCase>> done) = 0;
    virtual void release_hold(retention::HoldId id, Done<HoldOutcome<HoldCase>> done) = 0;
    virtual void list_holds(Done<std::vector<HoldCase>> done) = 0;
    /// What a person is shown: without the holds that must not warn anybody, and without what only they keep.
    virtual void held_of(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done) = 0;
    virtual void erase(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done) = 0;
    /// A copy of the records as of one moment, in a file of mode 0600, which takes the place of one before once it is
    /// whole. Without the keys, and so worth nothing without them: put back, it holds nothing that was destroyed since.
    virtual void back_up(std::filesystem::path to, Done<Nothing> done) = 0;
    /// Seals everything anew under new keys, and destroys the old ones; cut short, it can be told again. How many.
    virtual void rotate_keys(Done<std::size_t> done) = 0;
    /// Wraps every key by the master key in `file` instead; cut short, it can be told again. Rows are not touched.
    /// Refused, when the file holds no key, and then the one before stays.
    virtual void change_master_key(std::filesystem::path file, Done<Nothing> done) = 0;
    /// The time that retention went by last; the epoch: it never ran.
    virtual void last_retention(Done<retention::Time> done) = 0;
};

} // namespace sotto::store
