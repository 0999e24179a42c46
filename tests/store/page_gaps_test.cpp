#include "store/database/page_gaps.hpp"

#include "store/database/sqlite.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/state_directory.hpp"
#include "store/wait_for.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace sotto;
using namespace sotto::store;

namespace {

std::string content(const std::filesystem::path& file)
{
    std::string bytes(std::filesystem::file_size(file), '\0');
    std::ifstream{file, std::ios::binary}.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

std::string answer(sqlite3* database, const std::string& sql)
{
    std::string out;
    const auto one = [](void* into, int, char** values, char**) {
        *static_cast<std::string*>(into) += values[0];
        return 0;
    };
    REQUIRE(sqlite3_exec(database, sql.c_str(), one, &out, nullptr) == SQLITE_OK);
    return out;
}

void into_the_file(sqlite3* database)
{
    REQUIRE(sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) == SQLITE_OK);
}

const std::string remains = "a-name-of-nobody-any-more";

/// Into the last page with rows, before its first one, as when SQLite has moved some away.
void leave_in_a_gap(const std::filesystem::path& file)
{
    const auto bytes = content(file);
    constexpr std::size_t page = 4096;
    std::size_t last = 0;
    for (std::size_t at = page; at < bytes.size(); at += page)
        if (bytes[at] == 13) last = at;
    REQUIRE(last != 0);
    const auto number = [&](std::size_t at) {
        return std::size_t{static_cast<unsigned char>(bytes[at])} << 8U | static_cast<unsigned char>(bytes[at + 1]);
    };
    const auto gap = last + 8 + 2 * number(last + 3);
    REQUIRE(last + number(last + 5) >= gap + remains.size());
    std::fstream raw{file, std::ios::in | std::ios::out | std::ios::binary};
    raw.seekp(static_cast<std::streamoff>(gap));
    raw << remains;
    raw.close();
    REQUIRE(content(file).find(remains) != std::string::npos);
}

} // namespace

TEST_CASE("what a moved row has left behind is overwritten, and comes back with no later change")
{
    const test::StateDirectory state;
    const auto file = state.path() / "some.db";
    std::ofstream{file};
    const auto rows = [&] {
        auto database = sqlite::open(file);
        sqlite::execute(database.get(), "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;"
                                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
                                        "INSERT INTO person SELECT i, 'somebody-' || i FROM n");
        into_the_file(database.get());
        return answer(database.get(), "SELECT group_concat(id || name) FROM person");
    }();

    leave_in_a_gap(file);

    auto database = sqlite::open(file);
    REQUIRE(answer(database.get(), "SELECT group_concat(id || name) FROM person NOT INDEXED") ==
            rows); // each page is cached now
    CHECK(sqlite::overwrite_page_gaps(database.get()));
    CHECK(content(file).find(remains) == std::string::npos);
    sqlite::execute(database.get(), "UPDATE person SET name = upper(name) WHERE id % 7 = 0");
    into_the_file(database.get());
    CHECK(content(file).find(remains) == std::string::npos);
    CHECK(answer(database.get(), "PRAGMA integrity_check") == "ok");
    CHECK(answer(database.get(), "SELECT count(*) FROM person WHERE name = 'SOMEBODY-' || id") == "42");
    CHECK(answer(database.get(), "SELECT group_concat(id || lower(name)) FROM person NOT INDEXED") == rows);
}

TEST_CASE("while somebody reads what the log holds nothing is overwritten, and it is said")
{
    const test::StateDirectory state;
    const auto file = state.path() / "some.db";
    std::ofstream{file};
    auto database = sqlite::open(file);
    sqlite::execute(database.get(), "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT) STRICT;"
                                    "INSERT INTO person VALUES (1, 'somebody')");
    auto reader = sqlite::open(file);
    sqlite::execute(reader.get(), "BEGIN");
    REQUIRE(answer(reader.get(), "SELECT name FROM person") == "somebody");
    sqlite::execute(database.get(), "DELETE FROM person");
    CHECK_FALSE(sqlite::overwrite_page_gaps(database.get()));
    CHECK(answer(reader.get(), "SELECT name FROM person") == "somebody");
    sqlite::execute(reader.get(), "COMMIT");
    into_the_file(database.get());
    CHECK(sqlite::overwrite_page_gaps(database.get()));
    CHECK(content(file).find("somebody") == std::string::npos);
}

TEST_CASE("what a process before could not overwrite any more, the next one does")
{
    const test::StateDirectory state;
    const auto open = [&] { return std::make_unique<SqliteAccountStore>(state.path(), test::policy()); };
    const auto shown = [](SqliteAccountStore& accounts) {
        return wait_for<AccountPage>([&](auto done) { accounts.list({}, 10, done); });
    };
    open().reset();
    leave_in_a_gap(state.path() / "accounts.db");
    const auto accounts = open();
    REQUIRE(shown(*accounts).has_value());
    CHECK(state.bytes().find(remains) == std::string::npos);
}
