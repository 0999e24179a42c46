#include "store/ledger/cases.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

TEST_CASE("a retention run that is cut short at any step is finished by the next one")
{
    struct Cut {};
    int steps = 0;
    for (int cut_at = 0;; ++cut_at) {
        LedgerFiles ledger;
        ledger.make_call(1, 77, at(2026y / 11 / 25));
        ledger.make_call(2, 78, at(2026y / 11 / 25));
        ledger.make_call(3, 78, at(2026y / 12 / 25)); // not due
        ledger->invoices.make(november, invoice_day);
        const auto hold = ledger->holds.ask(dispute({78}, over + retention::days{30}), over - retention::days{1});
        REQUIRE(hold.has_value());
        REQUIRE(ledger->holds.consent((*hold).id, "bert", over - retention::days{1}).has_value());
        REQUIRE(ledger->holds.ask(dispute({77}, over), over - retention::days{1}).has_value()); // ends in this run
        steps = 0;
        bool cut = false;
        try {
            ledger->retention.run(rules, over, [&](std::string_view) {
                if (steps++ == cut_at) throw Cut{};
            });
        } catch (const Cut&) {
            cut = true;
        }
        ledger.open();
        ledger->retention.run(rules, over);
        INFO("cut after step " << cut_at);
        const auto plan = ledger->retention.plan(rules, over);
        REQUIRE(plan.orphans == 0);
        REQUIRE(plan.rows.size() == 2); // the held one, and December's
        for (const auto& row : plan.rows) CHECK(row.account == AccountId{78});
        CHECK(calls_of(ledger, november, 1).size() == 1);
        CHECK(ledger.hold_rows() == 1);
        CHECK_FALSE(ledger->retention.run(rules, over).anything());
        if (!cut) break;
    }
    CHECK(steps >= 5);
}

TEST_CASE("while retention goes through many rows, calls that are answered meanwhile reach the disk")
{
    LedgerFiles ledger;
    RecordBatch begins;
    RecordBatch ends;
    for (std::uint64_t i = 1; i <= 3'000; ++i) {
        begins.answered.push_back(test::call(i, i % 40 + 1));
        ends.ended.push_back({begins.answered.back().dialog, 1});
    }
    ledger->recorder.record(begins, at(2026y / 11 / 25));
    ledger->recorder.record(ends, at(2026y / 11 / 25));
    const auto first_page = ledger->invoices.make(november, invoice_day);
    ledger->invoices.again(november, 1, first_page.next);
    std::uint64_t answered = 10'000;
    std::size_t between = 0;
    const auto report = ledger->retention.run(rules, over, [&](std::string_view) {
        ++answered;
        const auto call = test::call(answered, answered % 40 + 1);
        ledger->recorder.record({.answered = {call}}, over);
        ledger->recorder.record({.ended = {{call.dialog, 1}}}, over);
        ++between;
    });
    CHECK(report.calls == 3'000);
    CHECK(between > 3'000 / 500); // a step takes at most some hundred rows
    CHECK(ledger->invoices.make(2027y / std::chrono::March, retention::Day{2027y / 4 / 1}).calls.size() == between);
}

TEST_CASE("calls whose key store is missing stay as they are until it is back")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger.close();
    const auto keys = ledger.state.path() / "keys";
    const auto elsewhere = ledger.state.path() / "not-mounted-yet";
    std::filesystem::rename(keys, elsewhere);
    SECTION("there is none") {}
    SECTION("there are empty files")
    {
        std::filesystem::create_directory(keys);
        for (const auto* name : {"store", "backup"}) std::ofstream{keys / name} << "";
    }
    CHECK_THROWS_WITH(ledger.open(), Catch::Contains("their keys are missing") && Catch::Contains("bring"));
    std::filesystem::remove_all(keys);
    std::filesystem::rename(elsewhere, keys);
    ledger.open();
    CHECK(ledger->invoices.make(november, invoice_day).calls.size() == 1);
}
