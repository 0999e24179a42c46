#include "store/ledger/cases.hpp"
#include "store/ledger/flushes.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {

/// One call more than a page has, for a statement: they go once they are invoiced.
void make_pages(LedgerFiles& ledger, std::uint64_t first)
{
    RecordBatch begins;
    RecordBatch ends;
    for (auto i = first; i <= first + InvoiceRun::page; ++i) {
        begins.answered.push_back(test::call(i, 1));
        begins.answered.back().tariff.kind = retention::Case::itemised_flat;
        ends.ended.push_back({begins.answered.back().dialog, 1});
    }
    ledger->recorder.record(begins, at(2026y / 11 / 25));
    ledger->recorder.record(ends, at(2026y / 11 / 25));
}

} // namespace

TEST_CASE("an ended call has what the invoice needs: account, destination, rounded begin, seconds, tariff, route")
{
    LedgerFiles ledger;
    auto call = test::call(1, 77);
    call.tariff.start_rounding = 60s;
    ledger->recorder.record({.answered = {call}}, at(2026y / 11 / 25, 12h + 34min + 56s));
    ledger->recorder.record({.ended = {{call.dialog, 61}}}, at(2026y / 11 / 25, 13h));
    const auto run = ledger->invoices.make(november, invoice_day);
    REQUIRE(run.calls.size() == 1);
    const auto& billed = run.calls.front();
    CHECK(billed.account == AccountId{77});
    CHECK(billed.record.start == at(2026y / 11 / 25, 12h + 34min));
    CHECK(billed.record.seconds == 61);
    CHECK(billed.record.destination == "+4930123456");
    CHECK(billed.record.tariff == "national");
    CHECK(billed.record.route == "carrier");
    // And nothing else: a record with one field more, be it a Call-ID, an address or a device, does not compile here.
    const auto& [start, seconds, destination, tariff, route] = billed.record;
    CHECK(CallRecord{start, seconds, destination, tariff, route}.packed() == billed.record.packed());
}

TEST_CASE("first calls of many accounts wait for the disk as often as that of one")
{
    LedgerFiles ledger;
    const auto flushes_of = [&](std::uint64_t first, std::uint64_t last) {
        RecordBatch batch;
        for (auto i = first; i <= last; ++i) batch.answered.push_back(test::call(i, i));
        const auto before = flushes();
        ledger->recorder.record(batch, at(2026y / 11 / 25));
        return flushes() - before;
    };
    flushes_of(1, 1); // it makes the month's key as well
    const auto of_one = flushes_of(2, 2);
    CHECK(flushes_of(3, 22) == of_one);
    CHECK(of_one == 2); // the key, the row
}

TEST_CASE("a call is in exactly one invoice run, and a run can be read again")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 2));
    ledger.make_call(2, 78, at(2026y / 11 / 3));
    const auto late = test::call(3, 77);
    ledger->recorder.record({.answered = {late}}, at(2026y / 11 / 30, 23h + 59min));
    const auto first = ledger->invoices.make(november, invoice_day);
    CHECK(first.run == 1);
    CHECK(first.calls.size() == 2);
    ledger->recorder.record({.ended = {{late.dialog, 300}}}, at(2026y / 12 / 3, 1h)); // it began in November
    const auto second = ledger->invoices.make(november, invoice_day + retention::days{1});
    CHECK(second.run == 2);
    REQUIRE(second.calls.size() == 1);
    CHECK(second.calls.front().record.seconds == 300);
    CHECK(ledger->invoices.make(november, invoice_day).run == 0); // nothing is left to bill
    ledger.open();
    CHECK(calls_of(ledger, november, 1).size() == 2);
    CHECK(calls_of(ledger, november, 2).size() == 1);
    CHECK(calls_of(ledger, november, 3).empty());
    CHECK(calls_of(ledger, 2026y / std::chrono::October, 1).empty());
}

TEST_CASE("what a crash has left open ends once, at its last sign of life")
{
    LedgerFiles ledger;
    const auto call = test::call(1, 77);
    const auto silent = test::call(2, 77);
    ledger->recorder.record({.answered = {call, silent}}, at(2026y / 11 / 25));
    ledger->recorder.record({.alive = {{call.dialog, 30}}}, at(2026y / 11 / 25, 30s));
    ledger->recorder.record({.alive = {{call.dialog, 60}}}, at(2026y / 11 / 25, 60s));
    CHECK(ledger.open().recorder.end_all() == 2);
    CHECK(ledger.open().recorder.end_all() == 0);
    const auto run = ledger->invoices.make(november, invoice_day);
    REQUIRE(run.calls.size() == 2);
    const auto longest = std::ranges::max(run.calls, {}, [](const auto& one) { return one.record.seconds; });
    CHECK(longest.record.seconds == 60);
}

