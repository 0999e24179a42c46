#include "store/account_table.hpp"
#include "store/database/database.hpp"
#include "store/database/embedded.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <type_traits>
#include <utility>

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

/// An INSERT with a value for each column.
std::string whole_row_into(const std::string& table, Duty duty)
{
    std::string names, values;
    for (const auto& column : Purposes::declared().columns(duty)) {
        const auto [of, name] = split(column.name);
        if (of != table) continue;
        names += (names.empty() ? "" : ", ") + name;
        values += values.empty() ? "?" : ", ?";
    }
    return std::string{"INSERT INTO "}.append(table).append(" (").append(names).append(") VALUES (").append(values) +
           ")";
}

template <Purpose purpose> void check_purpose(const Database& database, Duty duty)
{
    auto connection = database.open<purpose>();
    const auto& may = Purposes::declared().of(purpose).in(duty);
    for (const auto& column : Purposes::declared().columns(duty)) {
        const auto [table, name] = split(column.name);
        INFO(name_of(purpose) << " and " << column.name);
        const bool read = may.read.contains(column.name);
        CHECK(admits(connection, "SELECT " + name + " FROM " + table) == read);
        CHECK(admits(connection, "SELECT 1 FROM (SELECT max(" + name + ") AS x FROM " + table + ") WHERE x = 1") ==
              read);
        CHECK(admits(connection, "SELECT 1 WHERE EXISTS (SELECT 1 FROM " + table + " AS t WHERE t." + name + " = 1)") ==
              read);
        CHECK(admits(connection, "WITH t AS (SELECT " + name + " AS x FROM " + table + ") SELECT x FROM t") == read);
        CHECK(admits(connection, "SELECT 1 FROM " + table + " ORDER BY " + name) == read);
        CHECK(admits(connection,
                     "SELECT 1 FROM " + table + " AS a JOIN " + table + " AS b ON a." + name + " = b." + name) == read);
        // Of these SQLite does not tell: a guess would be compared with what may not be read.
        CHECK_FALSE(
            admits(connection, "SELECT 1 FROM (SELECT ?1 AS " + name + ") JOIN " + table + " USING(" + name + ")"));
        CHECK_FALSE(admits(connection, "SELECT 1 FROM (SELECT ?1 AS " + name + ") natural JOIN " + table));
        const bool write = may.write.contains(column.name);
        CHECK(admits(connection, "UPDATE " + table + " SET " + name + " = ?1") == write);
        CHECK(admits(connection, "UPDATE " + table + " SET " + name + " = ?1 WHERE " + name + " = ?2") ==
              (write && read));
        const bool remove = may.remove.contains(table);
        CHECK(admits(connection, "DELETE FROM " + table) == remove);
        CHECK(admits(connection, "DELETE FROM " + table + " WHERE " + name + " = ?1") == (remove && read));
        CHECK(admits(connection, "DELETE FROM " + table + " RETURNING " + name) == (remove && read));
        // A row is added whole, or not at all.
        const bool add = may.add.contains(table);
        CHECK(admits(connection, whole_row_into(table, duty)) == add);
        if (!add) CHECK_FALSE(admits(connection, "INSERT INTO " + table + " (" + name + ") VALUES (?1)"));
    }
}

template <std::size_t... purposes>
void check_matrix(const Database& database, Duty duty, std::index_sequence<purposes...>)
{
    (check_purpose<static_cast<Purpose>(purposes)>(database, duty), ...);
}

constexpr auto every_purpose = std::make_index_sequence<static_cast<std::size_t>(Purpose::access) + 1>{};

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
    check_matrix({state.path() / "accounts.db", Duty::accounts, accounts_migrations(), Purposes::declared()},
                 Duty::accounts, every_purpose);
    check_matrix({state.path() / "ledger.db", Duty::ledger, ledger_migrations(), Purposes::declared()}, Duty::ledger,
                 every_purpose);
}

