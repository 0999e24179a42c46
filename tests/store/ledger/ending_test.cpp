#include "core/types/cryptography.hpp"
#include "store/ledger/cases.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;
using test::at;
using test::calls_of;
using test::dispute;
using test::invoice_day;
using test::LedgerFiles;
using test::november;
using test::over;
using test::raw;
using test::rules;

namespace {

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

} // namespace

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

    CHECK(ledger->retention.run(rules, over - 1s).calls == 0); // nothing early
    const auto report = ledger->retention.run(rules, over);    // nothing late
    CHECK(report.calls == 10'000);
    CHECK(report.periods == 1);
    CHECK(report.subjects == 1'000);
    CHECK_FALSE(ledger->retention.run(rules, over).anything());
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
    ledger->retention.run(rules, over);
    ledger.close();

    SECTION("the attacker makes a key store of its own")
    {
        const test::StateDirectory elsewhere;
        std::filesystem::copy(backup, elsewhere.path() / "ledger.db");
        LedgerOperations attack{elsewhere.path(), ledger.master};
        CHECK(attack.invoices.again(november, 1).calls.empty());
        CHECK(attack.retention.plan(rules, over).orphans == 1);
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
        CHECK(ledger->retention.run(rules, over).orphans == 1);
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