TEST_CASE("answer and end of a call in one commit leave one ended call")
{
    LedgerFiles ledger;
    const auto call = test::call(1, 77);
    ledger->recorder.record({.answered = {call, call}, .ended = {{call.dialog, 1}, {call.dialog, 1}}},
                            at(2026y / 11 / 25));
    CHECK(ledger->recorder.open_calls() == 0);
    CHECK(ledger->invoices.make(november, invoice_day).calls.size() == 1);
}

TEST_CASE("a call that runs while its month is invoiced and destroyed is billed by the next run")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 60, "+4930111111", retention::Case::itemised_flat);
    auto running = test::call(2, 77);
    running.tariff.kind = retention::Case::itemised_flat;
    ledger->recorder.record({.answered = {running}}, at(2026y / 11 / 25));
    CHECK(ledger->invoices.make(november, retention::Day{2026y / 11 / 25}).calls.size() == 1);
    SECTION("it leaves the closed period at once") { ledger->recorder.leave_closed(); }
    SECTION("or, after a crash in between, before the next retention run")
    {
        CHECK(ledger->retention.run(rules, at(2026y / 11 / 25, 1h)).calls == 0); // its key is still needed
        ledger->recorder.leave_closed();
    }
    CHECK(ledger->retention.run(rules, at(2026y / 11 / 25, 2h)).calls == 1); // the statement is made
    ledger->recorder.record({.ended = {{running.dialog, 7200}}}, at(2026y / 11 / 25, 3h));
    const auto next = ledger->invoices.make(november, retention::Day{2026y / 12 / 1});
    CHECK(next.run == 2); // the first one is gone, and its number is not given again
    REQUIRE(next.calls.size() == 1);
    CHECK(next.calls.front().record.seconds == 7200);
}

TEST_CASE("a run of invoices is read in pages, each call once")
{
    LedgerFiles ledger;
    constexpr std::uint64_t count = 2 * InvoiceRun::page + 1;
    RecordBatch begins;
    RecordBatch ends;
    for (std::uint64_t i = 1; i <= count; ++i) {
        begins.answered.push_back(test::call(i, i % 3 + 1));
        begins.answered.back().tariff.kind = i % 2 == 0 ? retention::Case::chargeable : retention::Case::incoming;
        ends.ended.push_back({begins.answered.back().dialog, 1});
    }
    ledger->recorder.record(begins, at(2026y / 11 / 25));
    ledger->recorder.record(ends, at(2026y / 11 / 25));
    std::set<std::uint64_t> seen;
    auto page = ledger->invoices.make(november, invoice_day);
    for (;;) {
        CHECK(page.run == 1);
        for (const auto& call : page.calls) CHECK(seen.insert(call.id).second);
        if (page.next.empty()) break;
        page = ledger->invoices.again(november, 1, page.next);
    }
    CHECK(seen.size() == count);
}

TEST_CASE("retention waits until a run of invoices is read to its end, for an hour at most")
{
    LedgerFiles ledger;
    const auto today = 2026y / 11 / 25;
    make_pages(ledger, 1);
    const auto page = ledger->invoices.make(november, retention::Day{today});
    REQUIRE_FALSE(page.next.empty());
    CHECK(ledger->retention.run(rules, at(today, 1h)).calls == 0);
    SECTION("the rest is read")
    {
        CHECK(ledger->invoices.again(november, 1, page.next).calls.size() == 1);
        CHECK(ledger->retention.run(rules, at(today, 1h)).calls == InvoiceRun::page + 1);
    }
    SECTION("nobody reads the rest")
    {
        CHECK(ledger->retention.run(rules, at(today, 1h + 59min)).calls == 0);
        CHECK(ledger->retention.run(rules, at(today, 2h)).calls == InvoiceRun::page + 1);
    }
}

