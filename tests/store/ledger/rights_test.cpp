#include "store/ledger/cases.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

TEST_CASE("a person is shown all that is held of it, with the date of its end")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 61, "+4930111111");
    ledger.make_call(2, 78, at(2026y / 11 / 25), 62, "+4930222222");
    ledger.make_call(3, 77, at(2026y / 12 / 25), 63, "+4930333333");
    ledger->invoices.make(november, invoice_day);
    const auto held = ledger->subjects.held({77}, rules, at(2026y / 12 / 26));
    REQUIRE(held.periods.size() == 2);
    const auto& invoiced = held.periods[held.periods[0].invoiced ? 0 : 1];
    CHECK(invoiced.until == over);
    REQUIRE(invoiced.calls.size() == 1);
    CHECK(invoiced.calls.front().record.destination == "+4930111111");
}

TEST_CASE("an erased person keeps what an invoice needs, with its date, and nothing comes back")
{
    constexpr std::uint64_t person = 0x1234'5678'9ABC'DEF1; // no bytes that stand there by chance
    LedgerFiles ledger;
    ledger.make_call(1, person, at(2026y / 11 / 25));
    ledger->invoices.make(november, invoice_day);
    const auto stays = ledger->subjects.erase({person}, rules, at(2026y / 12 / 26));
    REQUIRE(stays.periods.size() == 1);
    CHECK(stays.periods.front().until == over);
    CHECK(calls_of(ledger, november, 1).size() == 1);
    ledger->retention.run(rules, over);
    CHECK_FALSE(ledger->vault.keys().subject_key({person})); // the key went with the last call
    CHECK(ledger.bytes().find(raw(person)) == std::string::npos);
}

TEST_CASE("what no duty keeps of a person goes with the erasure, from backups as well; what stays is sealed anew")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 61, "+4930111111");
    ledger.make_call(2, 77, at(2026y / 11 / 25), 62, "+4930222222", retention::Case::itemised_flat);
    ledger.make_call(3, 78, at(2026y / 11 / 25), 63, "+4930333333", retention::Case::itemised_flat);
    const auto running = test::call(4, 77, "+4930444444");
    ledger->recorder.record({.answered = {running}, .alive = {{running.dialog, 30}}}, at(2026y / 11 / 26));
    const auto backup = ledger.state.path() / "backup.db";
    ledger->database.back_up(backup);
    const auto key = ledger->vault.keys().subject_key({77});

    const auto stays = ledger->subjects.erase({77}, rules, at(2026y / 12 / 2));
    REQUIRE(stays.periods.size() == 1);
    CHECK(stays.periods.front().kind == retention::Case::chargeable);
    CHECK(stays.running);
    CHECK(ledger->vault.keys().subject_key({77})->bytes != key->bytes); // the key before is destroyed
    CHECK(ledger.rows() == 2);
    ledger.open();
    CHECK(ledger->recorder.end_all() == 1);
    const auto run = ledger->invoices.make(november, invoice_day);
    std::set<std::string> destinations;
    for (const auto& call : run.calls) destinations.insert(call.record.destination);
    CHECK(destinations == std::set<std::string>{"+4930111111", "+4930333333", "+4930444444"});

    ledger.close();
    put_back(ledger.state.path() / "ledger.db", backup);
    ledger.open();
    for (const auto& call : ledger->invoices.again(november, 1).calls) CHECK(call.account != AccountId{77});
}

TEST_CASE("of a call that rang while its account was erased only what must be billed is recorded")
{
    LedgerFiles ledger;
    auto flat = test::call(1, 77, "+4930111111");
    flat.tariff.kind = retention::Case::itemised_flat;
    const auto chargeable = test::call(2, 77, "+4930222222");
    auto of_another = test::call(3, 78, "+4930333333");
    of_another.tariff.kind = retention::Case::itemised_flat;
    ledger.erased = {{77}};
    REQUIRE(ledger->subjects.erase({77}, rules, at(2026y / 11 / 25)).periods.empty());
    ledger->recorder.record({.answered = {flat}}, at(2026y / 11 / 25));
    CHECK_FALSE(ledger->vault.keys().subject_key({77})); // nothing of the person is there anew
    ledger->recorder.record({.answered = {chargeable, of_another}, .alive = {{flat.dialog, 30}}}, at(2026y / 11 / 25));
    ledger->recorder.record({.ended = {{flat.dialog, 60}, {chargeable.dialog, 60}, {of_another.dialog, 60}}},
                            at(2026y / 11 / 25));
    std::set<std::string> destinations;
    for (const auto& call : ledger->invoices.make(november, invoice_day).calls)
        destinations.insert(call.record.destination);
    CHECK(destinations == std::set<std::string>{"+4930222222", "+4930333333"});
}

TEST_CASE("an erasure that was cut short at the key is finished at the next start")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger.make_call(2, 77, at(2026y / 11 / 25), 62, "+4930222222", retention::Case::itemised_flat);
    SECTION("before any row was sealed anew") { ledger->vault.renew({77}); }
    SECTION("after some were")
    {
        ledger->vault.renew({77});
        const auto running = test::call(3, 77); // sealed with the new key
        ledger->recorder.record({.answered = {running}}, at(2026y / 11 / 26));
        ledger->recorder.record({.ended = {{running.dialog, 5}}}, at(2026y / 11 / 26));
    }
    ledger.open();
    CHECK(ledger->vault.keys().renewing().empty());
    const auto held = ledger->subjects.held({77}, rules, at(2026y / 12 / 2));
    REQUIRE(held.periods.size() == 1);
    CHECK(held.periods.front().kind == retention::Case::chargeable);
}

TEST_CASE("a hold keeps what an erasure would remove")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 62, "+4930222222", retention::Case::itemised_flat);
    const auto now = at(2026y / 12 / 2);
    const auto hold = ledger->holds.ask(dispute({77}, now + retention::days{30}), now);
    REQUIRE(ledger->holds.consent((*hold).id, "bert", now).has_value());
    const auto stays = ledger->subjects.erase({77}, rules, now);
    CHECK(stays.periods.size() == 1);
}

TEST_CASE("a person without a call is forgotten at once, key included")
{
    LedgerFiles ledger;
    make_key(ledger->vault.keys(), {77});
    CHECK(ledger->subjects.erase({77}, rules, at(2026y / 12 / 26)).periods.empty());
    CHECK_FALSE(ledger->vault.keys().subject_key({77}));
}
