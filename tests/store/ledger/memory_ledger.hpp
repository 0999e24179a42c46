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
    struct Open {
        billing::AnsweredCall call;
        TimePoint began{}, alive{};
        retention::Time start{};
    };
    struct Ended {
        std::chrono::year_month month{};
        retention::Case kind{};
        std::uint32_t run{0}; ///< 0: not invoiced
        std::optional<retention::Day> invoiced;
        store::BilledCall call;
    };
    std::map<KeyedHash, Open> open;
    std::vector<Ended> ended;
    std::vector<store::HoldCase> holds;
    retention::Time believed{};
    std::uint64_t last_id{0};
    std::map<std::chrono::year_month, std::uint32_t> last_run;
};

/// A ledger without a disk, a thread or a key: it shows that the interface asks for none of them. Keeps to the contract
/// and to nothing else.
class MemoryLedger final : public store::Ledger {
public:
    MemoryLedger(LedgerClock& clock, LedgerMemory& memory);

    [[nodiscard]] bool writable() const override { return true; }
    [[nodiscard]] bool recording() const override { return !memory_.open.empty(); }
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
    void rotate_keys(Done<std::size_t> done) override { done(std::size_t{0}); }
    void change_master_key(std::filesystem::path, Done<Nothing> done) override { done(Nothing{}); }
    void last_retention(Done<retention::Time> done) override { done(memory_.believed); }

private:
    void end(KeyedHash dialog, TimePoint at);
    void end_what_is_silent();
    [[nodiscard]] std::vector<retention::Hold> scopes(bool (*tell)(store::HoldKind) = nullptr) const;
    [[nodiscard]] store::RetentionPlan plan(const retention::Policy& policy, retention::Time now) const;
    [[nodiscard]] store::HeldCalls held(AccountId account, const retention::Policy& policy, retention::Time now,
                                        bool (*tell)(store::HoldKind)) const;

    LedgerClock& clock_;
    LedgerMemory& memory_;
    TimePoint next_life_;
};

} // namespace sotto::test
