#pragma once
#include "store/ledger.hpp"
#include "store/ledger/contract.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace sotto::test {

/// What a MemoryLedger leaves behind for the next one.
struct LedgerMemory {
    /// What stands for the key of a period: a record without one does not open.
    struct Period {
        std::chrono::year_month month{};
        retention::Case kind{};
        std::uint32_t run{0}; ///< 0: not invoiced
        std::optional<retention::Day> invoiced;
    };
    /// What stands for the sealing of a record: the keys that it was sealed by.
    struct Seal {
        std::uint64_t period{0};
        std::uint64_t subject{0}; ///< which key of its account
    };
    struct Open {
        Seal seal;
        billing::AnsweredCall call;
        TimePoint began{}, alive{};
        retention::Time start{};
    };
    struct Ended {
        Seal seal;
        store::BilledCall call;
    };
    /// What a backup holds.
    struct Records {
        std::map<KeyedHash, Open> open;
        std::vector<Ended> ended;
        std::vector<store::HoldCase> holds;
    };
    Records records;
    std::map<std::filesystem::path, Records> copies;

    // What it does not hold.
    std::map<std::uint64_t, Period> periods;
    std::map<AccountId, std::uint64_t> subjects;
    std::map<std::chrono::year_month, std::uint32_t> last_run;
    retention::Time believed{};
    std::uint64_t last_id{0};
    std::string master; ///< what opens all this
};

/// A ledger without a thread, an engine or a cipher: it shows that the interface asks for none of them. Keeps to the
/// contract and to nothing else.
class MemoryLedger final : public store::Ledger {
public:
    /// Throws store::StoreError when `memory` was left under another master key.
    MemoryLedger(LedgerClock& clock, LedgerMemory& memory, const std::filesystem::path& master);

    [[nodiscard]] bool writable() const override { return true; }
    [[nodiscard]] bool recording() const override { return !records().open.empty(); }
    void answered(billing::AnsweredCall call, std::function<void(bool)> recorded) override;
    void alive(KeyedHash dialog) override;
    void ended(KeyedHash dialog, milliseconds ago) override;
    [[nodiscard]] std::vector<Running> running() const override;

    void invoice(std::chrono::year_month month, retention::Day day, Done<store::InvoiceRun> done) override;
    void invoice_again(std::chrono::year_month month, std::uint32_t run, std::string from,
                       Done<store::InvoiceRun> done) override;
    void plan_retention(retention::Policy policy, retention::Time now, Done<store::RetentionPlan> done) override;
    void run_retention(retention::Policy policy, retention::Time now, Done<store::RetentionReport> done) override;
    void ask_hold(store::HoldCase hold, retention::Time now, Done<store::HoldOutcome<store::HoldCase>> done) override;
    void consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                         Done<store::HoldOutcome<store::HoldCase>> done) override;
    void release_hold(retention::HoldId id, Done<store::HoldOutcome<store::HoldCase>> done) override;
    void list_holds(Done<std::vector<store::HoldCase>> done) override;
    void held_of(AccountId account, retention::Policy policy, retention::Time now,
                 Done<store::HeldCalls> done) override;
    void erase(AccountId account, retention::Policy policy, retention::Time now, Done<store::HeldCalls> done) override;
    void back_up(std::filesystem::path to, Done<Nothing> done) override;
    void rotate_keys(Done<std::size_t> done) override;
    void change_master_key(std::filesystem::path file, Done<Nothing> done) override;
    void last_retention(Done<retention::Time> done) override { done(memory_.believed); }

private:
    using Ended = LedgerMemory::Ended;
    using Period = LedgerMemory::Period;
    using InvoiceId = std::pair<std::chrono::year_month, std::uint32_t>;
    struct Reading {
        bool open{false}; ///< the last page is still to be read
        std::optional<retention::Time> waited_since;
    };

    [[nodiscard]] LedgerMemory::Records& records() { return memory_.records; }
    [[nodiscard]] const LedgerMemory::Records& records() const { return memory_.records; }
    void forget_what_does_not_open();
    void end(KeyedHash dialog, TimePoint at);
    void end_what_is_silent();
    [[nodiscard]] std::uint64_t collecting(std::chrono::year_month month, retention::Case kind);
    [[nodiscard]] std::uint64_t in_place_of(std::uint64_t period);
    [[nodiscard]] store::InvoiceRun page(std::chrono::year_month month, std::uint32_t number, const std::string& from);
    [[nodiscard]] bool waits_for_reader(const Period& period, retention::Time now);
    [[nodiscard]] retention::Row row_of(const Ended& call) const;
    [[nodiscard]] std::vector<retention::Hold> scopes(bool (*tell)(store::HoldKind) = nullptr) const;
    [[nodiscard]] store::RetentionPlan plan(const retention::Policy& policy, retention::Time now) const;
    [[nodiscard]] store::HeldCalls held(AccountId account, const retention::Policy& policy, retention::Time now,
                                        bool (*tell)(store::HoldKind)) const;

    LedgerClock& clock_;
    LedgerMemory& memory_;
    TimePoint next_life_;
    std::map<InvoiceId, Reading> reading_;
};

} // namespace sotto::test