TEST_CASE("retention waits for each run that is read, and not anew for who reads its first page again and again")
{
    LedgerFiles ledger;
    const auto today = 2026y / 11 / 25;
    make_pages(ledger, 1);
    const auto first = ledger->invoices.make(november, retention::Day{today});
    make_pages(ledger, 10'000);
    const auto second = ledger->invoices.make(november, retention::Day{today});
    REQUIRE_FALSE(first.next.empty());
    REQUIRE_FALSE(second.next.empty());
    CHECK(ledger->retention.run(rules, at(today, 1h)).calls == 0); // the second run did not take the place of the first
    const auto plan = ledger->retention.plan(rules, at(today, 1h + 30min));
    CHECK(std::ranges::none_of(plan.decisions, &retention::Decision::goes)); // nothing is overdue
    CHECK(calls_of(ledger, november, 1).size() == InvoiceRun::page);
    CHECK(ledger->invoices.again(november, 1, first.next).calls.size() == 1); // to its end,
    CHECK(calls_of(ledger, november, 1).size() == InvoiceRun::page);          // and from its start once more
    CHECK(ledger->retention.run(rules, at(today, 1h + 50min)).calls == 0);
    CHECK(calls_of(ledger, november, 2).size() == InvoiceRun::page);
    CHECK(ledger->retention.run(rules, at(today, 2h)).calls == 2 * (InvoiceRun::page + 1));
}

TEST_CASE("the rest of a statement that is read over a restart waits for its reader, an hour at most")
{
    LedgerFiles ledger;
    const auto today = 2026y / 11 / 25;
    make_pages(ledger, 1);
    const auto page = ledger->invoices.make(november, retention::Day{today});
    ledger.open();
    CHECK(ledger->retention.run(rules, at(today, 1h)).calls == 0);
    SECTION("the rest is read")
    {
        CHECK(ledger->invoices.again(november, 1, page.next).calls.size() == 1);
        CHECK(ledger->retention.run(rules, at(today, 1h)).calls == InvoiceRun::page + 1);
    }
    SECTION("nobody comes") { CHECK(ledger->retention.run(rules, at(today, 2h)).calls == InvoiceRun::page + 1); }
}

TEST_CASE("a rotation of keys between two pages is told to who reads them: no call is left out, none comes twice")
{
    LedgerFiles ledger;
    const auto today = 2026y / 11 / 25;
    make_pages(ledger, 1);
    auto page = ledger->invoices.make(november, retention::Day{today});
    REQUIRE(ledger->rotation.run() == 1);
    const auto lost = ledger->invoices.again(november, 1, page.next);
    CHECK(lost.lost);
    CHECK(lost.run == 1);
    CHECK(lost.calls.empty());
    CHECK(ledger->retention.run(rules, at(today, 1h)).calls == 0); // it is still being read
    std::set<std::uint64_t> seen;
    for (page = ledger->invoices.again(november, 1);; page = ledger->invoices.again(november, 1, page.next)) {
        for (const auto& call : page.calls) CHECK(seen.insert(call.id).second);
        if (page.next.empty()) break;
    }
    CHECK(seen.size() == InvoiceRun::page + 1);
}

TEST_CASE("an account has another pseudonym in each period")
{
    LedgerFiles ledger;
    auto& keys = ledger->vault.keys();
    const auto one = keys.collecting(november, retention::Case::chargeable);
    const auto two = keys.collecting(2026y / std::chrono::December, retention::Case::chargeable);
    CHECK(ledger->vault.pseudonym(one, {77}) != ledger->vault.pseudonym(two, {77}));
    CHECK(ledger->vault.pseudonym(one, {77}) != ledger->vault.pseudonym(one, {78}));
}

TEST_CASE("a row of one place does not open in another")
{
    LedgerFiles ledger;
    auto& vault = ledger->vault;
    const auto period = vault.keys().collecting(november, retention::Case::chargeable);
    const RowId here{1};
    const RowId there{2};
    const std::vector<std::uint8_t> plain(64, 9);
    const auto sealed = vault.seal(period, {77}, here, plain);
    const auto other = vault.seal_at(here, period, {77}, plain);
    CHECK(vault.open(period, {77}, here, sealed) == plain);
    CHECK(vault.open_at(here, period, {77}, other) == plain);
    CHECK_FALSE(vault.open(period, {77}, there, sealed));
    CHECK_FALSE(vault.open_at(there, period, {77}, other));
    CHECK_FALSE(vault.open(period, {78}, here, sealed));
    vault.destroy(AccountId{77});
    CHECK_FALSE(vault.open(period, {77}, here, sealed));
    CHECK_FALSE(vault.open_at(here, period, {77}, other));
}

TEST_CASE("more accounts than keys are remembered: each row opens with its own")
{
    const StateDirectory state;
    Vault vault{state.path() / "keys", crypto::Secret::random(32), 2};
    const auto period = vault.keys().collecting(november, retention::Case::chargeable);
    const std::vector<std::uint8_t> plain(48, 9);
    std::vector<Sealed> sealed;
    for (std::uint64_t i = 1; i <= 5; ++i) sealed.push_back(vault.seal(period, {i}, RowId{1}, plain));
    for (std::uint64_t i = 1; i <= 5; ++i) {
        CHECK(vault.open(period, {i}, RowId{1}, sealed[i - 1]) == plain);
        CHECK_FALSE(vault.open(period, {i % 5 + 1}, RowId{1}, sealed[i - 1]));
    }
}

TEST_CASE("the number of a month's last run goes when no call can wait for another one")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 60, "+4930111111", retention::Case::itemised_flat);
    CHECK(ledger->invoices.make(november, retention::Day{2026y / 12 / 1}).run == 1);
    const auto end = at(2026y / 12 / 1) + rules.without_invoice;
    CHECK(ledger->retention.run(rules, end - 1s).calls == 1);
    CHECK(ledger->vault.keys().last_run(november) == 1);
    ledger.open();
    CHECK(ledger->vault.keys().last_run(november) == 1);
    ledger->retention.run(rules, end);
    CHECK(ledger->vault.keys().months_with_runs().empty());
}
