// What recording a call costs: sealed rows in the ledger beside plain SQLite inserts of the same row (the same fields
// under the same key, in the clear), with the same commits. With "check" it fails where calls that are committed by
// eight take more than 1.5 times the processor time, or the space. Both wait equally often for the disk, so that the
// time by the clock is nearer to that of a plain insert; but other work on the machine disturbs it.
#include "store/ledger/ledger_operations.hpp"
#include "store/sqlite_ledger.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <linux/magic.h>
#include <random>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace sotto;

namespace {

constexpr std::size_t accounts = 1'000;
constexpr int rounds = 9;
constexpr int rounds_where_slow = 3; ///< on a disk that others keep busy
constexpr std::chrono::seconds slow{20};
constexpr double most = 1.5;
constexpr int skipped = 77; ///< as the build knows it
const retention::Time when{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};

struct Folder {
    Folder()
    {
        std::string name = (std::filesystem::current_path() / "ledger-bench-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    /// So that what was prepared is not written together with what is measured.
    void settle() const
    {
        const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ::syncfs(folder);
        ::close(folder);
    }
    std::filesystem::path path;
};

struct Cost {
    double wall{1e9}, processor{1e9}; ///< microseconds for each call
    double bytes{0};

    void least(const Cost& other)
    {
        wall = std::min(wall, other.wall);
        processor = std::min(processor, other.processor);
        bytes = other.bytes;
    }
};

template <class Work> Cost measure(std::size_t calls, Work work)
{
    const auto begun = std::chrono::steady_clock::now();
    const auto processor = std::clock();
    work();
    const auto count = static_cast<double>(calls);
    Cost cost;
    cost.wall = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count() / count;
    cost.processor = static_cast<double>(std::clock() - processor) * 1e6 / CLOCKS_PER_SEC / count;
    return cost;
}

AccountId account_of(std::size_t index) { return {0x4000'0000'0000'0000 + index * 0x1234'5678'9ABC}; }

std::vector<billing::AnsweredCall> traffic(std::size_t calls)
{
    std::mt19937_64 random{1};
    std::vector<billing::AnsweredCall> all;
    for (std::size_t i = 0; i < calls; ++i) {
        const auto high = random();
        all.push_back({.dialog = {high, random()},
                       .account = account_of(random() % accounts),
                       .destination = "+4930" + std::to_string(1'000'000 + random() % 9'000'000),
                       .tariff = {.name = "national", .route = "carrier"},
                       .caller = {},
                       .callee = {}});
    }
    return all;
}

/// A file after everything is in it that its write-ahead log held.
double size_of(const std::filesystem::path& file, std::size_t calls)
{
    return static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(calls);
}

Cost sealed(const std::vector<billing::AnsweredCall>& all, std::size_t together)
{
    Folder folder;
    Cost cost;
    {
        store::LedgerOperations ledger{folder.path, crypto::Secret::random(32)};
        // Keys of accounts are made once in an account's life.
        std::vector<AccountId> all_accounts;
        for (std::size_t i = 0; i < accounts; ++i) all_accounts.push_back(account_of(i));
        ledger.vault.make_keys(all_accounts);
        folder.settle();
        cost = measure(all.size(), [&] {
            for (std::size_t from = 0; from < all.size(); from += together) {
                store::RecordBatch begins;
                store::RecordBatch ends;
                for (std::size_t i = from; i < std::min(all.size(), from + together); ++i) {
                    begins.answered.push_back(all[i]);
                    ends.ended.push_back({all[i].dialog, 60});
                }
                ledger.recorder.record(begins, when);
                ledger.recorder.record(ends, when);
            }
        });
    }
    cost.bytes = size_of(folder.path / "ledger.db", all.size());
    return cost;
}

Cost plain(const std::vector<billing::AnsweredCall>& all, std::size_t together)
{
    Folder folder;
    sqlite3* database = nullptr;
    sqlite3_open((folder.path / "plain.db").c_str(), &database);
    const auto run = [&](const char* sql) { sqlite3_exec(database, sql, nullptr, nullptr, nullptr); };
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-32768;"
        "CREATE TABLE open_call (dialog BLOB PRIMARY KEY, period INTEGER, account INTEGER, destination TEXT,"
        " start INTEGER, tariff TEXT, route TEXT, alive INTEGER) WITHOUT ROWID;"
        "CREATE TABLE call (period INTEGER, account INTEGER, id BLOB, destination TEXT, start INTEGER,"
        " seconds INTEGER, tariff TEXT, route TEXT, PRIMARY KEY (period, account, id)) WITHOUT ROWID;");
    const auto prepare = [&](const char* sql) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
        return statement;
    };
    auto* open = prepare("INSERT INTO open_call VALUES (?1, 202611, ?2, ?3, ?4, ?5, ?6, 0)");
    auto* end = prepare("INSERT INTO call SELECT period, account, randomblob(8), destination, start, ?2, tariff, route"
                        " FROM open_call WHERE dialog = ?1");
    auto* remove = prepare("DELETE FROM open_call WHERE dialog = ?1");
    const auto step = [](sqlite3_stmt* statement) {
        sqlite3_step(statement);
        sqlite3_reset(statement);
    };
    folder.settle();
    auto cost = measure(all.size(), [&] {
        for (std::size_t from = 0; from < all.size(); from += together) {
            const auto to = std::min(all.size(), from + together);
            run("BEGIN IMMEDIATE");
            for (std::size_t i = from; i < to; ++i) {
                const auto& call = all[i];
                sqlite3_bind_blob(open, 1, &call.dialog, sizeof call.dialog, SQLITE_STATIC);
                sqlite3_bind_int64(open, 2, static_cast<sqlite3_int64>(call.account.value));
                sqlite3_bind_text(open, 3, call.destination.c_str(), -1, SQLITE_STATIC);
                sqlite3_bind_int64(open, 4, when.time_since_epoch().count());
                sqlite3_bind_text(open, 5, call.tariff.name.c_str(), -1, SQLITE_STATIC);
                sqlite3_bind_text(open, 6, call.tariff.route.c_str(), -1, SQLITE_STATIC);
                step(open);
            }
            run("COMMIT");
            run("BEGIN IMMEDIATE");
            for (std::size_t i = from; i < to; ++i) {
                for (auto* statement : {end, remove})
                    sqlite3_bind_blob(statement, 1, &all[i].dialog, sizeof all[i].dialog, SQLITE_STATIC);
                sqlite3_bind_int64(end, 2, 60);
                step(end);
                step(remove);
            }
            run("COMMIT");
        }
    });
    for (auto* statement : {open, end, remove}) sqlite3_finalize(statement);
    sqlite3_close(database);
    cost.bytes = size_of(folder.path / "plain.db", all.size());
    return cost;
}

bool in_memory(const std::filesystem::path& folder)
{
    struct statfs system {};
    return ::statfs(folder.c_str(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/// How long a caller's 200 waits for the disk, if no other call is answered at that time.
double median_wait()
{
    constexpr std::size_t calls = 100;
    constexpr std::chrono::milliseconds alone{25};
    Folder folder;
    store::SqliteLedger ledger{folder.path, crypto::Secret::random(32), {}};
    std::vector<double> waits;
    for (auto& call : traffic(calls)) {
        std::promise<bool> recorded;
        const auto dialog = call.dialog;
        const auto begun = std::chrono::steady_clock::now();
        ledger.answered(std::move(call), [&](bool durable) { recorded.set_value(durable); });
        if (!recorded.get_future().get()) return 0;
        waits.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
        ledger.ended(dialog);
        std::this_thread::sleep_for(alone);
    }
    std::ranges::nth_element(waits, waits.begin() + calls / 2);
    return waits[calls / 2];
}

} // namespace

int main(int count, char** arguments)
{
    const bool check = count == 2 && std::string_view{arguments[1]} == "check";
    struct Size {
        std::size_t together, calls;
    };
    std::vector<Size> sizes{{1, 500}, {8, 2'000}, {64, 10'000}, {256, 20'000}};
    if (check) sizes = {{8, 4'000}};
    std::printf("each call begun and ended; commits of n calls; least of %d rounds, or %d\n", rounds,
                rounds_where_slow);
    std::printf("%6s %30s %30s %8s %10s %14s\n", "n", "sealed: us, processor us", "plain: us, processor us", "wall",
                "processor", "bytes");
    if (check && in_memory(std::filesystem::current_path())) {
        std::puts("this folder lies in memory: there is no disk to write to");
        return skipped;
    }
    bool fits = true;
    for (const auto& size : sizes) {
        const auto all = traffic(size.calls);
        Cost ours;
        Cost theirs;
        const auto begun = std::chrono::steady_clock::now();
        const auto is_slow = [&] { return std::chrono::steady_clock::now() - begun > slow; };
        for (int round = 0; round < rounds && (round < rounds_where_slow || !is_slow()); ++round) {
            theirs.least(plain(all, size.together));
            ours.least(sealed(all, size.together));
        }
        std::printf("%6zu %16.1f (%11.1f) %16.1f (%11.1f) %8.2f %10.2f %6.0f/%.0f\n", size.together, ours.wall,
                    ours.processor, theirs.wall, theirs.processor, ours.wall / theirs.wall,
                    ours.processor / theirs.processor, ours.bytes, theirs.bytes);
        fits = fits && ours.processor <= most * theirs.processor && ours.bytes <= most * theirs.bytes;
    }
    if (check) return fits ? 0 : 1;
    std::printf("median wait of an answer for the disk: %.0f us\n", median_wait());
    return 0;
}
