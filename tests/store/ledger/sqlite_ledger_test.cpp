#include "store/sqlite_ledger.hpp"

#include "store/database/embedded.hpp"
#include "store/database/sqlite.hpp"
#include "store/ledger/cases.hpp"
#include "store/ledger/contract.hpp"
#include "store/ledger/faulty_disk.hpp"
#include "store/ledger/master_key.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;

namespace {

class InSqlite final : public test::LedgerKind {
public:
    std::unique_ptr<Ledger> open(const std::filesystem::path& master) override
    {
        return std::make_unique<SqliteLedger>(
            state_.path(), read_master_key(master),
            SqliteLedger::Times{.clock = [&] { return clock.now(); }, .calendar = [&] { return clock.calendar(); }});
    }
    void restore(const std::filesystem::path& copy) override { test::put_back(state_.path() / "ledger.db", copy); }

private:
    test::StateDirectory state_;
};

} // namespace

TEST_CASE("the ledger in SQLite conforms")
{
    InSqlite sqlite;
    test::ledger_conforms(sqlite);
}

namespace {

/// A ledger that one process after the other opens, as the dialogs of each go on in the next.
struct Succession {
    test::StateDirectory state;
    crypto::Secret master{crypto::Secret::random(32)};
    test::LedgerClock clock;
    std::function<billing::Parties(KeyedHash)> parties; ///< what is handed on
    std::atomic<int> alarms{0};
    std::unique_ptr<SqliteLedger> ledger{next(false)};

    std::unique_ptr<SqliteLedger> next(bool resumes)
    {
        return std::make_unique<SqliteLedger>(state.path(), master,
                                              SqliteLedger::Times{.resumes = resumes,
                                                                  .parties = parties,
                                                                  .clock = [&] { return clock.now(); },
                                                                  .calendar = [&] { return clock.calendar(); }},
                                              [&](const std::string&) { ++alarms; });
    }
    void restart(std::chrono::seconds away)
    {
        ledger.reset();
        clock.pass(away);
        ledger = next(true);
    }
    void answer(const billing::AnsweredCall& call) { REQUIRE(test::answered(*ledger, call)); }
    /// Whether the call is on the disk, once that is known.
    std::future<bool> waits_for(std::uint64_t dialog)
    {
        const auto recorded = std::make_shared<std::promise<bool>>();
        ledger->answered(test::call(dialog, 77), [recorded](bool durable) { recorded->set_value(durable); });
        return recorded->get_future();
    }
    /// Another call comes and goes: the ledger's thread looks at the clock, and what has ended reaches the disk.
    void turn(std::uint64_t dialog)
    {
        answer(test::call(dialog, 78));
        ledger->ended(test::call(dialog, 78).dialog);
        wait_for<std::vector<HoldCase>>([&](auto done) { ledger->list_holds(done); });
    }
    /// The seconds of the calls of account 77; nobody may open the ledger any more.
    std::vector<std::uint32_t> billed()
    {
        ledger.reset();
        LedgerOperations after{state.path(), master};
        std::vector<std::uint32_t> seconds;
        for (const auto& call : after.invoices.make(test::november, test::invoice_day).calls)
            if (call.account == AccountId{77}) seconds.push_back(call.record.seconds);
        return seconds;
    }
};

} // namespace

TEST_CASE("where the dialogs go on in the next process, their records do, without the time between")
{
    Succession calls;
    const auto call = test::call(1, 77);
    calls.answer(call);
    calls.clock.pass(40s);
    calls.ledger->alive(call.dialog);
    calls.restart(20s); // nobody is there
    CHECK(calls.ledger->running().size() == 1);
    calls.clock.pass(10s);
    calls.ledger->ended(call.dialog);
    CHECK(calls.billed() == std::vector<std::uint32_t>{50});
}

