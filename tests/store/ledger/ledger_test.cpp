#include "core/types/cryptography.hpp"
#include "store/ledger/ledger_files.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;
using test::at;
using test::LedgerFiles;

namespace {

constexpr auto november = 2026y / std::chrono::November;
constexpr retention::Policy policy{};
using retention::Day;
constexpr retention::Day invoice_day{2026y / 12 / 3};
/// The first moment at which calls invoiced on that day are over.
constexpr retention::Time over = retention::Time{invoice_day} + retention::days{90};

std::vector<BilledCall> calls_of(LedgerFiles& ledger, std::chrono::year_month month, std::uint32_t run)
{
    return ledger->invoices.again(month, run).calls;
}

std::string hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

std::string base64(std::string_view bytes)
{
    return base64url({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

template <class Number> std::string raw(Number number)
{
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

HoldCase dispute(AccountId account, retention::Time expires)
{
    return {.id = {},
            .kind = HoldKind::dispute,
            .reference = "ticket 4711",
            .basis = "objection of 20 December 2026",
            .account = account,
            .first = november,
            .last = november,
            .expires = expires,
            .asked_by = "ann",
            .consented_by = {}};
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

TEST_CASE("a stolen database shows no number, name, account or time, in no spelling")
{
    LedgerFiles ledger;
    const auto when = at(2026y / 11 / 25, 12h);
    const std::uint64_t account = 0x0123'4567'89AB'CDEF;
    ledger.make_call(1, account, when, 61, "+4930123456");
    auto open = test::call(2, account, "+4940987654");
    open.tariff = {.name = "premium-tariff", .route = "carrier-berlin"};
    ledger->recorder.record({.answered = {open}}, when);
    ledger.close();
    const auto disk = ledger.bytes();
    CHECK(disk.find("open_call") != std::string::npos); // the scan reads the databases
    for (const std::string& secret :
         {std::string{"+4930123456"}, std::string{"4930123456"}, std::string{"+4940987654"}, std::string{"premium"},
          std::string{"carrier"}, raw(account), raw(__builtin_bswap64(account)), raw(when.time_since_epoch().count()),
          raw(static_cast<std::uint32_t>(when.time_since_epoch().count())),
          std::to_string(when.time_since_epoch().count()), std::string{"2026-11"}}) {
        INFO(hex(secret));
        CHECK(disk.find(secret) == std::string::npos);
        CHECK(disk.find(hex(secret)) == std::string::npos);
        CHECK(disk.find(base64(secret)) == std::string::npos);
    }
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

TEST_CASE("10,000 billed calls: after retention the disk holds no trace of them")
{
    LedgerFiles ledger;
    std::mt19937_64 random{1};
    std::vector<std::string> secrets;
    RecordBatch begins;
    RecordBatch ends;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        auto number = "+49" + std::to_string(3'000'000'000 + random() % 1'000'000'000);
        const std::uint64_t account = 0x4000'0000'0000'0000 + i / 10 * 0x1234'5678'9ABC;
        begins.answered.push_back(test::call(i + 1, account, number));
        ends.ended.push_back({begins.answered.back().dialog, 60});
        secrets.push_back(number.substr(1));
        if (i % 10 == 0) secrets.push_back(raw(account));
    }
    ledger->recorder.record(begins, at(2026y / 11 / 25));
    ledger->recorder.record(ends, at(2026y / 11 / 25));
    const auto period = ledger->vault.keys().collecting(november, retention::Case::chargeable);
    for (std::uint64_t i = 0; i < 10'000; i += 10) {
        const auto pseudonym = ledger->vault.pseudonym(period, begins.answered[i].account);
        secrets.emplace_back(pseudonym.begin(), pseudonym.end());
    }
    std::size_t invoiced = 0;
    for (auto run = ledger->invoices.make(november, invoice_day);;
         run = ledger->invoices.again(november, 1, run.next)) {
        invoiced += run.calls.size();
        if (run.next.empty()) break;
    }
    REQUIRE(invoiced == 10'000);
    CHECK(ledger.bytes().find(secrets.back()) != std::string::npos); // pseudonyms are there, before

    CHECK(ledger->retention.run(policy, over - 1s).calls == 0); // nothing early
    const auto report = ledger->retention.run(policy, over);    // nothing late
    CHECK(report.calls == 10'000);
    CHECK(report.periods == 1);
    CHECK(report.subjects == 1'000);
    CHECK_FALSE(ledger->retention.run(policy, over).anything());
    CHECK(std::filesystem::file_size(ledger.state.path() / "ledger.db-wal") == 0);

    std::string disk = ledger.bytes();
    std::size_t found = 0;
    std::vector<std::string> needles;
    for (const auto& secret : secrets)
        for (auto spelling : {secret, hex(secret), base64(secret)}) needles.push_back(std::move(spelling));
    // One pass over the disk for each length, instead of one for each of 36,000 needles.
    std::map<std::size_t, std::set<std::string_view>> by_length;
    for (const auto& needle : needles) by_length[needle.size()].insert(needle);
    for (const auto& [length, set] : by_length)
        for (std::size_t i = 0; i + length <= disk.size(); ++i)
            if (disk[i] != '\0' && set.contains(std::string_view{disk}.substr(i, length))) ++found;
    CHECK(found == 0);
}

TEST_CASE("an old backup of the database and the master key open nothing without the key store")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger->invoices.make(november, invoice_day);
    const auto backup = ledger.state.path() / "stolen.db";
    ledger->database.back_up(backup);
    ledger->retention.run(policy, over);
    ledger.close();

    SECTION("the attacker makes a key store of its own")
    {
        const test::StateDirectory elsewhere;
        std::filesystem::copy(backup, elsewhere.path() / "ledger.db");
        LedgerOperations attack{elsewhere.path(), ledger.master};
        CHECK(attack.invoices.again(november, 1).calls.empty());
        CHECK(attack.retention.plan(policy, over).orphans == 1);
    }
    SECTION("the operator restores the backup: what was over does not come back")
    {
        std::filesystem::copy(backup, ledger.state.path() / "ledger.db",
                              std::filesystem::copy_options::overwrite_existing);
        std::filesystem::remove(ledger.state.path() / "ledger.db-wal");
        std::filesystem::remove(ledger.state.path() / "ledger.db-shm");
        ledger.open();
        CHECK(ledger.rows() == 1);
        CHECK(calls_of(ledger, november, 1).empty());
        CHECK(ledger->retention.run(policy, over).orphans == 1);
        CHECK(ledger.rows() == 0);
    }
}

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
        steps = 0;
        bool cut = false;
        try {
            ledger->retention.run(policy, over, [&](std::string_view) {
                if (steps++ == cut_at) throw Cut{};
            });
        } catch (const Cut&) {
            cut = true;
        }
        ledger.open();
        ledger->retention.run(policy, over);
        INFO("cut after step " << cut_at);
        const auto plan = ledger->retention.plan(policy, over);
        REQUIRE(plan.orphans == 0);
        REQUIRE(plan.rows.size() == 2); // the held one, and December's
        for (const auto& row : plan.rows) CHECK(row.account == AccountId{78});
        CHECK(calls_of(ledger, november, 1).size() == 1);
        CHECK_FALSE(ledger->retention.run(policy, over).anything());
        if (!cut) break;
    }
    CHECK(steps >= 5);
}

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
        CHECK(ledger->retention.run(policy, over).calls == 2);
    }
    SECTION("two do")
    {
        REQUIRE(ledger->holds.consent(id, "bert", over - 1s).has_value());
        CHECK(ledger->holds.consent(id, "carl", over - 1s).error() == HoldFailure::consented);
        const auto before = ledger->vault.keys().periods();
        const auto report = ledger->retention.run(policy, over);
        CHECK(report.held == 1);
        CHECK(report.calls == 1);
        for (const auto& period : before) CHECK(ledger->vault.keys().period(period.id) == nullptr);
        ledger.open();
        const auto kept = calls_of(ledger, november, 1);
        REQUIRE(kept.size() == 1);
        CHECK(kept.front().account == AccountId{77});
        CHECK_FALSE(ledger->retention.run(policy, expires - 1s).anything());
        const auto last = ledger->retention.run(policy, expires); // it ends by itself
        CHECK(last.holds == 1);
        CHECK(last.calls == 1);
        CHECK(ledger->holds.list().empty());
        CHECK(ledger.rows() == 0);
    }
    SECTION("and a release ends it early")
    {
        REQUIRE(ledger->holds.consent(id, "bert", over - 1s).has_value());
        ledger->retention.run(policy, over);
        REQUIRE(ledger->holds.release(id).has_value());
        CHECK(ledger->holds.release(id).error() == HoldFailure::no_such_hold);
        CHECK(ledger->retention.run(policy, over).calls == 1);
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
}

TEST_CASE("a person is shown all that is held of it, with the date of its end")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 61, "+4930111111");
    ledger.make_call(2, 78, at(2026y / 11 / 25), 62, "+4930222222");
    ledger.make_call(3, 77, at(2026y / 12 / 25), 63, "+4930333333");
    ledger->invoices.make(november, invoice_day);
    const auto held = ledger->subjects.held({77}, policy, at(2026y / 12 / 26));
    REQUIRE(held.periods.size() == 2);
    const auto& invoiced = held.periods[held.periods[0].invoiced ? 0 : 1];
    CHECK(invoiced.until == over);
    REQUIRE(invoiced.calls.size() == 1);
    CHECK(invoiced.calls.front().record.destination == "+4930111111");
}

TEST_CASE("an erased person keeps what an invoice needs, with its date, and nothing comes back")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger->invoices.make(november, invoice_day);
    const auto stays = ledger->subjects.erase({77}, policy, at(2026y / 12 / 26));
    REQUIRE(stays.periods.size() == 1);
    CHECK(stays.periods.front().until == over);
    CHECK(calls_of(ledger, november, 1).size() == 1);
    ledger->retention.run(policy, over);
    CHECK_FALSE(ledger->vault.keys().subject_key({77})); // the key went with the last call
    CHECK(ledger.bytes().find(raw(std::uint64_t{77})) == std::string::npos);
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

    const auto stays = ledger->subjects.erase({77}, policy, at(2026y / 12 / 2));
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
    std::filesystem::copy(backup, ledger.state.path() / "ledger.db", std::filesystem::copy_options::overwrite_existing);
    for (const auto* rest : {"ledger.db-wal", "ledger.db-shm"}) std::filesystem::remove(ledger.state.path() / rest);
    ledger.open();
    for (const auto& call : ledger->invoices.again(november, 1).calls) CHECK(call.account != AccountId{77});
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
    const auto held = ledger->subjects.held({77}, policy, at(2026y / 12 / 2));
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
    const auto stays = ledger->subjects.erase({77}, policy, now);
    CHECK(stays.periods.size() == 1);
}

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

TEST_CASE("a call that runs while its month is invoiced and destroyed is billed by the next run")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25), 60, "+4930111111", retention::Case::itemised_flat);
    auto running = test::call(2, 77);
    running.tariff.kind = retention::Case::itemised_flat;
    ledger->recorder.record({.answered = {running}}, at(2026y / 11 / 25));
    CHECK(ledger->invoices.make(november, Day{2026y / 11 / 25}).calls.size() == 1);
    SECTION("it leaves the closed period at once") { ledger->recorder.leave_closed(); }
    SECTION("or, after a crash in between, before the next retention run")
    {
        CHECK(ledger->retention.run(policy, at(2026y / 11 / 25, 1h)).calls == 0); // its key is still needed
        ledger->recorder.leave_closed();
    }
    CHECK(ledger->retention.run(policy, at(2026y / 11 / 25, 2h)).calls == 1); // the statement is made
    ledger->recorder.record({.ended = {{running.dialog, 7200}}}, at(2026y / 11 / 25, 3h));
    const auto next = ledger->invoices.make(november, Day{2026y / 12 / 1});
    REQUIRE(next.calls.size() == 1);
    CHECK(next.calls.front().record.seconds == 7200);
}

TEST_CASE("a run of invoices is read in pages, each call once")
{
    LedgerFiles ledger;
    constexpr std::uint64_t count = 2 * Invoices::page + 1;
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
    ledger->invoices.make(november, invoice_day);
    std::uint64_t answered = 10'000;
    std::size_t between = 0;
    const auto report = ledger->retention.run(policy, over, [&](std::string_view) {
        ++answered;
        const auto call = test::call(answered, answered % 40 + 1);
        ledger->recorder.record({.answered = {call}}, over);
        ledger->recorder.record({.ended = {{call.dialog, 1}}}, over);
        ++between;
    });
    CHECK(report.calls == 3'000);
    CHECK(between > 3'000 / 500); // a step takes at most some hundred rows
    CHECK(ledger->invoices.make(2027y / std::chrono::March, Day{2027y / 4 / 1}).calls.size() == between);
}

TEST_CASE("a person without a call is forgotten at once, key included")
{
    LedgerFiles ledger;
    ledger->vault.keys().make_subject_key({77});
    CHECK(ledger->subjects.erase({77}, policy, at(2026y / 12 / 26)).periods.empty());
    CHECK_FALSE(ledger->vault.keys().subject_key({77}));
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
    const test::StateDirectory state;
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
