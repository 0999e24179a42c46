#pragma once
#include "core/billing/parties.hpp"
#include "core/types/histogram.hpp"
#include "core/types/time.hpp"
#include "crypto/secret.hpp"
#include "store/ledger.hpp"

#include <filesystem>
#include <memory>

namespace sotto::store {

/// The ledger in `state_directory/ledger.db`, with its keys in `state_directory/keys`. Owns one writer thread: calls
/// that are answered while it writes, or within 50 ms of it, are committed together by the next write
/// (docs/threads.md).
class SqliteLedger final : public Ledger {
public:
    struct Times {
        seconds sign_of_life{30}; ///< how often signs of life are written
        seconds recovery{600};    ///< a call without one for this long has ended with the last one
        seconds longest_call{12 * 3600};
        bool resumes{false}; ///< the dialogs of the process before go on, and so do their records
        /// What that process has left to know of their parties; empty: nothing.
        std::function<billing::Parties(KeyedHash dialog)> parties;
        /// Of an account that it is true for only what is a duty is recorded; called on the ledger's thread; empty:
        /// false.
        std::function<bool(AccountId)> erased;
        std::function<TimePoint()> clock;          ///< empty: the steady clock
        std::function<retention::Time()> calendar; ///< empty: the system's
    };
    /// Called with a sentence for the log, on any thread: names files, no person.
    using Alarm = std::function<void(const std::string&)>;

    /// Calls that wait to be recorded at once; more are refused.
    static constexpr std::size_t longest_queue = 4096;
    static constexpr std::size_t most_tasks = 64;
    /// Free space below which no billed call may begin.
    static constexpr std::uint64_t least_space = 4U << 20U;

    /// Opens (and creates or migrates) what it needs. Calls that a process before has left open end at their last sign
    /// of life, unless this one resumes them. Throws StoreError. The caller holds the StateLock.
    SqliteLedger(std::filesystem::path state_directory, const crypto::Secret& master, Times times, Alarm on_alarm = {});
    ~SqliteLedger() override;

    /// Writes what is known of the calls that run and ends the thread. From then on every call and every task is
    /// refused, and so is a call that waits: whoever stops the ledger sends no answer any more.
    void stop();

    [[nodiscard]] bool writable() const override;
    [[nodiscard]] bool recording() const override;
    void answered(billing::AnsweredCall call, std::function<void(bool)> recorded) override;
    void alive(KeyedHash dialog) override;
    void ended(KeyedHash dialog, milliseconds ago = {}) override;
    [[nodiscard]] std::vector<Running> running() const override;

    void invoice(std::chrono::year_month month, retention::Day day, Done<InvoiceRun> done) override;
    void invoice_again(std::chrono::year_month month, std::uint32_t run, std::string from,
                       Done<InvoiceRun> done) override;
    void plan_retention(retention::Policy policy, retention::Time now, Done<RetentionPlan> done) override;
    void run_retention(retention::Policy policy, retention::Time now, Done<RetentionReport> done) override;
    void ask_hold(HoldCase hold, retention::Time now, Done<HoldOutcome<HoldCase>> done) override;
    void consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                         Done<HoldOutcome<HoldCase>> done) override;
    void release_hold(retention::HoldId id, Done<HoldOutcome<HoldCase>> done) override;
    void list_holds(Done<std::vector<HoldCase>> done) override;
    void held_of(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done) override;
    void erase(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done) override;
    void back_up(std::filesystem::path to, Done<Nothing> done) override;
    void rotate_keys(Done<std::size_t> done) override;
    void change_master_key(std::filesystem::path file, Done<Nothing> done) override;
    void last_retention(Done<retention::Time> done) override;

    /// Answers `false` for calls that the disk has neither taken nor refused within some seconds; until it does again,
    /// no billed call begins. To be called each second, by a thread that waits for no disk.
    void give_up_what_hangs();

    /// Calls to be recorded and tasks that wait for the thread.
    [[nodiscard]] std::size_t waiting() const;
    /// How long its thread took for what waited: until that was on the disk.
    [[nodiscard]] WaitTimes commits() const;

    /// How many calls a process before had left open.
    [[nodiscard]] std::size_t ended_at_start() const;

private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

} // namespace sotto::store