TEST_CASE("the next process looks for the devices of a call that it takes up")
{
    Succession calls;
    const auto call = test::call(1, 77);
    calls.answer(call);
    calls.parties = [&](KeyedHash dialog) {
        CHECK(dialog == call.dialog);
        return billing::Parties{.caller = {.flow = {}, .binding = {70}}, .callee = {.flow = {}, .binding = {80}}};
    };
    calls.restart(5s);
    const auto running = calls.ledger->running();
    REQUIRE(running.size() == 1);
    CHECK(running.front().caller.binding == BindingId{70});
    CHECK(running.front().callee.binding == BindingId{80});
}

TEST_CASE("a call whose parties do not come back after a restart ends once, at its last sign of life before it")
{
    Succession calls;
    const auto call = test::call(1, 77);
    calls.answer(call);
    calls.clock.pass(40s);
    calls.ledger->alive(call.dialog);
    calls.restart(20s);
    calls.clock.pass(599s);
    calls.turn(2);
    CHECK(calls.ledger->running().size() == 1); // for one binding's lifetime they may
    calls.clock.pass(31s);
    calls.turn(3);
    calls.turn(4);
    CHECK(calls.ledger->running().empty());
    calls.ledger->alive(call.dialog);
    calls.ledger->ended(call.dialog); // a BYE that comes later changes nothing
    CHECK(calls.billed() == std::vector<std::uint32_t>{40});
}

namespace {

/// Of a table in a copy of the ledger.
std::size_t rows_in(const std::filesystem::path& copy, std::string_view table)
{
    const Database copied{copy, Duty::ledger, ledger_migrations(), Purposes::declared()};
    auto connection = copied.open<Purpose::retention>();
    auto rows = connection.prepare("SELECT count(*) FROM " + std::string{table});
    REQUIRE(rows.step());
    return static_cast<std::size_t>(rows.number(0));
}

std::chrono::year_month_day today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }

} // namespace

