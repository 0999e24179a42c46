#include "store/database/sqlite.hpp"

#include "store/store_error.hpp"

namespace sotto::store::sqlite {
namespace {

StoreError::Kind kind_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_AUTH:
        return StoreError::Kind::prohibited;
    case SQLITE_CONSTRAINT:
        return StoreError::Kind::conflict;
    default:
        return StoreError::Kind::unavailable;
    }
}

/// Without its folder, which may be called after somebody. Empty: it is not open.
std::string name_of(sqlite3* database)
{
    const char* file = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
    return file == nullptr ? std::string{} : std::filesystem::path{file}.filename().string();
}

} // namespace

void fail(sqlite3* database, int code, const std::string& doing)
{
    // sqlite3_errmsg names tables and columns; values appear in it only for malformed SQL, and ours is constant.
    const bool by_statement = database != nullptr && sqlite3_errcode(database) == code;
    const std::string reason = by_statement ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    const auto file = name_of(database);
    throw StoreError{kind_of(code), (file.empty() ? doing : file + ": " + doing) + ": " + reason};
}

void execute(sqlite3* database, const std::string& sql)
{
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(database, code, "the database cannot be set up");
}

Handle open(const std::filesystem::path& file)
{
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Handle database{raw};
    if (code != SQLITE_OK) fail(raw, code, file.filename().string() + " cannot be opened");
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 5000);
    for (const auto& [option, value] :
         {std::pair{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
          std::pair{SQLITE_DBCONFIG_DQS_DDL, 0}, std::pair{SQLITE_DBCONFIG_DQS_DML, 0}})
        sqlite3_db_config(raw, option, value, nullptr);
    execute(raw, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
                 "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
                 "PRAGMA cache_size=-32768;"); // KiB: an import touches pages at random; given back when it is done
    // After the set-up, so that nothing can be weakened again: defensive mode refuses journal_mode=OFF and writable
    // schemas.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
    return database;
}

} // namespace sotto::store::sqlite
