#include "store/ledger/contract.hpp"

#include "store/ledger/ledger_files.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>

using namespace std::chrono_literals;

namespace sotto::test {
namespace {

using store::Failure;
using store::Ledger;

constexpr auto november = 2026y / std::chrono::November;
constexpr retention::Day invoice_day{2026y / 12 / 3};
constexpr retention::Policy matrix{};

bool answered(Ledger& ledger, billing::AnsweredCall call)
{
    std::promise<bool> promise;
    ledger.answered(std::move(call), [&](bool recorded) { promise.set_value(recorded); });
    return promise.get_future().get();
}

/// Everything told before has been done when this returns.
void settle(Ledger& ledger)
{
    answer_of<std::vector<store::HoldCase>>([&](auto done) { ledger.list_holds(done); });
}

store::InvoiceRun invoice(Ledger& ledger)
{
    auto run = answer_of<store::InvoiceRun>([&](auto done) { ledger.invoice(november, invoice_day, done); });
    REQUIRE(run.has_value());
    return *run;
}

} // namespace

void ledger_conforms(LedgerClock& clock, const std::function<std::unique_ptr<Ledger>()>& make)
{
    auto ledger = make();
    const auto again = [&] {
        ledger.reset();
        ledger = make();
    };
    const auto one = call(1, 77);

    SECTION("nothing is recorded before a call is answered")
    {
        CHECK(ledger->writable());
        CHECK_FALSE(ledger->recording());
        CHECK(ledger->running().empty());
        ledger->alive(one.dialog);
        ledger->ended(one.dialog);
        CHECK(invoice(*ledger).calls.empty());
    }
    SECTION("a call that is answered runs until it ends, and is billed for the time between")
    {
        CHECK(answered(*ledger, one));
        CHECK(ledger->recording());
        REQUIRE(ledger->running().size() == 1);
        CHECK(ledger->running().front().dialog == one.dialog);
        CHECK(invoice(*ledger).run == 0); // it runs
        clock.pass(75s);
        ledger->ended(one.dialog);
        ledger->ended(one.dialog);
        CHECK(ledger->running().empty());
        settle(*ledger);
        CHECK_FALSE(ledger->recording());
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 1);
        CHECK(run.calls.front().record.seconds == 75);
        CHECK(run.calls.front().account == AccountId{77});
    }
    SECTION("a call whose end is heard of late is billed to when it was, and to no time before it began")
    {
        REQUIRE(answered(*ledger, one));
        REQUIRE(answered(*ledger, call(2, 78)));
        clock.pass(75s);
        ledger->ended(one.dialog, 32s);
        ledger->ended(call(2, 78).dialog, 100s);
        settle(*ledger);
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 2);
        CHECK(std::ranges::find(run.calls, AccountId{77}, &store::BilledCall::account)->record.seconds == 43);
        CHECK(std::ranges::find(run.calls, AccountId{78}, &store::BilledCall::account)->record.seconds == 0);
    }
    SECTION("a call that runs when the process ends is billed to its last sign of life, once")
    {
        REQUIRE(answered(*ledger, one));
        clock.pass(40s);
        ledger->alive(one.dialog);
        clock.pass(100s); // nothing is heard any more
        again();
        CHECK(ledger->running().empty());
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 1);
        CHECK(run.calls.front().record.seconds == 40);
        again();
        CHECK(invoice(*ledger).run == 0);
    }
    SECTION("a call that nobody hears of for the time of a binding ended when it was heard of last")
    {
        REQUIRE(answered(*ledger, one));
        clock.pass(60s);
        ledger->alive(one.dialog);
        clock.pass(599s);
        REQUIRE(answered(*ledger, call(2, 78)));
        settle(*ledger);
        CHECK(ledger->running().size() == 2);
        clock.pass(1s);
        ledger->ended(call(2, 78).dialog); // lets it look at the clock
        clock.pass(31s);
        REQUIRE(answered(*ledger, call(3, 78)));
        ledger->ended(call(3, 78).dialog);
        settle(*ledger);
        CHECK(ledger->running().empty());
        settle(*ledger);
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 3);
        const auto of_77 = std::ranges::find(run.calls, AccountId{77}, &store::BilledCall::account);
        REQUIRE(of_77 != run.calls.end());
        CHECK(of_77->record.seconds == 60);
    }
    SECTION("no call is longer than the longest one")
    {
        REQUIRE(answered(*ledger, one));
        for (int i = 0; i < 13 * 12; ++i) {
            clock.pass(300s);
            ledger->alive(one.dialog);
        }
        REQUIRE(answered(*ledger, call(2, 78)));
        settle(*ledger);
        CHECK(ledger->running().size() == 1);
        settle(*ledger);
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 1);
        CHECK(run.calls.front().record.seconds == 12 * 3600);
    }
    SECTION("a call is in one invoice run, which can be read again, until its time is over")
    {
        REQUIRE(answered(*ledger, one));
        ledger->ended(one.dialog);
        settle(*ledger);
        const auto first = invoice(*ledger);
        CHECK(first.run == 1);
        CHECK(invoice(*ledger).run == 0);
        const auto read = [&] {
            const auto run =
                answer_of<store::InvoiceRun>([&](auto done) { ledger->invoice_again(november, 1, {}, done); });
            REQUIRE(run.has_value());
            return (*run).calls.size();
        };
        CHECK(read() == 1);
        const auto over = retention::Time{invoice_day} + retention::days{90};
        const auto run = [&](retention::Time now) {
            const auto report =
                answer_of<store::RetentionReport>([&](auto done) { ledger->run_retention(matrix, now, done); });
            REQUIRE(report.has_value());
            return *report;
        };
        CHECK_FALSE(run(over - 1s).anything());
        CHECK(run(over).calls == 1);
        CHECK_FALSE(run(over).anything());
        CHECK(read() == 0);
    }
    SECTION("a hold of two operators keeps calls beyond their time")
    {
        REQUIRE(answered(*ledger, one));
        ledger->ended(one.dialog);
        settle(*ledger);
        invoice(*ledger);
        const auto over = retention::Time{invoice_day} + retention::days{90};
        const store::HoldCase hold{.id = {},
                                   .kind = store::HoldKind::legal_order,
                                   .reference = "12 Gs 34/26",
                                   .basis = "order",
                                   .account = {77},
                                   .first = november,
                                   .last = november,
                                   .expires = over + retention::days{10},
                                   .asked_by = "ann",
                                   .consented_by = {}};
        const auto asked = answer_of<store::HoldOutcome<store::HoldCase>>(
            [&](auto done) { ledger->ask_hold(hold, clock.calendar() + retention::days{60}, done); });
        REQUIRE((*asked).has_value());
        const auto id = (**asked).id;
        const auto consent = [&](const char* who) {
            return *answer_of<store::HoldOutcome<store::HoldCase>>(
                [&](auto done) { ledger->consent_to_hold(id, who, clock.calendar() + retention::days{60}, done); });
        };
        CHECK_FALSE(consent("ann").has_value());
        CHECK(consent("bert").has_value());
        const auto run = [&](retention::Time now) {
            return *answer_of<store::RetentionReport>([&](auto done) { ledger->run_retention(matrix, now, done); });
        };
        const auto kept = run(over);
        CHECK(kept.calls == 0);
        CHECK(kept.next == hold.expires); // what is overdue goes then, and no later
        CHECK(run(hold.expires).calls == 1);
        CHECK_FALSE(run(hold.expires).next);
    }
    SECTION("a person is shown what is held, and erased")
    {
        REQUIRE(answered(*ledger, one));
        const auto held = [&] {
            return *answer_of<store::HeldCalls>(
                [&](auto done) { ledger->held_of({77}, matrix, clock.calendar(), done); });
        };
        CHECK(held().running);
        REQUIRE(held().periods.size() == 1); // and the call that runs is in it
        CHECK(held().periods.front().running == 1);
        CHECK(held().periods.front().calls.empty());
        ledger->ended(one.dialog);
        settle(*ledger);
        CHECK_FALSE(held().running);
        CHECK(held().periods.size() == 1);
        auto on_the_bill_only = call(2, 77);
        on_the_bill_only.tariff.kind = retention::Case::itemised_flat;
        REQUIRE(answered(*ledger, on_the_bill_only));
        ledger->ended(on_the_bill_only.dialog);
        settle(*ledger);
        CHECK(held().periods.size() == 2);
        const auto stays =
            answer_of<store::HeldCalls>([&](auto done) { ledger->erase({77}, matrix, clock.calendar(), done); });
        REQUIRE(stays.has_value());
        REQUIRE((*stays).periods.size() == 1); // what no duty keeps is gone
        CHECK((*stays).periods.front().kind == retention::Case::chargeable);
    }
    SECTION("no number is given to two invoice runs of a month, whatever has become of the first")
    {
        auto on_the_bill_only = call(2, 77);
        on_the_bill_only.tariff.kind = retention::Case::itemised_flat;
        for (std::uint32_t run = 1; run <= 3; ++run) {
            on_the_bill_only.dialog = {run, run};
            REQUIRE(answered(*ledger, on_the_bill_only));
            ledger->ended(on_the_bill_only.dialog);
            settle(*ledger);
            const auto made = invoice(*ledger);
            CHECK(made.run == run);
            CHECK(made.calls.size() == 1);
            const auto report = answer_of<store::RetentionReport>(
                [&](auto done) { ledger->run_retention(matrix, retention::Time{invoice_day} + 2h, done); });
            REQUIRE(report.has_value());
            CHECK((*report).calls == 1);
            again();
        }
    }
    SECTION("a plan says what a run would do and does nothing; a hold that is released keeps nothing any more")
    {
        REQUIRE(answered(*ledger, one));
        ledger->ended(one.dialog);
        settle(*ledger);
        invoice(*ledger);
        const auto over = retention::Time{invoice_day} + retention::days{90};
        const auto goes = [&](retention::Time now) {
            const auto plan =
                answer_of<store::RetentionPlan>([&](auto done) { ledger->plan_retention(matrix, now, done); });
            REQUIRE(plan.has_value());
            REQUIRE((*plan).decisions.size() == 1);
            CHECK((*plan).rows.front().account == one.account);
            return (*plan).decisions.front().goes;
        };
        CHECK_FALSE(goes(over - 1s));
        CHECK(goes(over));
        const auto soon = over - retention::days{1};
        const auto asked = answer_of<store::HoldOutcome<store::HoldCase>>([&](auto done) {
            ledger->ask_hold({.id = {},
                              .kind = store::HoldKind::dispute,
                              .reference = "ticket 4711",
                              .basis = "objection",
                              .account = one.account,
                              .first = november,
                              .last = november,
                              .expires = over + retention::days{10},
                              .asked_by = "ann",
                              .consented_by = {}},
                             soon, done);
        });
        REQUIRE((asked.has_value() && (*asked).has_value()));
        const auto id = (**asked).id;
        CHECK(goes(over)); // one operator alone
        answer_of<store::HoldOutcome<store::HoldCase>>(
            [&](auto done) { ledger->consent_to_hold(id, "bert", soon, done); });
        CHECK_FALSE(goes(over));
        const auto released =
            answer_of<store::HoldOutcome<store::HoldCase>>([&](auto done) { ledger->release_hold(id, done); });
        REQUIRE((released.has_value() && (*released).has_value()));
        CHECK(goes(over));
        const auto run =
            answer_of<store::RetentionReport>([&](auto done) { ledger->run_retention(matrix, over, done); });
        CHECK((*run).calls == 1);
        CHECK(*answer_of<retention::Time>([&](auto done) { ledger->last_retention(done); }) == over);
    }
    SECTION("a person is told of a dispute and of no order, nor shown what only an order keeps")
    {
        REQUIRE(answered(*ledger, one));
        ledger->ended(one.dialog);
        settle(*ledger);
        invoice(*ledger);
        const auto over = retention::Time{invoice_day} + retention::days{90};
        const auto expires = over + retention::days{10};
        const auto hold = [&](store::HoldKind kind) {
            const auto asked = answer_of<store::HoldOutcome<store::HoldCase>>([&](auto done) {
                ledger->ask_hold({.id = {},
                                  .kind = kind,
                                  .reference = "12 Gs 34/26",
                                  .basis = "order",
                                  .account = one.account,
                                  .first = november,
                                  .last = november,
                                  .expires = expires,
                                  .asked_by = "ann",
                                  .consented_by = {}},
                                 over - retention::days{1}, done);
            });
            REQUIRE((asked.has_value() && (*asked).has_value()));
            answer_of<store::HoldOutcome<store::HoldCase>>(
                [&](auto done) { ledger->consent_to_hold((**asked).id, "bert", over - retention::days{1}, done); });
        };
        const auto shown = [&](retention::Time now) {
            return (*answer_of<store::HeldCalls>([&](auto done) { ledger->held_of({77}, matrix, now, done); })).periods;
        };
        hold(store::HoldKind::legal_order);
        hold(store::HoldKind::tracing);
        REQUIRE(shown(over - 1s).size() == 1);
        CHECK_FALSE(shown(over - 1s).front().held);
        CHECK(shown(over - 1s).front().until == over);
        CHECK(shown(over).empty());
        const auto erased = [&] {
            return *answer_of<store::HeldCalls>([&](auto done) { ledger->erase({77}, matrix, over, done); });
        };
        REQUIRE(erased().periods.size() == 1); // who acts for the person is told what stays
        CHECK(erased().periods.front().held);
        hold(store::HoldKind::dispute);
        REQUIRE(shown(over).size() == 1);
        CHECK(shown(over).front().held);
        CHECK(shown(over).front().until == expires);
    }
    SECTION("new keys change nothing of what is kept")
    {
        REQUIRE(answered(*ledger, one));
        ledger->ended(one.dialog);
        REQUIRE(answered(*ledger, call(2, 78)));
        clock.pass(10s);
        const auto rotated = answer_of<std::size_t>([&](auto done) { ledger->rotate_keys(done); });
        REQUIRE(rotated.has_value());
        clock.pass(10s);
        ledger->ended(call(2, 78).dialog);
        settle(*ledger);
        const auto run = invoice(*ledger);
        REQUIRE(run.calls.size() == 2);
        CHECK(run.calls[0].record.seconds + run.calls[1].record.seconds == 20);
    }
    SECTION("many calls at once are each recorded once")
    {
        constexpr std::uint64_t count = 500;
        std::vector<std::promise<bool>> promises(count);
        for (std::uint64_t i = 0; i < count; ++i)
            ledger->answered(call(i + 1, i % 7 + 1), [&, i](bool recorded) { promises[i].set_value(recorded); });
        for (auto& promise : promises) CHECK(promise.get_future().get());
        for (std::uint64_t i = 0; i < count; ++i) ledger->ended(call(i + 1, 1).dialog);
        settle(*ledger);
        CHECK(invoice(*ledger).calls.size() == count);
    }
}

} // namespace sotto::test