TEST_CASE("each commit of calls is timed, that of an end too, and a backup is not")
{
    test::StateDirectory state;
    const auto master = crypto::Secret::random(32);
    SqliteLedger ledger{state.path(), master, {}};
    const auto timed = [&] {
        const auto times = ledger.commits();
        return std::accumulate(times.buckets.begin(), times.buckets.end(), std::uint64_t{0});
    };
    const auto call = test::call(1, 77);
    REQUIRE(test::answered(ledger, call));
    CHECK(timed() == 1);
    ledger.ended(call.dialog); // wakes nobody: it waits for the next turn
    const auto patience = std::chrono::steady_clock::now() + 20s;
    while (ledger.recording() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
    CHECK(timed() == 2);
    REQUIRE(wait_for<Ledger::Nothing>([&](auto done) { ledger.back_up(state.path() / "copy.db", done); }).has_value());
    CHECK(timed() == 2);
}

TEST_CASE("a backup that cannot be written is refused, leaves the one before, and is no alarm; no call goes with it")
{
    test::FaultyDisk disk;
    test::StateDirectory state;
    const auto master = crypto::Secret::random(32);
    std::atomic<int> alarms{0};
    SqliteLedger ledger{state.path(), master, {}, [&](const std::string&) { ++alarms; }};
    const auto answered = [&](std::uint64_t dialog) { return test::answered(ledger, test::call(dialog, 77)); };
    const auto backed_up = [&](const std::filesystem::path& to) {
        return wait_for<Ledger::Nothing>([&](auto done) { ledger.back_up(to, done); }).has_value();
    };
    const auto content = [](const std::filesystem::path& file) {
        std::ifstream stream{file, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{stream}, {}};
    };
    REQUIRE(answered(1));
    const auto copy = state.path() / "copy.db";
    REQUIRE(backed_up(copy));
    const auto before = content(copy);
    SECTION("the disk is full")
    {
        disk.set(test::FaultyDisk::Fault::full);
        CHECK_FALSE(backed_up(copy));
        disk.set(test::FaultyDisk::Fault::none);
        CHECK(content(copy) == before);
        CHECK(alarms == 0);
    }
    SECTION("something is in the way")
    {
        std::filesystem::create_directories(state.path() / "full.db" / "x");
        std::filesystem::create_directories(state.path() / "other.db.next" / "x");
        CHECK_FALSE(backed_up(state.path() / "full.db"));
        CHECK_FALSE(backed_up(state.path() / "other.db"));
        CHECK(alarms == 0);
        std::filesystem::create_directories(state.path() / "keys" / "next" / "x");
        std::ofstream{state.path() / "next.key"} << std::string(64, '7');
        const auto changed =
            wait_for<Ledger::Nothing>([&](auto done) { ledger.change_master_key(state.path() / "next.key", done); });
        CHECK_FALSE(changed.has_value());
        CHECK(alarms >= 1);
    }
    CHECK(answered(2));
    REQUIRE(backed_up(copy));
    CHECK_FALSE(std::filesystem::exists(state.path() / "copy.db.next"));
    CHECK(rows_in(copy, "open_call") == 2);
}

TEST_CASE("a run of invoices for which the disk has room is given, though a call that runs cannot leave its period")
{
    test::FaultyDisk disk;
    Succession calls;
    const auto invoice = [&] {
        return wait_for<InvoiceRun>(
            [&](auto done) { calls.ledger->invoice(test::november, test::invoice_day, std::move(done)); });
    };
    calls.turn(1); // one that has ended
    calls.answer(test::call(2, 77));
    disk.set(test::FaultyDisk::Fault::full);
    const auto first = invoice();
    REQUIRE(first.has_value());
    CHECK((*first).calls.size() == 1);
    disk.set(test::FaultyDisk::Fault::none);
    calls.clock.pass(5s);
    calls.ledger->ended(test::call(2, 77).dialog);
    CHECK(calls.billed() == std::vector<std::uint32_t>{5});
}

TEST_CASE("a disk that hangs keeps no answered call waiting, and none begins until it goes on")
{
    test::FaultyDisk disk;
    Succession calls;
    const auto is_told = [](std::future<bool>& answer) { return answer.wait_for(0s) == std::future_status::ready; };
    disk.set(test::FaultyDisk::Fault::hangs);
    auto first = calls.waits_for(1);
    while (disk.refused() == 0) std::this_thread::yield();
    auto second = calls.waits_for(2); // waits behind it
    calls.clock.pass(4s);
    calls.ledger->give_up_what_hangs();
    CHECK_FALSE(is_told(first));
    CHECK(calls.ledger->writable());
    CHECK(calls.ledger->waiting() == 2);
    calls.clock.pass(1s);
    calls.ledger->give_up_what_hangs();
    REQUIRE(is_told(first));
    REQUIRE(is_told(second));
    CHECK_FALSE(first.get());
    CHECK_FALSE(second.get());
    CHECK_FALSE(calls.ledger->writable());
    CHECK_FALSE(test::answered(*calls.ledger, test::call(3, 77)));
    CHECK(calls.alarms == 1);
    calls.ledger->give_up_what_hangs();
    disk.set(test::FaultyDisk::Fault::none);
    while (!calls.ledger->writable()) std::this_thread::yield();
    CHECK(calls.alarms == 1);
    calls.answer(test::call(4, 77));
    calls.clock.pass(7s);
    calls.ledger->ended(test::call(4, 77).dialog);
    calls.turn(5);
    auto billed = calls.billed();
    std::ranges::sort(billed);
    CHECK(billed == std::vector<std::uint32_t>{0, 7}); // the disk had the first one: it lasted for no time
}

TEST_CASE("a call that still waits for the disk when the ledger stops is not recorded: nobody hears of its answer")
{
    test::FaultyDisk disk;
    Succession calls;
    disk.set(test::FaultyDisk::Fault::hangs);
    auto first = calls.waits_for(1);
    while (disk.refused() == 0) std::this_thread::yield();
    auto second = calls.waits_for(2); // waits behind it
    auto stopped = std::async(std::launch::async, [&] { calls.ledger->stop(); });
    for (std::uint64_t dialog = 3; calls.waits_for(dialog).wait_for(1ms) != std::future_status::ready;) ++dialog;
    disk.set(test::FaultyDisk::Fault::none);
    stopped.get();
    CHECK(first.get());
    CHECK_FALSE(second.get());
    calls.restart(0s);
    CHECK(calls.ledger->running().size() == 1);
}

TEST_CASE("a state folder that is gone is not taken for a full one")
{
    test::StateDirectory state;
    std::string said;
    SqliteLedger ledger{
        state.path(), crypto::Secret::random(32), {}, [&](const std::string& sentence) { said = sentence; }};
    const auto elsewhere = state.path().string() + ".gone";
    std::filesystem::rename(state.path(), elsewhere);
    CHECK_FALSE(ledger.writable());
    CHECK(said.find("cannot be looked at: No such file or directory") != std::string::npos);
    std::filesystem::rename(elsewhere, state.path());
}

TEST_CASE("while a large ledger is copied, calls that are answered reach the disk, and are not in the copy")
{
    test::LedgerFiles files;
    RecordBatch begins;
    RecordBatch ends;
    constexpr std::uint64_t count = 8'000;
    for (std::uint64_t i = 1; i <= count; ++i) {
        begins.answered.push_back(test::call(i, i % 40 + 1));
        ends.ended.push_back({begins.answered.back().dialog, 1});
    }
    files->recorder.record(begins, test::at(2026y / 11 / 25));
    files->recorder.record(ends, test::at(2026y / 11 / 25));
    std::size_t between = 0;
    const auto copy = files.state.path() / "copy.db";
    files->database.back_up(copy, [&] {
        const auto call = test::call(count + ++between, 77);
        files->recorder.record({.answered = {call}, .ended = {{call.dialog, 1}}}, test::at(2026y / 11 / 25));
    });
    CHECK(between > 0);
    CHECK(files.rows() == count + between);
    CHECK(rows_in(copy, "call") == count);
}

TEST_CASE("while another process has the file locked, calls are refused and nothing is lost")
{
    test::StateDirectory state;
    const auto master = crypto::Secret::random(32);
    std::promise<std::string> alarm;
    std::once_flag once;
    SqliteLedger ledger{state.path(), master, {}, [&](const std::string& sentence) {
                            std::call_once(once, [&] { alarm.set_value(sentence); });
                        }};
    const auto answered = [&](std::uint64_t dialog) { return test::answered(ledger, test::call(dialog, 77)); };
    REQUIRE(answered(1));
    {
        const Database other{state.path() / "ledger.db", Duty::ledger, ledger_migrations(), Purposes::declared()};
        auto connection = other.open<Purpose::record>();
        Transaction lock{connection};
        CHECK_FALSE(answered(2));
        CHECK_FALSE(ledger.writable());
        CHECK(alarm.get_future().get().find("locked") != std::string::npos);
        ledger.ended(test::call(1, 77).dialog);
    }
    while (!ledger.writable()) std::this_thread::yield(); // it looks again by itself
    CHECK(answered(3));
    const auto settled = wait_for<std::vector<HoldCase>>([&](auto done) { ledger.list_holds(done); });
    REQUIRE(settled.has_value());
    CHECK(ledger.running().size() == 1);
}

TEST_CASE("a call waits once for the disk: the end of one is written with the answer of the next")
{
    constexpr std::uint64_t calls = 100;
    test::FaultyDisk disk;
    test::StateDirectory state;
    SqliteLedger ledger{state.path(), crypto::Secret::random(32), {}};
    const auto answer = [&](std::uint64_t dialog) { REQUIRE(test::answered(ledger, test::call(dialog, 77))); };
    answer(1);
    const auto before = disk.flushes();
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t dialog = 2; dialog <= calls; ++dialog) {
        ledger.ended(test::call(dialog - 1, 77).dialog);
        answer(dialog);
    }
    const auto took = std::chrono::ceil<seconds>(std::chrono::steady_clock::now() - begun);
    // An end waits for a second at most, so a machine that is slow may write some by themselves.
    CHECK(disk.flushes() - before < calls + static_cast<std::uint64_t>(took.count()));
    CHECK(ledger.running().size() == 1);
}

