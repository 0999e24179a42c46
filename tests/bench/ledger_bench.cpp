// What recording a call costs: sealed rows in the ledger beside plain SQLite inserts of the same values, with the same
// commits.
#include "store/ledger/ledger_operations.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <sqlite3.h>
#include <string>
#include <vector>

using namespace sotto;

namespace {

constexpr std::size_t calls = 5'000;
constexpr std::size_t accounts = 1'000;
const retention::Time when{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};

struct Folder {
    Folder()
    {
        std::string name = (std::filesystem::current_path() / "ledger-bench-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

struct Cost {
    double wall{0}, processor{0}; ///< microseconds for each call
    std::uintmax_t bytes{0};
};

template <class Work> Cost measure(Work work)
{
    const auto begun = std::chrono::steady_clock::now();
    const auto processor = std::clock();
    work();
    return {.wall = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count() / calls,
            .processor = static_cast<double>(std::clock() - processor) * 1e6 / CLOCKS_PER_SEC / calls};
}

std::vector<billing::AnsweredCall> traffic()
{
    std::mt19937_64 random{1};
    std::vector<billing::AnsweredCall> all;
    for (std::size_t i = 0; i < calls; ++i) {
        const auto high = random();
        all.push_back({.dialog = {high, random()},
                       .account = {1 + random() % accounts * 7919},
                       .destination = "+4930" + std::to_string(1'000'000 + random() % 9'000'000),
                       .tariff = {.name = "national", .route = "carrier"},
                       .caller = {},
                       .callee = {}});
    }
    return all;
}

Cost sealed(const std::vector<billing::AnsweredCall>& all, std::size_t together)
{
    Folder folder;
    store::LedgerOperations ledger{folder.path, crypto::Secret::random(32)};
    // Keys of accounts are made once in an account's life.
    for (std::size_t i = 0; i < accounts; ++i) ledger.vault.keys().make_subject_key({1 + i * 7919});
    auto cost = measure([&] {
        for (std::size_t from = 0; from < calls; from += together) {
            store::RecordBatch begins;
            store::RecordBatch ends;
            for (std::size_t i = from; i < std::min(calls, from + together); ++i) {
                begins.answered.push_back(all[i]);
                ends.ended.push_back({all[i].dialog, 60});
            }
            ledger.recorder.record(begins, when);
            ledger.recorder.record(ends, when);
        }
    });
    cost.bytes = std::filesystem::file_size(folder.path / "ledger.db");
    return cost;
}

Cost plain(const std::vector<billing::AnsweredCall>& all, std::size_t together)
{
    Folder folder;
    sqlite3* database = nullptr;
    sqlite3_open((folder.path / "plain.db").c_str(), &database);
    const auto run = [&](const char* sql) { sqlite3_exec(database, sql, nullptr, nullptr, nullptr); };
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        "CREATE TABLE open_call (dialog BLOB PRIMARY KEY, account INTEGER, destination TEXT, start INTEGER, tariff "
        "TEXT,"
        " route TEXT, alive INTEGER) WITHOUT ROWID;"
        "CREATE TABLE call (account INTEGER, id BLOB, destination TEXT, start INTEGER, seconds INTEGER, tariff TEXT,"
        " route TEXT, PRIMARY KEY (account, id)) WITHOUT ROWID;");
    const auto prepare = [&](const char* sql) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
        return statement;
    };
    auto* open = prepare("INSERT INTO open_call VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)");
    auto* end = prepare("INSERT INTO call SELECT account, randomblob(8), destination, start, ?2, tariff, route FROM "
                        "open_call WHERE dialog = ?1");
    auto* remove = prepare("DELETE FROM open_call WHERE dialog = ?1");
    const auto step = [](sqlite3_stmt* statement) {
        sqlite3_step(statement);
        sqlite3_reset(statement);
    };
    auto cost = measure([&] {
        for (std::size_t from = 0; from < calls; from += together) {
            const auto to = std::min(calls, from + together);
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
    cost.bytes = std::filesystem::file_size(folder.path / "plain.db");
    return cost;
}

} // namespace

int main()
{
    const auto all = traffic();
    std::printf("%zu calls, each begun and ended; commits of n calls\n", calls);
    std::printf("%6s %24s %24s %8s %8s\n", "n", "sealed: us (processor)", "plain: us (processor)", "ratio", "bytes");
    for (const std::size_t together : {1U, 8U, 64U, 256U}) {
        const auto ours = sealed(all, together);
        const auto theirs = plain(all, together);
        std::printf("%6zu %14.1f (%7.1f) %14.1f (%7.1f) %8.2f %4ju/%ju\n", together, ours.wall, ours.processor,
                    theirs.wall, theirs.processor, ours.wall / theirs.wall, ours.bytes / calls, theirs.bytes / calls);
    }
    return 0;
}
