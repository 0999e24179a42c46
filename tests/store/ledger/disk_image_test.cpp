// What is found on the disk of a service that bills: by whoever steals it, and by whoever looks after retention.
#include "audit/file_audit_log.hpp"
#include "core/types/cryptography.hpp"
#include "store/erasures.hpp"
#include "store/ledger/cases.hpp"
#include "store/ledger/needles.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {

/// As the ledger packs it before it is sealed.
std::string packed(std::string_view number)
{
    Packer packer;
    packer.dialled(number);
    const auto bytes = packer.filled(1);
    return {bytes.begin(), bytes.end()};
}

/// Everything that a service with subscribers and billed calls writes, in one state directory.
struct Service {
    static constexpr std::size_t subscribers = 1'000;
    static constexpr std::size_t calls = 10'000;

    LedgerFiles ledger;
    std::filesystem::path folder{ledger.state.path()};
    std::optional<SqliteAccountStore> accounts{std::in_place, folder, policy()};
    std::optional<audit::FileAuditLog> audit{std::in_place, audit::FileAuditLog::Options{.folder = folder / "audit"},
                                             crypto::Secret::random(32), std::vector<audit::Head>{}};
    Erasures erasures{folder, crypto::Secret::random(32)};
    std::vector<AccountRecord> people;
    std::vector<std::string> numbers;

