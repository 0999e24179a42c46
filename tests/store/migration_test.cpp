#include "store/account_operations.hpp"
#include "store/database/database.hpp"
#include "store/database/embedded.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <sys/stat.h>

using namespace sotto::store;
using Catch::Matchers::Contains;
using sotto::test::StateDirectory;

namespace {

constexpr std::string_view first_version = R"(
databases: { accounts: { columns: { t.a: { holds: "a" } } } }
purposes:
  - { name: provision, basis: b, source: s, roles: [r], retention: t, accounts: { read: [t.a], write: [t.a] } }
  - { name: authenticate, basis: b, source: s, roles: [r], retention: t }
  - { name: audit, basis: b, source: s, roles: [r], retention: t }
)";
constexpr std::string_view one_table = R"(
databases: { accounts: { columns: { t.a: { holds: "a" }, t.b: { holds: "b" } } } }
purposes:
  - { name: provision, basis: b, source: s, roles: [r], retention: t, accounts: { read: [t.a, t.b], write: [t.a, t.b] } }
  - { name: authenticate, basis: b, source: s, roles: [r], retention: t }
  - { name: audit, basis: b, source: s, roles: [r], retention: t }
)";
constexpr std::string_view first = "CREATE TABLE t (a TEXT)";
constexpr std::string_view second = "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'new'";

StoreError::Kind kind_of(const std::filesystem::path& file, std::span<const std::string_view> migrations,
                         const Purposes& purposes, std::string& sentence)
{
    try {
        const Database database{file, Duty::accounts, migrations, purposes};
    } catch (const StoreError& error) {
        sentence = error.what();
        return error.kind();
    }
    FAIL("it was opened");
    return {};
}

std::string permissions_of(const std::filesystem::path& file)
{
    struct stat state {};
    REQUIRE(::stat(file.c_str(), &state) == 0);
    return std::to_string((state.st_mode >> 6U) & 7U) + std::to_string((state.st_mode >> 3U) & 7U) +
           std::to_string(state.st_mode & 7U);
}

} // namespace

TEST_CASE("a database is brought forward by itself, after a backup, and keeps its rows")
{
    const StateDirectory state;
    const auto file = state.path() / "accounts.db";
    const auto backup = state.path() / "accounts.db.before-migration";
    const Purposes purposes{one_table};
    {
        const Purposes then{first_version};
        const Database old{file, Duty::accounts, std::array{first}, then};
        old.open<Purpose::provision>().run("INSERT INTO t (a) VALUES ('kept')");
        CHECK_FALSE(std::filesystem::exists(backup)); // a new database has nothing to lose
    }
    const Database now{file, Duty::accounts, std::array{first, second}, purposes};
    CHECK(std::filesystem::exists(backup));
    CHECK(permissions_of(backup) == "600");
    auto connection = now.open<Purpose::provision>();
    auto rows = connection.prepare("SELECT a, b FROM t");
    REQUIRE(rows.step());
    CHECK(rows.text(0) == "kept");
    CHECK(rows.text(1) == "new");
    rows.reset();
    const Database again{file, Duty::accounts, std::array{first, second}, purposes};
}

TEST_CASE("the backup of a migration goes after seven days, and at once with an account that is removed")
{
    const StateDirectory state;
    const auto backup = state.path() / "accounts.db.before-migration";
    const auto make_backup = [&](std::chrono::hours age) {
        std::ofstream{backup} << "alice, as she was then";
        std::filesystem::last_write_time(backup, std::filesystem::file_time_type::clock::now() - age);
    };
    SqliteAccountStore accounts{state.path(), sotto::test::policy()};
    const auto add = [&](std::string address) {
        return wait_for<AccountRecord>([&](auto done) { accounts.add({std::move(address), "secret"}, done); });
    };
    make_backup(std::chrono::hours{6 * 24});
    REQUIRE(add("alice@example.org").has_value());
    CHECK(std::filesystem::exists(backup));
    make_backup(std::chrono::hours{8 * 24});
    REQUIRE(add("bob@example.org").has_value()); // while the daemon runs
    CHECK_FALSE(std::filesystem::exists(backup));
    make_backup(std::chrono::hours{1});
    REQUIRE(wait_for<AccountRecord>([&](auto done) { accounts.remove("alice@example.org", done); }).has_value());
    CHECK_FALSE(std::filesystem::exists(backup));
}

