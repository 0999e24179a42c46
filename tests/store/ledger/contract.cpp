#include "store/ledger/contract.hpp"

#include "store/ledger/asked_ledger.hpp"
#include "store/store_error.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace sotto::test {
namespace {

namespace fs = std::filesystem;
using store::BilledCall;
using store::HoldFailure;
using store::HoldKind;

store::HoldCase hold_of(HoldKind kind, retention::Time expires)
{
    auto hold = dispute({77}, expires);
    hold.kind = kind;
    return hold;
}

std::uint32_t seconds_of(const store::InvoiceRun& run, std::uint64_t account)
{
    const auto found = std::ranges::find(run.calls, AccountId{account}, &BilledCall::account);
    REQUIRE(found != run.calls.end());
    return found->record.seconds;
}

/// From the answer of a call to its record.
void recording_conforms(AskedLedger& ledger)
{
    auto& clock = ledger.clock();
    const auto one = call(1, 77);

    SECTION("nothing is recorded before a call is answered")
    {
        CHECK(ledger->writable());
        CHECK_FALSE(ledger->recording());
        CHECK(ledger->running().empty());
        ledger->alive(one.dialog);
        ledger->ended(one.dialog);
        CHECK(ledger.invoice().calls.empty());
    }
    SECTION("a call that is answered runs until it ends, and is billed for the time between")
    {
        CHECK(ledger.answered(one));
        CHECK(ledger->recording());
        REQUIRE(ledger->running().size() == 1);
        CHECK(ledger->running().front().dialog == one.dialog);
        CHECK(ledger.invoice().run == 0); // it runs
        clock.pass(75s);
        ledger->ended(one.dialog);
        ledger->ended(one.dialog);
        CHECK(ledger->running().empty());
        ledger.settle();
        CHECK_FALSE(ledger->recording());
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(seconds_of(run, 77) == 75);
        CHECK(run.calls.front().record.destination == one.destination);
        CHECK(run.calls.front().record.tariff == one.tariff.name);
        CHECK(run.calls.front().record.route == one.tariff.route);
    }
    SECTION("a call whose end is heard of late is billed to when it was, and to no time before it began")
    {
        REQUIRE(ledger.answered(one));
        REQUIRE(ledger.answered(call(2, 78)));
        clock.pass(75s);
        ledger->ended(one.dialog, 32s);
        ledger->ended(call(2, 78).dialog, 100s);
        ledger.settle();
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 2);
        CHECK(seconds_of(run, 77) == 43);
        CHECK(seconds_of(run, 78) == 0);
    }
    SECTION("a call that runs when the process ends is billed to its last sign of life, once")
    {
        REQUIRE(ledger.answered(one));
        clock.pass(40s);
        ledger->alive(one.dialog);
        clock.pass(100s); // nothing is heard any more
        ledger.again();
        CHECK(ledger->running().empty());
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(seconds_of(run, 77) == 40);
        ledger.again();
        CHECK(ledger.invoice().run == 0);
    }
    SECTION("a call that nobody hears of for the time of a binding ended when it was heard of last")
    {
        REQUIRE(ledger.answered(one));
        clock.pass(60s);
        ledger->alive(one.dialog);
        clock.pass(599s);
        REQUIRE(ledger.answered(call(2, 78)));
        ledger.settle();
        CHECK(ledger->running().size() == 2);
        clock.pass(1s);
        ledger->ended(call(2, 78).dialog); // lets it look at the clock
        clock.pass(31s);
        ledger.makes(call(3, 78));
        CHECK(ledger->running().empty());
        ledger.settle();
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 3);
        CHECK(seconds_of(run, 77) == 60);
    }
    SECTION("no call is longer than the longest one")
    {
        REQUIRE(ledger.answered(one));
        for (int i = 0; i < 13 * 12; ++i) {
            clock.pass(300s);
            ledger->alive(one.dialog);
        }
        REQUIRE(ledger.answered(call(2, 78)));
        ledger.settle();
        CHECK(ledger->running().size() == 1);
        ledger.settle();
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(seconds_of(run, 77) == 12 * 3600);
    }
    SECTION("many calls at once are each recorded once")
    {
        ledger.makes_more_than_a_page();
        CHECK_FALSE(ledger->recording());
        CHECK(ledger.plan(over).rows.size() >= 3);
        std::size_t calls = 0;
        for (const auto& row : ledger.plan(over).rows) calls += row.calls;
        CHECK(calls == AskedLedger::more_than_a_page);
    }
}

