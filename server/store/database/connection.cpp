#include "store/database/connection.hpp"

#include "store/database/page_gaps.hpp"
#include "store/database/sqlite.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace sotto::store {
namespace {

/// The SQL functions that our statements use.
constexpr std::array functions{std::string_view{"count"}, std::string_view{"max"}, std::string_view{"like"}};

std::string column_name(const char* table, const char* column) { return std::string{table} + "." + column; }

bool any_column_of(const std::set<std::string, std::less<>>& columns, const std::string& table)
{
    const auto next = columns.lower_bound(table + ".");
    return next != columns.end() && next->starts_with(table + ".");
}

bool may(const Permissions& permissions, int action, const char* first, const char* second)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return true;
    case SQLITE_READ:
        // Without a column, the statement only counts rows.
        return *second == '\0' ? any_column_of(permissions.read, first)
                               : permissions.read.contains(column_name(first, second));
    case SQLITE_UPDATE:
        return permissions.write.contains(column_name(first, second));
    case SQLITE_INSERT:
        return permissions.add.contains(first);
    case SQLITE_DELETE:
        return permissions.remove.contains(first);
    case SQLITE_FUNCTION:
        return std::ranges::find(functions, second) != functions.end();
    default:
        return false;
    }
}

/// SQLite compares the columns of USING and NATURAL JOIN without asking the authorizer: whoever may not read one could
/// tell by it what it holds. Words inside of a text count too: no statement of ours has any there.
bool joins_unseen(std::string_view sql)
{
    const auto in_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    while (!sql.empty()) {
        const auto begin = std::ranges::find_if(sql, in_word);
        const auto end = std::find_if_not(begin, sql.end(), in_word);
        std::string word{begin, end};
        std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        if (word == "USING" || word == "NATURAL") return true;
        sql.remove_prefix(static_cast<std::size_t>(end - sql.begin()));
    }
    return false;
}

int authorize(void* permissions, int action, const char* first, const char* second, const char*, const char*)
{
    const auto text = [](const char* value) { return value != nullptr ? value : ""; };
    return may(*static_cast<const Permissions*>(permissions), action, text(first), text(second)) ? SQLITE_OK
                                                                                                 : SQLITE_DENY;
}

} // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* database, std::string_view sql)
{
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &raw, &rest);
    statement_.reset(raw);
    if (code != SQLITE_OK) sqlite::fail(database, code, "a statement was refused");
}

void Statement::bind(int parameter, std::int64_t value) { sqlite3_bind_int64(statement_.get(), parameter, value); }

void Statement::bind(int parameter, std::string_view value)
{
    sqlite3_bind_text64(statement_.get(), parameter, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int parameter, std::span<const std::uint8_t> value)
{
    if (value.empty()) // which may have no address, and would be taken for NULL
        sqlite3_bind_zeroblob(statement_.get(), parameter, 0);
    else
        sqlite3_bind_blob64(statement_.get(), parameter, value.data(), value.size(), SQLITE_STATIC);
}

bool Statement::step()
{
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    auto* database = sqlite3_db_handle(statement_.get());
    sqlite3_reset(statement_.get());
    sqlite::fail(database, code, "a statement failed");
}

void Statement::run()
{
    while (step()) {
    }
    reset();
}

void Statement::reset()
{
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const
{
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return {value, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::uint8_t> Statement::bytes(int column) const
{
    const auto* value = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    return {value, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void BoundConnection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

BoundConnection::BoundConnection(const std::filesystem::path& file, const Permissions& permissions)
    : permissions_{&permissions}, database_{sqlite::open(file).release()}, begin_{database_.get(), "BEGIN IMMEDIATE"},
      commit_{database_.get(), "COMMIT"}
{
    sqlite3_set_authorizer(database_.get(), authorize, const_cast<Permissions*>(permissions_));
}

Statement BoundConnection::prepare(std::string_view sql)
{
    if (joins_unseen(sql))
        throw StoreError{StoreError::Kind::prohibited,
                         "a statement was refused: of USING and NATURAL JOIN the authorizer is not told; write ON"};
    return Statement{database_.get(), sql};
}

std::int64_t BoundConnection::changes() const { return sqlite3_changes64(database_.get()); }

void BoundConnection::truncate_log()
{
    // A reader that still needs the log keeps it; the next change tries again.
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

bool BoundConnection::overwrite_remains()
{
    truncate_log();
    return sqlite::overwrite_page_gaps(database_.get());
}

void BoundConnection::release_memory() { sqlite3_db_release_memory(database_.get()); }

void BoundConnection::roll_back() noexcept
{
    try {
        run("ROLLBACK");
    } catch (const StoreError&) {
        // SQLite has rolled back by itself already, as it does on a full disk.
    }
}

void Transaction::commit()
{
    connection_.commit_.run();
    open_ = false;
}

} // namespace sotto::store
