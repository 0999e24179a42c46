#include "store/database/database.hpp"

#include "store/database/sqlite.hpp"
#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <chrono>
#include <string>
#include <unistd.h>
#include <vector>

namespace sotto::store {
namespace {

/// How long the backup of a migration is kept: it may hold accounts that were removed since.
constexpr std::chrono::hours backup_lifetime{7 * 24};

std::int64_t version_of(sqlite3* database)
{
    Statement statement{database, "PRAGMA user_version"};
    statement.step();
    return statement.number(0);
}

std::vector<std::string> columns_of(sqlite3* database)
{
    std::vector<std::string> columns;
    Statement statement{database, "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c "
                                  "WHERE m.type IN ('table', 'view') ORDER BY m.name, c.cid"};
    while (statement.step()) columns.push_back(std::string{statement.text(0)} + "." + std::string{statement.text(1)});
    return columns;
}

std::filesystem::path backup_of(const std::filesystem::path& file) { return file.string() + ".before-migration"; }

constexpr int pages_at_once = 256; // a mebibyte

[[noreturn]] void fail_to_copy(const std::filesystem::path& to, const std::string& why)
{
    throw StoreError{StoreError::Kind::uncopied, to.string() + " cannot be written: " + why};
}

/// Whether a step failed on what is read, and not on what is written.
bool cannot_be_read(int code) { return code == SQLITE_IOERR_READ || (code & 0xFF) == SQLITE_CORRUPT; }

/// All pages as they are now; what others write meanwhile is left out.
void copy_pages(sqlite3* from, const std::filesystem::path& to, const std::function<void()>& between)
{
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(to.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    const sqlite::Handle target{raw};
    if (code != SQLITE_OK) fail_to_copy(to, sqlite3_errstr(code));
    sqlite::execute(from, "BEGIN; SELECT count(*) FROM sqlite_schema;"); // else a write would make it begin anew
    auto* work = sqlite3_backup_init(raw, "main", from, "main");
    if (work == nullptr) fail_to_copy(to, sqlite3_errmsg(raw));
    while ((code = sqlite3_backup_step(work, pages_at_once)) == SQLITE_OK)
        if (between) between();
    sqlite3_backup_finish(work);
    sqlite::execute(from, "ROLLBACK");
    if (cannot_be_read(code)) sqlite::fail(from, code, "it cannot be copied");
    if (code != SQLITE_DONE) fail_to_copy(to, sqlite3_errstr(code));
}

/// One generation: the last one goes when the new one is whole.
void copy(sqlite3* from, const std::filesystem::path& to, const std::function<void()>& between = {})
{
    const std::filesystem::path next = to.string() + ".next";
    try {
        remove_private(next);
        ::close(open_private(next));
    } catch (const StoreError& error) {
        throw StoreError{StoreError::Kind::uncopied, error.what()};
    }
    try {
        copy_pages(from, next, between);
    } catch (...) {
        std::error_code none;
        std::filesystem::remove(next, none);
        throw;
    }
    std::error_code fault;
    std::filesystem::rename(next, to, fault);
    if (fault) fail_to_copy(to, fault.message());
}

void migrate(sqlite3* database, const std::filesystem::path& file, std::span<const std::string_view> migrations)
{
    const auto have = version_of(database);
    const auto want = static_cast<std::int64_t>(migrations.size());
    if (have > want)
        throw StoreError{StoreError::Kind::newer_schema,
                         file.filename().string() + " has schema " + std::to_string(have) + ", this version knows " +
                             std::to_string(want) + ": install the version of Sotto that wrote it, or a later one"};
    if (have == want) return;
    if (have > 0) copy(database, backup_of(file));
    std::string script = "BEGIN IMMEDIATE;";
    for (auto version = have; version < want; ++version)
        script.append(migrations[static_cast<std::size_t>(version)]).append("\n;");
    script.append("PRAGMA user_version=" + std::to_string(want) + ";COMMIT;");
    sqlite::execute(database, script); // a failure closes the connection, which rolls back
}

} // namespace

Database::Database(std::filesystem::path file, Duty duty, std::span<const std::string_view> migrations,
                   const Purposes& purposes)
    : file_{std::move(file)}, duty_{duty}, purposes_{&purposes}
{
    ::close(open_private(file_));
    const auto database = sqlite::open(file_);
    migrate(database.get(), file_, migrations);
    drop_old_backup();
    purposes.require_all(duty, columns_of(database.get()));
}

void Database::drop_old_backup() const
{
    std::error_code none;
    const auto written = std::filesystem::last_write_time(backup_of(file_), none);
    if (!none && std::filesystem::file_time_type::clock::now() - written > backup_lifetime) drop_backup();
}

void Database::drop_backup() const { remove_private(backup_of(file_)); }

void Database::back_up(const std::filesystem::path& to, const std::function<void()>& between) const
{
    copy(sqlite::open(file_).get(), to, between);
}

} // namespace sotto::store