/// Reads a run to its end: how many calls, each once, those of an account together.
std::size_t calls_read(AskedLedger& ledger, store::InvoiceRun page)
{
    std::set<std::uint64_t> calls;
    std::vector<AccountId> accounts;
    for (;; page = ledger.page(page.next)) {
        CHECK(page.run == 1);
        CHECK(page.day == invoice_day);
        CHECK(page.calls.size() <= store::InvoiceRun::page);
        for (const auto& call : page.calls) {
            CHECK(calls.insert(call.id).second);
            if (accounts.empty() || accounts.back() != call.account) accounts.push_back(call.account);
        }
        if (page.next.empty()) break;
    }
    CHECK(accounts.size() == std::set<AccountId>(accounts.begin(), accounts.end()).size());
    return calls.size();
}

void invoices_conform(AskedLedger& ledger)
{
    SECTION("a call is in one invoice run, which can be read again, until its time is over")
    {
        ledger.makes(call(1, 77));
        CHECK(ledger.invoice().run == 1);
        CHECK(ledger.invoice().run == 0);
        CHECK(ledger.page().calls.size() == 1);
        CHECK(ledger.page({}, 2).run == 0);
        CHECK_FALSE(ledger.run(over - 1s).anything());
        CHECK(ledger.run(over).calls == 1);
        CHECK_FALSE(ledger.run(over).anything());
        CHECK(ledger.page().calls.empty());
    }
    SECTION("no number is given to two invoice runs of a month, whatever has become of the first")
    {
        for (std::uint32_t run = 1; run <= 3; ++run) {
            ledger.makes(itemised(run));
            const auto made = ledger.invoice();
            CHECK(made.run == run);
            CHECK(made.calls.size() == 1);
            CHECK(ledger.run(retention::Time{invoice_day} + 2h).calls == 1);
            ledger.again();
        }
    }
    SECTION("what a page does not hold comes on the next one, and the same when it is read again")
    {
        ledger.makes_more_than_a_page();
        const auto first = ledger.invoice();
        REQUIRE_FALSE(first.next.empty());
        CHECK(calls_read(ledger, first) == AskedLedger::more_than_a_page);
        ledger.again(); // where a page begins is known in another process as well
        CHECK(calls_read(ledger, first) == AskedLedger::more_than_a_page);
        CHECK(calls_read(ledger, ledger.page()) == AskedLedger::more_than_a_page);
    }
    SECTION("retention leaves a run while its pages are read, and no longer")
    {
        ledger.makes_more_than_a_page();
        const auto first = ledger.invoice();
        CHECK(ledger.run(over).calls == 0);
        SECTION("than to the last one")
        {
            CHECK(ledger.page(first.next).calls.size() == AskedLedger::more_than_a_page - first.calls.size());
            CHECK(ledger.run(over).calls == AskedLedger::more_than_a_page);
        }
        SECTION("than an hour: the place where the next one began is lost")
        {
            CHECK(ledger.run(over + 1h - 1s).calls == 0);
            CHECK(ledger.run(over + 1h).calls == AskedLedger::more_than_a_page);
            const auto lost = ledger.page(first.next);
            CHECK(lost.lost);
            CHECK(lost.calls.empty());
            CHECK(lost.next.empty());
        }
    }
    SECTION("a statement that was being read when the process ended waits for its reader once more")
    {
        ledger.makes_more_than_a_page(retention::Case::itemised_flat);
        const auto first = ledger.invoice();
        ledger.again();
        CHECK(ledger.run(retention::Time{invoice_day} + 1h).calls == 0);
        CHECK_FALSE(ledger.page(first.next).lost);
        CHECK(ledger.run(retention::Time{invoice_day} + 1h).calls == AskedLedger::more_than_a_page);
    }
    SECTION("new keys between two pages are told: read from its start, no call is left out and none comes twice")
    {
        ledger.makes_more_than_a_page();
        const auto first = ledger.invoice();
        ledger.rotates();
        const auto lost = ledger.page(first.next);
        CHECK(lost.lost);
        CHECK(lost.calls.empty());
        CHECK(calls_read(ledger, ledger.page()) == AskedLedger::more_than_a_page);
    }
}