TEST_CASE("calls that are answered one soon after the other share a commit, and each is on the disk when it is told")
{
    std::atomic<std::uint64_t> recorded{0};
    test::StateDirectory state;
    SqliteLedger ledger{state.path(), crypto::Secret::random(32), {}};
    const auto commits = [&] {
        const auto times = ledger.commits();
        return std::accumulate(times.buckets.begin(), times.buckets.end(), std::uint64_t{0});
    };
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t calls = 0;
    for (; std::chrono::steady_clock::now() < begun + 300ms; ++calls) {
        ledger.answered(test::call(calls + 1, 77), [&](bool durable) { recorded += durable ? 1 : 0; });
        std::this_thread::sleep_for(1ms);
    }
    const auto told = wait_for<std::vector<HoldCase>>([&](auto done) { ledger.list_holds(done); });
    REQUIRE(told.has_value()); // and with that turn whatever still waited
    const auto took = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - begun);
    CHECK(recorded == calls);
    CHECK(ledger.running().size() == calls);
    CHECK(commits() <= static_cast<std::uint64_t>(took / 20ms) + 2); // the first at once, the last with the question
}

TEST_CASE("the end of the last call reaches the disk although no other call is answered")
{
    test::StateDirectory state;
    SqliteLedger ledger{state.path(), crypto::Secret::random(32), {}};
    REQUIRE(test::answered(ledger, test::call(1, 77)));
    ledger.ended(test::call(1, 77).dialog);
    const auto latest = std::chrono::steady_clock::now() + 60s;
    while (ledger.recording() && std::chrono::steady_clock::now() < latest) std::this_thread::yield();
    CHECK_FALSE(ledger.recording());
}

