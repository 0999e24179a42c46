#include "store/ledger/cases.hpp"
#include "store/ledger/reseal.hpp"
#include "store/store_error.hpp"
#include "support/file_limit.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {

/// Calls of November, of two accounts, that take several steps to be sealed anew. Every second is another one.
struct ManyCalls {
    static constexpr std::uint32_t of_one = 2 * slice + 1;
    static constexpr std::uint32_t all = of_one + 3;

    LedgerFiles ledger;

    ManyCalls()
    {
        RecordBatch begins;
        RecordBatch ends;
        for (std::uint32_t i = 1; i <= all; ++i) {
            begins.answered.push_back(test::call(i, i <= of_one ? 77 : 78));
            ends.ended.push_back({begins.answered.back().dialog, i});
        }
        ledger->recorder.record(begins, at(2026y / 11 / 25));
        ledger->recorder.record(ends, at(2026y / 11 / 25));
        ledger->invoices.make(november, invoice_day);
    }
    /// Whether every one of them opens, once.
    static bool whole(LedgerOperations& ledger)
    {
        std::multiset<std::uint32_t> seconds;
        for (std::string from;;) {
            const auto page = ledger.invoices.again(november, 1, from);
            for (const auto& call : page.calls) seconds.insert(call.record.seconds);
            from = page.next;
            if (from.empty()) break;
        }
        std::multiset<std::uint32_t> wanted;
        for (std::uint32_t i = 1; i <= all; ++i) wanted.insert(i);
        return seconds == wanted;
    }
};

} // namespace

TEST_CASE(
    "keys are rotated: what is kept opens under new ones, a run that was cut short goes on, the old ones are gone")
{
    struct Cut {};
    for (int cut_at = 0;; ++cut_at) {
        LedgerFiles ledger;
        ledger.make_call(1, 77, at(2026y / 11 / 25));
        ledger.make_call(2, 78, at(2026y / 11 / 25));
        ledger->invoices.make(november, invoice_day);
        ledger.make_call(3, 77, at(2026y / 11 / 26));
        const auto running = test::call(4, 78);
        ledger->recorder.record({.answered = {running}, .alive = {{running.dialog, 30}}}, at(2026y / 11 / 26));
        const auto before = ledger->vault.keys().periods();
        int steps = 0;
        bool cut = false;
        try {
            ledger->rotation.run([&](std::string_view) {
                if (steps++ == cut_at) throw Cut{};
            });
        } catch (const Cut&) {
            cut = true;
        }
        ledger.open();
        INFO("cut after step " << cut_at);
        CHECK(calls_of(ledger, november, 1).size() == 2);
        ledger->rotation.run();
        for (const auto& period : before) CHECK(ledger->vault.keys().period(period.id) == nullptr);
        CHECK(calls_of(ledger, november, 1).size() == 2);
        CHECK(ledger->recorder.end_all() == 1);
        const auto rest = ledger->invoices.make(november, invoice_day).calls;
        REQUIRE(rest.size() == 2);
        CHECK(std::max(rest[0].record.seconds, rest[1].record.seconds) == 60);
        CHECK(std::min(rest[0].record.seconds, rest[1].record.seconds) == 30);
        if (!cut) break;
    }
}

TEST_CASE("a rotation that is killed between two steps leaves rows that all open, and goes on when it is told again")
{
    ManyCalls calls;
    const auto before = calls.ledger->vault.keys().periods();
    std::vector<StateDirectory> images(16); // what a kill would leave behind, after each step
    std::vector<std::string> steps;
    calls.ledger->rotation.run([&](std::string_view done) {
        REQUIRE(steps.size() < images.size());
        std::filesystem::copy(calls.ledger.state.path(), images[steps.size()].path(),
                              std::filesystem::copy_options::recursive);
        steps.emplace_back(done);
    });
    CHECK(std::ranges::count(steps, "sealed") >= 2); // among them, some in the middle of an account's rows
    for (std::size_t image = 0; image < steps.size(); ++image) {
        INFO("killed after step " << image << ", " << steps[image]);
        LedgerOperations next{images[image].path(), calls.ledger.master};
        CHECK(ManyCalls::whole(next));
        CHECK(next.rotation.run() >= 1);
        CHECK(ManyCalls::whole(next));
        for (const auto& period : before) CHECK(next.vault.keys().period(period.id) == nullptr);
        const auto plan = next.retention.plan(rules, invoice_day);
        CHECK(plan.orphans == 0);
        CHECK(next.retention.run(rules, over).calls == ManyCalls::all); // under whatever keys they were
        CHECK(next.vault.keys().periods().empty());
    }
}

TEST_CASE("a rotation seals holds anew as well, and what a copy of the keys of before opened it opens no more")
{
    LedgerFiles ledger;
    const auto now = at(2026y / 12 / 2);
    const auto dispute_id = (*ledger->holds.ask(dispute({77}, now + retention::days{30}), now)).id;
    auto order = dispute({78}, now + retention::days{30});
    order.kind = HoldKind::legal_order;
    REQUIRE(ledger->holds.ask(order, now).has_value());
    REQUIRE(ledger->holds.consent(dispute_id, "bert", now).has_value());
    const auto whole = [](Holds& holds) {
        const auto all = holds.list();
        const auto consented = [](const HoldCase& hold) { return hold.consented_by == "bert"; };
        return all.size() == 2 && std::ranges::count_if(all, consented) == 1;
    };
    const StateDirectory before;
    std::filesystem::copy(ledger.state.path() / "keys", before.path() / "keys");
    std::vector<StateDirectory> images(2); // what a kill would leave behind, after each step
    std::size_t step = 0;
    CHECK(ledger->rotation.run([&](std::string_view) {
        REQUIRE(step < images.size());
        std::filesystem::copy(ledger.state.path(), images[step++].path(), std::filesystem::copy_options::recursive);
    }) == 2);
    CHECK(step == images.size());
    CHECK(whole(ledger->holds));
    for (const auto& image : images) {
        LedgerOperations next{image.path(), ledger.master};
        CHECK(whole(next.holds));
        CHECK(next.rotation.run() == 2);
        CHECK(whole(next.holds));
        REQUIRE(next.holds.release(dispute_id).has_value());
        CHECK(next.holds.list().size() == 1);
    }
    ledger.close();
    std::filesystem::remove_all(ledger.state.path() / "keys");
    std::filesystem::copy(before.path() / "keys", ledger.state.path() / "keys");
    ledger.open();
    CHECK(ledger->holds.list().empty());
}

TEST_CASE("a rotation for whose first key there is no room changes nothing: what is kept opens, then and later")
{
    ManyCalls calls;
    auto& ledger = calls.ledger;
    const auto size = std::filesystem::file_size(ledger.state.path() / "keys" / "store");
    const auto room = GENERATE_COPY(std::uintmax_t{0}, size, size + slot_size / 2);
    const auto before = ledger->vault.keys().periods();
    {
        const FileLimit full{room};
        CHECK_THROWS_AS(ledger->rotation.run(), StoreError);
        CHECK(ManyCalls::whole(*ledger));
    }
    CHECK(ledger->vault.keys().periods().size() == before.size());
    ledger.open();
    REQUIRE(ledger->vault.keys().periods().size() == before.size());
    CHECK(ManyCalls::whole(*ledger));
    CHECK(ledger->rotation.run() == before.size());
    CHECK(ManyCalls::whole(*ledger));
    for (const auto& period : before) CHECK(ledger->vault.keys().period(period.id) == nullptr);
}