void retention_conforms(AskedLedger& ledger)
{
    const auto soon = over - retention::days{1};
    const auto expires = over + retention::days{10};
    const auto goes = [&](retention::Time now) {
        const auto plan = ledger.plan(now);
        REQUIRE(plan.decisions.size() == 1);
        CHECK(plan.rows.front().account == AccountId{77});
        return plan.decisions.front().goes;
    };

    SECTION("a plan says what a run would do and does nothing; a hold that is released keeps nothing any more")
    {
        ledger.makes(call(1, 77));
        ledger.invoice();
        CHECK_FALSE(goes(soon));
        CHECK(goes(over));
        const auto asked = ledger.asks_to_hold(hold_of(HoldKind::dispute, expires), soon);
        REQUIRE(asked.has_value());
        CHECK(goes(over)); // one operator alone
        REQUIRE(ledger.consents((*asked).id, "bert", soon).has_value());
        CHECK_FALSE(goes(over));
        REQUIRE(ledger.releases((*asked).id).has_value());
        CHECK(goes(over));
        CHECK(ledger.run(over).calls == 1);
    }
    SECTION("the time that retention went by last is known to the next process")
    {
        CHECK(ledger.last_run() == retention::Time{});
        ledger.run(over);
        ledger.plan(expires);
        CHECK(ledger.last_run() == over);
        ledger.again();
        CHECK(ledger.last_run() == over);
    }
    SECTION("a hold of two operators keeps its account's calls beyond their time, and nobody else's")
    {
        ledger.makes(call(1, 77));
        ledger.makes(call(2, 78));
        ledger.invoice();
        ledger.hold(hold_of(HoldKind::legal_order, expires), soon);
        const auto kept = ledger.run(over);
        CHECK(kept.calls == 1);
        CHECK(kept.held == 1);
        CHECK(kept.next == expires); // what is overdue goes then, and no later
        REQUIRE(ledger.page().calls.size() == 1);
        CHECK(ledger.page().calls.front().account == AccountId{77});
        CHECK(ledger.run(expires).calls == 1);
        CHECK_FALSE(ledger.run(expires).next);
        CHECK(ledger.holds().empty());
    }
    SECTION("a hold says what it lacks, and each operator counts once")
    {
        auto hold = hold_of(HoldKind::dispute, expires);
        hold.basis.clear();
        CHECK(ledger.asks_to_hold(hold, soon).error() == HoldFailure::incomplete);
        CHECK(ledger.asks_to_hold(hold_of(HoldKind::dispute, soon), soon).error() == HoldFailure::expired);
        CHECK(ledger.asks_to_hold(hold_of(HoldKind::dispute, soon + 367 * 24h), soon).error() == HoldFailure::expired);
        const auto asked = ledger.asks_to_hold(hold_of(HoldKind::dispute, expires), soon);
        REQUIRE(asked.has_value());
        const auto id = (*asked).id;
        CHECK(ledger.consents(id, "ann", soon).error() == HoldFailure::same_operator);
        CHECK(ledger.consents(id, "bert", expires).error() == HoldFailure::expired);
        CHECK(ledger.consents({id.value + 1}, "bert", soon).error() == HoldFailure::no_such_hold);
        REQUIRE(ledger.consents(id, "bert", soon).has_value());
        CHECK(ledger.consents(id, "carl", soon).error() == HoldFailure::consented);
        ledger.again();
        const auto holds = ledger.holds();
        REQUIRE(holds.size() == 1);
        CHECK(holds.front().id == id);
        CHECK(holds.front().asked_by == "ann");
        CHECK(holds.front().consented_by == "bert");
        CHECK(holds.front().expires == expires);
        REQUIRE(ledger.releases(id).has_value());
        CHECK(ledger.releases(id).error() == HoldFailure::no_such_hold);
        CHECK(ledger.holds().empty());
    }
}

