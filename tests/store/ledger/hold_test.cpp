#include "store/ledger/cases.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

TEST_CASE("a hold keeps its account's calls; the period's key goes all the same, and the rest when the hold expires")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger.make_call(2, 78, at(2026y / 11 / 25));
    ledger->invoices.make(november, invoice_day);
    const auto expires = over + retention::days{30};
    const auto asked = ledger->holds.ask(dispute({77}, expires), over - retention::days{2});
    REQUIRE(asked.has_value());
    const auto id = (*asked).id;

    SECTION("one operator alone keeps nothing")
    {
        CHECK(ledger->holds.consent(id, "ann", over - 1s).error() == HoldFailure::same_operator);
        CHECK(ledger->retention.run(rules, over).calls == 2);
    }
    SECTION("two do")
    {
        REQUIRE(ledger->holds.consent(id, "bert", over - 1s).has_value());
        CHECK(ledger->holds.consent(id, "carl", over - 1s).error() == HoldFailure::consented);
        const auto before = ledger->vault.keys().periods();
        const auto report = ledger->retention.run(rules, over);
        CHECK(report.held == 1);
        CHECK(report.calls == 1);
        for (const auto& period : before) CHECK(ledger->vault.keys().period(period.id) == nullptr);
        ledger.open();
        const auto kept = calls_of(ledger, november, 1);
        REQUIRE(kept.size() == 1);
        CHECK(kept.front().account == AccountId{77});
        CHECK_FALSE(ledger->retention.run(rules, expires - 1s).anything());
        const auto last = ledger->retention.run(rules, expires); // it ends by itself
        CHECK(last.holds == 1);
        CHECK(last.calls == 1);
        CHECK(ledger->holds.list().empty());
        CHECK(ledger.rows() == 0);
    }
    SECTION("and a release ends it early")
    {
        REQUIRE(ledger->holds.consent(id, "bert", over - 1s).has_value());
        ledger->retention.run(rules, over);
        REQUIRE(ledger->holds.release(id).has_value());
        CHECK(ledger->holds.release(id).error() == HoldFailure::no_such_hold);
        CHECK(ledger->retention.run(rules, over).calls == 1);
    }
}

TEST_CASE("a hold without expiry, basis or reference, or for too long, is refused")
{
    LedgerFiles ledger;
    const auto now = at(2026y / 12 / 1);
    const auto ask = [&](auto change) {
        auto hold = dispute({77}, now + retention::days{30});
        change(hold);
        return ledger->holds.ask(hold, now);
    };
    CHECK(ask([](HoldCase&) {}).has_value());
    CHECK(ask([](HoldCase& hold) { hold.expires = {}; }).error() == HoldFailure::incomplete);
    CHECK(ask([](HoldCase& hold) { hold.basis.clear(); }).error() == HoldFailure::incomplete);
    CHECK(ask([](HoldCase& hold) { hold.reference.clear(); }).error() == HoldFailure::incomplete);
    CHECK(ask([](HoldCase& hold) { hold.last = 2026y / std::chrono::January; }).error() == HoldFailure::incomplete);
    CHECK(ask([&](HoldCase& hold) { hold.expires = now; }).error() == HoldFailure::expired);
    CHECK(ask([&](HoldCase& hold) { hold.expires = now + retention::days{400}; }).error() == HoldFailure::expired);
}

TEST_CASE("the content of a hold is sealed, and its key goes with it")
{
    LedgerFiles ledger;
    const auto hold = ledger->holds.ask(dispute({77}, at(2027y / 1 / 1)), at(2026y / 12 / 1));
    REQUIRE(hold.has_value());
    CHECK(ledger.bytes().find("ticket 4711") == std::string::npos);
    ledger->holds.release((*hold).id);
    CHECK_FALSE(ledger->vault.keys().hold_key((*hold).id));
    CHECK(ledger.hold_rows() == 0);
}

TEST_CASE("a release that was cut short after the key is finished by the next retention run")
{
    LedgerFiles ledger;
    const auto hold = ledger->holds.ask(dispute({77}, at(2027y / 1 / 1)), at(2026y / 12 / 1));
    const auto other = ledger->holds.ask(dispute({78}, at(2027y / 1 / 1)), at(2026y / 12 / 1));
    REQUIRE((hold.has_value() && other.has_value()));
    ledger->vault.destroy((*hold).id);
    ledger.open();
    CHECK(ledger.hold_rows() == 2);
    CHECK(ledger->retention.run(rules, at(2026y / 12 / 2)).holds == 1);
    CHECK(ledger.hold_rows() == 1);
    CHECK(ledger->holds.list().size() == 1);
}
