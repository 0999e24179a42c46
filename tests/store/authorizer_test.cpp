#include "store/database/database.hpp"
#include "store/database/embedded.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace sotto::store;
using sotto::test::StateDirectory;

namespace {

/// Whether SQLite prepares the statement; any other failure than a prohibition fails the test.
bool admits(BoundConnection& connection, const std::string& sql)
{
    try {
        (void)connection.prepare(sql);
        return true;
    } catch (const StoreError& error) {
        INFO(sql << ": " << error.what());
        CHECK(error.kind() == StoreError::Kind::prohibited);
        return false;
    }
}

std::pair<std::string, std::string> split(const std::string& column)
{
    const auto dot = column.find('.');
    return {column.substr(0, dot), column.substr(dot + 1)};
}

template <Purpose purpose> void check_matrix(const Database& database)
{
    auto connection = database.open<purpose>();
    const auto& may = Purposes::declared().of(purpose).accounts;
    for (const auto& column : Purposes::declared().account_columns()) {
        const auto [table, name] = split(column.name);
        INFO(name_of(purpose) << " and " << column.name);
        const bool read = may.read.contains(column.name);
        CHECK(admits(connection, "SELECT " + name + " FROM " + table) == read);
        CHECK(admits(connection, "SELECT 1 FROM (SELECT max(" + name + ") AS x FROM " + table + ") WHERE x = 1") ==
              read);
        CHECK(admits(connection, "SELECT count(*) FROM account WHERE EXISTS (SELECT 1 FROM " + table +
                                     " AS t WHERE t." + name + " = 1)") == read);
        CHECK(admits(connection, "WITH t AS (SELECT " + name + " AS x FROM " + table + ") SELECT x FROM t") == read);
        CHECK(admits(connection, "UPDATE " + table + " SET " + name + " = ?1") == may.write.contains(column.name));
        CHECK(admits(connection, "DELETE FROM " + table) == may.remove.contains(table));
    }
}

/// The built-in purposes, with a view over the secrets added to the schema.
constexpr std::string_view with_view = R"(
databases:
  accounts:
    columns:
      account.id: { holds: "id" }
      account.secret: { holds: "secret" }
      leak.hidden: { holds: "the secret by another name" }
purposes:
  - { name: provision, basis: b, source: s, roles: [r], retention: t, accounts: { read: [account.id, leak.hidden] } }
  - { name: authenticate, basis: b, source: s, roles: [r], retention: t, accounts: { read: [account.id, account.secret] } }
)";

} // namespace

TEST_CASE("each purpose can do with each column what is declared, and nothing else")
{
    const StateDirectory state;
    const Database database{state.path() / "accounts.db", accounts_migrations(), Purposes::declared()};
    check_matrix<Purpose::provision>(database);
    check_matrix<Purpose::authenticate>(database);
}

TEST_CASE("an operator can set a secret, but never read it back")
{
    const StateDirectory state;
    const Database database{state.path() / "accounts.db", accounts_migrations(), Purposes::declared()};
    auto connection = database.open<Purpose::provision>();
    CHECK_FALSE(admits(connection, "SELECT secret FROM account"));
    CHECK_FALSE(admits(connection, "SELECT * FROM account"));
    CHECK_FALSE(admits(connection, "UPDATE account SET status = 0 WHERE secret = ?1"));
    CHECK_FALSE(admits(connection, "UPDATE account SET secret = ?1 WHERE id = 1 RETURNING secret"));
    CHECK(admits(connection, "UPDATE account SET secret = ?1 WHERE id = 1"));
}

TEST_CASE("what is not declared is denied: schema, other databases, pragmas, extensions, statistics")
{
    const StateDirectory state;
    const Database database{state.path() / "accounts.db", accounts_migrations(), Purposes::declared()};
    auto connection = database.open<Purpose::provision>();
    const auto sql = GENERATE(
        as<std::string>{}, "ATTACH 'other.db' AS other", "DETACH main", "PRAGMA secure_delete=OFF",
        "PRAGMA user_version", "PRAGMA writable_schema=ON", "CREATE TABLE t (x)", "CREATE TEMP TABLE t (x)",
        "CREATE VIEW v AS SELECT 1", "CREATE TEMP VIEW v AS SELECT 1", "CREATE INDEX i ON account (status)",
        "CREATE TRIGGER t AFTER INSERT ON account BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER t AFTER INSERT ON account BEGIN SELECT 1; END", "CREATE VIRTUAL TABLE t USING fts5(x)",
        "DROP TABLE account", "DROP INDEX address_of_account", "ALTER TABLE account ADD COLUMN x",
        "ALTER TABLE account RENAME TO accounts", "REINDEX address", "ANALYZE", "SELECT name FROM sqlite_schema",
        "SELECT * FROM pragma_table_info('account')", "SELECT load_extension('x')", "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')", "SELECT hex(id) FROM account",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n");
    INFO(sql);
    CHECK_THROWS_AS(connection.prepare(sql), StoreError);
}

TEST_CASE("pages cannot be read behind the tables' back, and a database is not copied elsewhere")
{
    const StateDirectory state;
    const Database database{state.path() / "accounts.db", accounts_migrations(), Purposes::declared()};
    auto connection = database.open<Purpose::authenticate>();
    CHECK_THROWS_AS(connection.run("SELECT * FROM dbstat"), StoreError);
    CHECK_THROWS_AS(connection.run("VACUUM INTO '" + (state.path() / "copy.db").string() + "'"), StoreError);
    CHECK_FALSE(std::filesystem::exists(state.path() / "copy.db"));
}

TEST_CASE("a view shows a purpose no more than the tables below it")
{
    const StateDirectory state;
    const Purposes purposes{with_view};
    const std::array migrations{std::string_view{"CREATE TABLE account (id INTEGER PRIMARY KEY, secret BLOB);"
                                                 "CREATE VIEW leak AS SELECT secret AS hidden FROM account;"}};
    const Database database{state.path() / "accounts.db", migrations, purposes};
    auto provision = database.open<Purpose::provision>();
    CHECK_FALSE(admits(provision, "SELECT hidden FROM leak"));
}