void rights_conform(AskedLedger& ledger)
{
    const auto soon = over - retention::days{1};
    const auto expires = over + retention::days{10};
    const auto now = ledger.clock().calendar();

    SECTION("a person is shown what is held, and erased")
    {
        REQUIRE(ledger.answered(call(1, 77)));
        const auto runs = ledger.held(77, now);
        CHECK(runs.running);
        REQUIRE(runs.periods.size() == 1); // and the call that runs is in it
        REQUIRE(runs.periods.front().running.size() == 1);
        const auto begun = runs.periods.front().running.front();
        CHECK(runs.periods.front().calls.empty());
        ledger->ended(call(1, 77).dialog);
        ledger.settle();
        CHECK_FALSE(ledger.held(77, now).running);
        REQUIRE(ledger.held(77, now).periods.size() == 1);
        const auto ended = ledger.held(77, now).periods.front();
        CHECK(ended.running.empty());
        REQUIRE(ended.calls.size() == 1);
        CHECK(begun.start == ended.calls.front().record.start);
        CHECK(begun.destination == ended.calls.front().record.destination);
        CHECK(begun.route == ended.calls.front().record.route);
        ledger.makes(itemised(2));
        CHECK(ledger.held(77, now).periods.size() == 2);
        CHECK(ledger.held(78, now).periods.empty());
        const auto stays = ledger.erases(77, now);
        REQUIRE(stays.periods.size() == 1); // what no duty keeps is gone
        CHECK(stays.periods.front().kind == retention::Case::chargeable);
        CHECK(ledger.held(77, now).periods.size() == 1);
    }
    SECTION("who is erased during a call is billed for it, once")
    {
        REQUIRE(ledger.answered(call(1, 77)));
        CHECK(ledger.erases(77, now).running);
        ledger.clock().pass(20s);
        ledger->ended(call(1, 77).dialog);
        ledger.settle();
        ledger.again();
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(seconds_of(run, 77) == 20);
    }
    SECTION("who is erased during a call that no duty keeps leaves nothing of it")
    {
        REQUIRE(ledger.answered(itemised(1)));
        const auto stays = ledger.erases(77, now);
        CHECK(stays.periods.empty());
        CHECK_FALSE(stays.running);
        ledger.clock().pass(20s);
        ledger->ended(itemised(1).dialog);
        ledger.settle();
        CHECK_FALSE(ledger->recording());
        ledger.again();
        CHECK(ledger.invoice().run == 0);
    }
    SECTION("a hold keeps a call that runs during an erasure")
    {
        REQUIRE(ledger.answered(itemised(1)));
        ledger.hold(hold_of(HoldKind::dispute, now + retention::days{30}), now);
        CHECK(ledger.erases(77, now).running);
        ledger->ended(itemised(1).dialog);
        ledger.settle();
        CHECK(ledger.held(77, now).periods.size() == 1);
    }
    SECTION("a hold keeps what an erasure would remove")
    {
        ledger.makes(itemised(1));
        ledger.hold(hold_of(HoldKind::dispute, now + retention::days{30}), now);
        CHECK(ledger.erases(77, now).periods.size() == 1);
    }
    SECTION("a person is told of a dispute and of no order, nor shown what only an order keeps")
    {
        ledger.makes(call(1, 77));
        ledger.invoice();
        ledger.hold(hold_of(HoldKind::legal_order, expires), soon);
        ledger.hold(hold_of(HoldKind::tracing, expires), soon);
        const auto before = ledger.held(77, over - 1s).periods;
        REQUIRE(before.size() == 1);
        CHECK_FALSE(before.front().held);
        CHECK(before.front().until == over);
        CHECK(ledger.held(77, over).periods.empty());
        const auto stays = ledger.erases(77, over).periods; // who acts for the person is told what stays
        REQUIRE(stays.size() == 1);
        CHECK(stays.front().held);
        ledger.hold(hold_of(HoldKind::dispute, expires), soon);
        const auto told = ledger.held(77, over).periods;
        REQUIRE(told.size() == 1);
        CHECK(told.front().held);
        CHECK(told.front().until == expires);
    }
}

