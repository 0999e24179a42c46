#pragma once
#include "store/ledger/cases.hpp"
#include "store/ledger/contract.hpp"
#include "store/wait_for.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <string_view>

/// A ledger under its contract, and what is asked of it.
namespace sotto::test {

/// A call of account 77 that only its itemised bill is kept for.
inline billing::AnsweredCall itemised(std::uint64_t dialog, std::uint64_t account = 77)
{
    auto one = call(dialog, account);
    one.tariff.kind = retention::Case::itemised_flat;
    return one;
}

class AskedLedger {
public:
    explicit AskedLedger(LedgerKind& kind) : kind_{kind}, ledger_{kind.open(master("first", '1'))} {}

    store::Ledger* operator->() { return ledger_.get(); }
    [[nodiscard]] LedgerClock& clock() { return kind_.clock; }
    /// Where copies and keys lie.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    std::filesystem::path master(std::string_view name, char digit)
    {
        master_ = folder_.path() / name;
        std::ofstream{master_} << std::string(64, digit) << '\n';
        return master_;
    }

    /// The next process.
    void again() { open(master_); }
    void open(const std::filesystem::path& master)
    {
        ledger_.reset();
        ledger_ = kind_.open(master);
    }
    void restored(const std::filesystem::path& copy)
    {
        ledger_.reset();
        kind_.restore(copy);
        again();
    }

    bool answered(billing::AnsweredCall call) { return test::answered(*ledger_, std::move(call)); }
    /// Everything told before has been done when this returns.
    void settle() { holds(); }
    /// From its answer to its end.
    void makes(const billing::AnsweredCall& call)
    {
        REQUIRE(answered(call));
        ledger_->ended(call.dialog);
        settle();
    }
    /// Calls of three accounts at once, of which one page does not hold the last.
    void makes_more_than_a_page(retention::Case kind = retention::Case::chargeable)
    {
        const auto one = [&](std::uint64_t dialog) {
            auto call = test::call(dialog, dialog % 3 + 1);
            call.tariff.kind = kind;
            return call;
        };
        std::vector<std::promise<bool>> promises(more_than_a_page);
        for (std::uint64_t i = 0; i < more_than_a_page; ++i)
            ledger_->answered(one(i + 1), [&, i](bool recorded) { promises[i].set_value(recorded); });
        for (auto& promise : promises) REQUIRE(promise.get_future().get());
        for (std::uint64_t i = 0; i < more_than_a_page; ++i) ledger_->ended(one(i + 1).dialog);
        settle();
    }
    static constexpr std::size_t more_than_a_page = store::InvoiceRun::page + 1;

    store::InvoiceRun invoice()
    {
        return said<store::InvoiceRun>([&](auto done) { ledger_->invoice(november, invoice_day, done); });
    }
    store::InvoiceRun page(std::string from = {}, std::uint32_t run = 1)
    {
        return said<store::InvoiceRun>([&](auto done) { ledger_->invoice_again(november, run, from, done); });
    }
    store::RetentionPlan plan(retention::Time now)
    {
        return said<store::RetentionPlan>([&](auto done) { ledger_->plan_retention(rules, now, done); });
    }
    store::RetentionReport run(retention::Time now)
    {
        return said<store::RetentionReport>([&](auto done) { ledger_->run_retention(rules, now, done); });
    }
    retention::Time last_run()
    {
        return said<retention::Time>([&](auto done) { ledger_->last_retention(done); });
    }

    using Hold = store::HoldOutcome<store::HoldCase>;
    Hold asks_to_hold(const store::HoldCase& hold, retention::Time now)
    {
        return said<Hold>([&](auto done) { ledger_->ask_hold(hold, now, done); });
    }
    Hold consents(retention::HoldId id, const char* who, retention::Time now)
    {
        return said<Hold>([&](auto done) { ledger_->consent_to_hold(id, who, now, done); });
    }
    Hold releases(retention::HoldId id)
    {
        return said<Hold>([&](auto done) { ledger_->release_hold(id, done); });
    }
    std::vector<store::HoldCase> holds()
    {
        return said<std::vector<store::HoldCase>>([&](auto done) { ledger_->list_holds(done); });
    }
    /// In force: two operators want it.
    retention::HoldId hold(store::HoldCase hold, retention::Time now)
    {
        const auto asked = asks_to_hold(hold, now);
        REQUIRE(asked.has_value());
        REQUIRE(consents((*asked).id, "bert", now).has_value());
        return (*asked).id;
    }

    store::HeldCalls held(std::uint64_t account, retention::Time now)
    {
        return said<store::HeldCalls>([&](auto done) { ledger_->held_of({account}, rules, now, done); });
    }
    store::HeldCalls erases(std::uint64_t account, retention::Time now)
    {
        return said<store::HeldCalls>([&](auto done) { ledger_->erase({account}, rules, now, done); });
    }
    bool backs_up(const std::filesystem::path& to)
    {
        return store::wait_for<store::Ledger::Nothing>([&](auto done) { ledger_->back_up(to, done); }).has_value();
    }
    bool changes_master(const std::filesystem::path& file)
    {
        return store::wait_for<store::Ledger::Nothing>([&](auto done) { ledger_->change_master_key(file, done); })
            .has_value();
    }
    std::size_t rotates()
    {
        return said<std::size_t>([&](auto done) { ledger_->rotate_keys(done); });
    }

private:
    template <class T, class Start> T said(Start start)
    {
        auto answer = store::wait_for<T>(start);
        REQUIRE(answer.has_value());
        return std::move(*answer);
    }

    LedgerKind& kind_;
    StateDirectory folder_;
    std::filesystem::path master_;
    std::unique_ptr<store::Ledger> ledger_;
};

} // namespace sotto::test