TEST_CASE("an operator can set a secret, but never read it back")
{
    const StateDirectory state;
    const Database database{state.path() / "accounts.db", Duty::accounts, accounts_migrations(), Purposes::declared()};
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
    const Database database{state.path() / "accounts.db", Duty::accounts, accounts_migrations(), Purposes::declared()};
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
    const Database database{state.path() / "accounts.db", Duty::accounts, accounts_migrations(), Purposes::declared()};
    auto connection = database.open<Purpose::authenticate>();
    // SQLite has that table, and says of a prohibition in its making no more than that it could not be made.
    CHECK_THROWS_WITH(connection.run("SELECT * FROM dbstat"), !Catch::Contains("no such table"));
    CHECK_THROWS_AS(connection.run("VACUUM INTO '" + (state.path() / "copy.db").string() + "'"), StoreError);
    CHECK_FALSE(std::filesystem::exists(state.path() / "copy.db"));
}

TEST_CASE("a view shows a purpose no more than the tables below it")
{
    const StateDirectory state;
    const Purposes purposes{with_view};
    const std::array migrations{std::string_view{"CREATE TABLE account (id INTEGER PRIMARY KEY, secret BLOB);"
                                                 "CREATE VIEW leak AS SELECT secret AS hidden FROM account;"}};
    const Database database{state.path() / "accounts.db", Duty::accounts, migrations, purposes};
    auto provision = database.open<Purpose::provision>();
    CHECK_FALSE(admits(provision, "SELECT hidden FROM leak"));
}

TEST_CASE("a trigger does no more for a purpose than it may do itself")
{
    const StateDirectory state;
    const Purposes purposes{R"(
databases:
  accounts:
    columns: { account.id: { holds: "id" }, account.secret: { holds: "secret" }, note.text: { holds: "anything" } }
purposes:
  - { name: provision, basis: b, source: s, roles: [r], retention: t, accounts: { read: [account.id], write: [note.text] } }
  - { name: authenticate, basis: b, source: s, roles: [r], retention: t, accounts: { read: [account.id, account.secret, note.text] } }
)"};
    const std::array migrations{
        std::string_view{"CREATE TABLE account (id INTEGER PRIMARY KEY, secret BLOB); CREATE TABLE note (text BLOB);"
                         "CREATE TRIGGER leak AFTER INSERT ON note BEGIN UPDATE note SET text = (SELECT secret FROM "
                         "account LIMIT 1); END;"}};
    const Database database{state.path() / "accounts.db", Duty::accounts, migrations, purposes};
    auto provision = database.open<Purpose::provision>();
    CHECK_FALSE(admits(provision, "INSERT INTO note (text) VALUES (?1)"));
}

TEST_CASE("code cannot reach a table without a purpose, nor with another one than it names")
{
    STATIC_REQUIRE_FALSE(std::is_constructible_v<BoundConnection, std::filesystem::path, Permissions>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Connection<Purpose::authenticate>&, Connection<Purpose::provision>&>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<AccountTable, Connection<Purpose::authenticate>&>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<AccountTable, BoundConnection&>);
    STATIC_REQUIRE(std::is_constructible_v<AccountTable, Connection<Purpose::provision>&>);
}

TEST_CASE("a purpose of one duty is worth nothing in another one's database")
{
    const StateDirectory state;
    const Database database{state.path() / "ledger.db", Duty::ledger, ledger_migrations(), Purposes::declared()};
    auto provision = database.open<Purpose::provision>();
    CHECK_FALSE(admits(provision, "SELECT count(*) FROM call"));
    auto record = database.open<Purpose::record>();
    CHECK_FALSE(admits(record, "SELECT record FROM call"));
    CHECK_FALSE(admits(record, "INSERT INTO call VALUES (1, ?1, ?2, ?3) RETURNING record"));
    CHECK(admits(record, "INSERT INTO call (period, subject, id, record) VALUES (1, ?1, ?2, ?3)"));
}