void copies_conform(AskedLedger& ledger)
{
    const auto copy = ledger.folder() / "copy";

    SECTION("a copy is as of one moment, and for nobody else")
    {
        ledger.makes(call(1, 77));
        REQUIRE(ledger.backs_up(copy));
        CHECK(fs::status(copy).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
        ledger.makes(call(2, 78));
        ledger.restored(copy);
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(run.calls.front().account == AccountId{77});
    }
    SECTION(
        "a copy takes the place of the one before; where none can be written, that is said and nothing else changes")
    {
        REQUIRE(ledger.backs_up(copy));
        ledger.makes(call(1, 77));
        REQUIRE(ledger.backs_up(copy));
        CHECK_FALSE(ledger.backs_up(ledger.folder() / "missing" / "copy"));
        CHECK_FALSE(ledger.backs_up(ledger.folder()));
        ledger.makes(call(2, 77));
        ledger.restored(copy);
        CHECK(ledger.invoice().calls.size() == 1);
    }
    SECTION("a copy that is put back brings nobody back who was erased")
    {
        ledger.makes(itemised(1));
        ledger.makes(call(2, 78));
        REQUIRE(ledger.backs_up(copy));
        ledger.erases(77, ledger.clock().calendar());
        ledger.restored(copy);
        CHECK(ledger.held(77, ledger.clock().calendar()).periods.empty());
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 1);
        CHECK(run.calls.front().account == AccountId{78});
    }
    SECTION("nor a call whose time was over")
    {
        ledger.makes(call(1, 77));
        ledger.invoice();
        REQUIRE(ledger.backs_up(copy));
        CHECK(ledger.run(over).calls == 1);
        ledger.restored(copy);
        CHECK(ledger.page().calls.empty());
        CHECK(ledger.held(77, over - 1s).periods.empty());
        CHECK(ledger.invoice().run == 0);
    }
    SECTION("nor anything from before new keys")
    {
        ledger.makes(call(1, 77));
        REQUIRE(ledger.backs_up(copy));
        ledger.rotates();
        ledger.restored(copy);
        CHECK(ledger.invoice().run == 0);
    }
}

void keys_conform(AskedLedger& ledger)
{
    SECTION("new keys change nothing of what is kept")
    {
        ledger.makes(call(1, 77));
        REQUIRE(ledger.answered(call(2, 78)));
        ledger.clock().pass(10s);
        CHECK(ledger.rotates() > 0);
        ledger.clock().pass(10s);
        ledger->ended(call(2, 78).dialog);
        ledger.settle();
        ledger.again();
        const auto run = ledger.invoice();
        REQUIRE(run.calls.size() == 2);
        CHECK(seconds_of(run, 77) == 0);
        CHECK(seconds_of(run, 78) == 20);
    }
    SECTION("another master key opens everything from then on, and the one before nothing; it can be told again")
    {
        ledger.makes(call(1, 77));
        REQUIRE(ledger.answered(call(2, 78)));
        const auto first = ledger.folder() / "first";
        const auto second = ledger.master("second", '2');
        REQUIRE(ledger.changes_master(second));
        REQUIRE(ledger.changes_master(second));
        ledger.clock().pass(10s);
        ledger->ended(call(2, 78).dialog);
        ledger.settle();
        CHECK_THROWS_AS(ledger.open(first), store::StoreError);
        ledger.again();
        CHECK(ledger.invoice().calls.size() == 2);
    }
    SECTION("a file without a key is refused, and the master key stays")
    {
        ledger.makes(call(1, 77));
        const auto wrong = ledger.folder() / "wrong";
        std::ofstream{wrong} << "not sixty-four digits\n";
        CHECK_FALSE(ledger.changes_master(wrong));
        CHECK_FALSE(ledger.changes_master(ledger.folder() / "missing"));
        ledger.again();
        CHECK(ledger.invoice().calls.size() == 1);
    }
}

} // namespace

void ledger_conforms(LedgerKind& kind)
{
    AskedLedger ledger{kind};
    recording_conforms(ledger);
    invoices_conform(ledger);
    retention_conforms(ledger);
    rights_conform(ledger);
    copies_conform(ledger);
    keys_conform(ledger);
}

} // namespace sotto::test