TEST_CASE("a full or broken disk refuses calls, says so, and corrupts nothing")
{
    const auto fault = GENERATE(test::FaultyDisk::Fault::full, test::FaultyDisk::Fault::broken);
    test::FaultyDisk disk;
    test::StateDirectory state;
    const auto master = crypto::Secret::random(32);
    std::atomic<int> alarms{0};
    {
        SqliteLedger ledger{state.path(), master, {}, [&](const std::string&) { ++alarms; }};
        const auto answered = [&](std::uint64_t dialog) { return test::answered(ledger, test::call(dialog, 77)); };
        REQUIRE(answered(1));
        REQUIRE(answered(2));
        disk.set(fault);
        CHECK_FALSE(answered(3));
        CHECK(disk.refused() > 0);
        CHECK_FALSE(ledger.writable()); // the next billed INVITE gets 503
        ledger.ended(test::call(1, 77).dialog);
        CHECK_FALSE(answered(4));
        CHECK(alarms == 1); // once, not for each call
        disk.set(test::FaultyDisk::Fault::none);
        while (!ledger.writable()) std::this_thread::yield(); // it looks again by itself
        CHECK(answered(5));
    }
    {
        const auto database = sqlite::open(state.path() / "ledger.db");
        Statement check{database.get(), "PRAGMA integrity_check"};
        REQUIRE(check.step());
        CHECK(check.text(0) == "ok");
    }
    LedgerOperations after{state.path(), master};
    CHECK(after.recorder.open_calls() == 2); // 2 and 5: what was acknowledged and has not ended
    after.recorder.end_all();
    const auto day = today();
    CHECK(after.invoices.make(day.year() / day.month(), retention::Day{day}).calls.size() == 3);
}