    Service()
    {
        std::vector<NewAccount> all;
        for (std::size_t i = 0; i < subscribers; ++i)
            all.push_back({"subscriber-" + std::to_string(10'000 + i) + "@example.org", "correct-horse-7"});
        REQUIRE(wait_for<ImportReport>([&](auto done) { accounts->import(std::move(all), false, done); }).has_value());
        people = (*wait_for<AccountPage>([&](auto done) { accounts->list({}, subscribers, done); })).accounts;
        REQUIRE(people.size() == subscribers);
    }

    /// Each subscriber is looked up by an operator once, and makes ten calls.
    void make_calls(retention::Time when)
    {
        std::mt19937_64 random{1};
        RecordBatch begins;
        RecordBatch ends;
        for (std::size_t i = 0; i < calls; ++i) {
            numbers.push_back("+49" + std::to_string(3'000'000'000 + random() % 1'000'000'000));
            begins.answered.push_back(call(i + 1, people[i / 10].id.value, numbers.back()));
            ends.ended.push_back({begins.answered.back().dialog, 60});
        }
        ledger->recorder.record(begins, when);
        ledger->recorder.record(ends, when);
        for (const auto& person : people) {
            const auto entry = audit->begin({.who = {12'345, "ann"},
                                             .what = "account show",
                                             .purpose = "provision",
                                             .reason = "a letter of " + address_of(person),
                                             .subject = address_of(person),
                                             .scope = "address=" + address_of(person)});
            REQUIRE(entry.has_value());
            audit->end(*entry, "done");
        }
    }
    static std::string address_of(const AccountRecord& person) { return person.addresses.front().text(); }

    void back_up(const std::string& name)
    {
        std::filesystem::create_directories(folder / name);
        ledger->database.back_up(folder / name / "ledger.db");
        wait_for<AccountStore::Nothing>([&](auto done) { accounts->back_up(folder / name / "accounts.db", done); });
    }
    void erase(const AccountRecord& person)
    {
        erasures.add(person.id);
        ledger->subjects.erase(person.id, rules, over);
        REQUIRE(audit->forget(address_of(person)));
        REQUIRE(wait_for<AccountRecord>([&](auto done) { accounts->remove(address_of(person), done); }).has_value());
    }
    void close()
    {
        ledger.close();
        accounts.reset();
        audit.reset();
    }
    /// Every file whose path has none of these in it.
    [[nodiscard]] std::string disk(const std::vector<std::string_view>& without = {}) const
    {
        std::string all;
        for (const auto& file : std::filesystem::recursive_directory_iterator{folder}) {
            const auto is_in = [&, path = file.path().string()](auto name) { return path.find(name) != path.npos; };
            if (!file.is_regular_file() || std::ranges::any_of(without, is_in)) continue;
            const auto before = all.size();
            all.resize(before + file.file_size());
            std::ifstream{file.path(), std::ios::binary}.read(all.data() + before,
                                                              static_cast<std::streamsize>(file.file_size()));
        }
        return all;
    }
};

} // namespace

TEST_CASE("a needle is found in each spelling, wherever it stands")
{
    Needles needles;
    needles.add("493012345678");
    const auto encoded = [](const std::string& text) {
        return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    for (const std::string before : {"", "a", "bc", "def"})
        for (const std::string after : {"", "g", "hi"}) {
            const auto text = before + "493012345678" + after;
            INFO(text);
            CHECK_FALSE(needles.found_in(text).empty());
            CHECK_FALSE(needles.found_in("--" + hex(text)).empty());
            CHECK_FALSE(needles.found_in("\x01\x02" + encoded(text)).empty());
        }
    CHECK(needles.found_in("493012345679").empty());
    CHECK(needles.found_in(encoded("493012345679")).empty());
}

TEST_CASE("a stolen database shows no number, name, account or time, in no spelling")
{
    LedgerFiles ledger;
    const auto when = at(2026y / 11 / 25, 12h);
    const std::uint64_t account = 0x0123'4567'89AB'CDEF;
    ledger.make_call(1, account, when, 61, "+4930123456");
    auto open = call(2, account, "+4940987654");
    open.tariff = {.name = "premium-tariff", .route = "carrier-berlin"};
    ledger->recorder.record({.answered = {open}}, when);
    Needles secrets;
    for (const std::string& secret :
         {std::string{"4930123456"}, packed("+4930123456"), std::string{"4940987654"}, packed("+4940987654"),
          std::string{"premium-tariff"}, std::string{"carrier-berlin"}, raw(account), raw(__builtin_bswap64(account)),
          raw(when.time_since_epoch().count()), std::to_string(when.time_since_epoch().count()),
          std::string{"2026-11"}})
        secrets.add(secret);
    const auto while_open = ledger.bytes(); // with what stands in the write-ahead log
    ledger.close();
    for (const auto& disk : {while_open, ledger.bytes()}) {
        CHECK(disk.find("open_call") != std::string::npos); // the scan reads the databases
        CHECK(secrets.found_in(disk).empty());
        const auto begin = static_cast<std::uint32_t>(when.time_since_epoch().count()); // too short for a needle
        CHECK(disk.find(raw(begin)) == std::string::npos);
    }
}

TEST_CASE("10,000 billed calls: no file shows a number, before retention and after it; then nothing is left of them")
{
    Service service;
    service.make_calls(at(2026y / 11 / 25));
    auto& ledger = service.ledger;
    Needles numbers;
    Needles pseudonyms;
    Needles people; ///< by name and by the number of the account
    for (const auto& number : service.numbers) {
        numbers.add(number.substr(1));
        numbers.add(packed(number));
    }
    const auto period = ledger->vault.keys().collecting(november, retention::Case::chargeable);
    for (const auto& person : service.people) {
        const auto pseudonym = ledger->vault.pseudonym(period, person.id);
        pseudonyms.add({reinterpret_cast<const char*>(pseudonym.data()), pseudonym.size()});
        people.add(person.addresses.front().user);
        people.add(raw(person.id.value));
        people.add(raw(__builtin_bswap64(person.id.value)));
    }
    std::size_t invoiced = 0;
    for (auto run = ledger->invoices.make(november, invoice_day);;
         run = ledger->invoices.again(november, 1, run.next)) {
        invoiced += run.calls.size();
        if (run.next.empty()) break;
    }
    REQUIRE(invoiced == Service::calls);
    service.back_up("before-retention");
    CHECK(std::filesystem::file_size(service.folder / "ledger.db-wal") > 0);
    CHECK_FALSE(pseudonyms.found_in(service.disk()).empty()); // the scans find what is there
    CHECK_FALSE(people.found_in(service.disk()).empty());
    const auto nothing_shows = [&] {
        CHECK(numbers.found_in(service.disk()).empty());
        // Accounts are the only ones that are named, and their database is the only place.
        CHECK(people.found_in(service.disk({"accounts.db"})).empty());
    };
    nothing_shows();

    CHECK(ledger->retention.run(rules, over - 1s).calls == 0); // nothing early
    const auto report = ledger->retention.run(rules, over);    // nothing late
    CHECK(report.calls == Service::calls);
    CHECK(report.periods == 1);
    CHECK(report.subjects == Service::subscribers);
    CHECK_FALSE(ledger->retention.run(rules, over).anything());
    CHECK(std::filesystem::file_size(service.folder / "ledger.db-wal") == 0);
    nothing_shows();
    CHECK(pseudonyms.found_in(service.disk({"before-retention"})).empty());

    Needles gone;
    for (std::size_t i = 0; i < 100; ++i) {
        service.erase(service.people[i]);
        gone.add(service.people[i].addresses.front().user);
        gone.add(raw(service.people[i].id.value));
        gone.add(raw(__builtin_bswap64(service.people[i].id.value)));
    }
    service.back_up("after-erasure");
    for (const bool closed : {false, true}) {
        if (closed) service.close();
        nothing_shows();
        CHECK(pseudonyms.found_in(service.disk({"before-retention"})).empty());
        CHECK(gone.found_in(service.disk({"before-retention"})).empty());
    }
}

TEST_CASE("an attacker with the master key and every backup of the ledger, but not the key store, opens nothing")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    const auto running = call(2, 77, "+4930222222");
    ledger->recorder.record({.answered = {running}, .alive = {{running.dialog, 30}}}, at(2026y / 11 / 25));
    REQUIRE(ledger->holds.ask(dispute({77}, at(2027y / 1 / 1)), at(2026y / 11 / 26)).has_value());
    const auto collecting = ledger.state.path() / "collecting.db";
    ledger->database.back_up(collecting);
    ledger->invoices.make(november, invoice_day);
    const auto invoiced = ledger.state.path() / "invoiced.db";
    ledger->database.back_up(invoiced);
    for (const auto& stolen : {collecting, invoiced}) {
        INFO(stolen);
        const StateDirectory elsewhere;
        std::filesystem::copy(stolen, elsewhere.path() / "ledger.db");
        CHECK_THROWS_AS((LedgerOperations{elsewhere.path(), ledger.master}), StoreError);
        Vault{elsewhere.path() / "keys", ledger.master}.keys().collecting(november, retention::Case::chargeable);
        LedgerOperations attack{elsewhere.path(), ledger.master}; // with a key store of its own
        CHECK(attack.retention.plan(rules, over).orphans == 1);   // the row is there
        CHECK(attack.retention.plan(rules, over).rows.empty());
        CHECK(attack.invoices.make(november, invoice_day).calls.empty());
        CHECK(attack.invoices.again(november, 1).calls.empty());
        CHECK(attack.holds.list().empty());
        CHECK(attack.recorder.end_all() == 0);
        const auto held = attack.subjects.held({77}, rules, at(2026y / 12 / 2));
        CHECK(held.periods.empty());
        CHECK_FALSE(held.running);
    }
}

TEST_CASE("what was over does not come back with an old backup of the ledger")
{
    LedgerFiles ledger;
    ledger.make_call(1, 77, at(2026y / 11 / 25));
    ledger->invoices.make(november, invoice_day);
    const auto backup = ledger.state.path() / "old.db";
    ledger->database.back_up(backup);
    ledger->retention.run(rules, over);
    ledger.close();
    put_back(ledger.state.path() / "ledger.db", backup);
    ledger.open();
    CHECK(ledger.rows() == 1);
    CHECK(calls_of(ledger, november, 1).empty());
    CHECK(ledger->retention.run(rules, over).orphans == 1);
    CHECK(ledger.rows() == 0);
}