TEST_CASE("a migration that fails leaves the database as it was")
{
    const StateDirectory state;
    const auto file = state.path() / "accounts.db";
    const Purposes purposes{one_table};
    {
        const Database old{file, Duty::accounts, std::array{first}, purposes};
    }
    const std::array wrong{first, second, std::string_view{"CREATE TABLE t (twice TEXT)"}};
    std::string sentence;
    CHECK(kind_of(file, wrong, purposes, sentence) == StoreError::Kind::unavailable);
    CHECK_NOTHROW(Database{file, Duty::accounts, std::array{first},
                           purposes}); // still of the first version: the second was rolled back
}

TEST_CASE("a schema of a later version is refused")
{
    const StateDirectory state;
    const auto file = state.path() / "accounts.db";
    const Purposes purposes{one_table};
    {
        const Database later{file, Duty::accounts, std::array{first, second}, purposes};
    }
    std::string sentence;
    CHECK(kind_of(file, std::array{first}, purposes, sentence) == StoreError::Kind::newer_schema);
    CHECK_THAT(sentence, Contains("accounts.db has schema 2, this version knows 1"));
}

TEST_CASE("a column without a declared purpose stops the start, by its name")
{
    const StateDirectory state;
    const auto file = state.path() / "accounts.db";
    const Purposes purposes{one_table};
    std::string sentence;
    SECTION("in a table")
    {
        const std::array extra{first, second, std::string_view{"ALTER TABLE t ADD COLUMN nickname TEXT"}};
        CHECK(kind_of(file, extra, purposes, sentence) == StoreError::Kind::undeclared);
        CHECK_THAT(sentence, Contains("t.nickname"));
    }
    SECTION("generated, and hidden from *")
    {
        const std::array extra{std::string_view{"CREATE TABLE t (a TEXT, b TEXT, copy TEXT AS (a) VIRTUAL)"}};
        CHECK(kind_of(file, extra, purposes, sentence) == StoreError::Kind::undeclared);
        CHECK_THAT(sentence, Contains("t.copy"));
    }
    SECTION("in a view")
    {
        const std::array extra{first, second, std::string_view{"CREATE VIEW v AS SELECT a AS other FROM t"}};
        CHECK(kind_of(file, extra, purposes, sentence) == StoreError::Kind::undeclared);
        CHECK_THAT(sentence, Contains("v.other"));
    }
}

TEST_CASE("a declaration that contradicts itself is refused")
{
    const auto yaml = GENERATE(
        as<std::string>{}, "purposes: []",
        "databases: { accounts: { columns: { t.a: { holds: x } } } }\n"
        "purposes: [{ name: provision, basis: b, source: s, roles: [r], retention: t, accounts: { read: [t.zzz] } }]",
        "purposes: [{ name: provision, basis: b, source: s, roles: [], retention: t }]",
        "purposes: [{ name: provision, source: s, roles: [r], retention: t }]", "purposes: [");
    INFO(yaml);
    CHECK_THROWS_AS(Purposes{yaml}, StoreError);
}

TEST_CASE("every file of the store is for the service's user alone")
{
    const StateDirectory state;
    AccountOperations operations{state.path() / "accounts.db", sotto::test::policy()};
    REQUIRE(operations.add({"alice@example.org", "secret"}).has_value());
    for (const auto& file : std::filesystem::directory_iterator{state.path()}) {
        INFO(file.path().filename());
        CHECK(permissions_of(file.path()) == "600");
    }
}
