#pragma once
#include <filesystem>
#include <memory>
#include <sqlite3.h>
#include <string>

namespace sotto::store::sqlite {

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

/// Opens a database hardened: no extensions, no double-quoted strings, defensive, private temporary storage in memory,
/// write-ahead log, secure deletion, foreign keys. The file must exist. Throws StoreError.
Handle open(const std::filesystem::path& file);

/// Throws the StoreError for `code`: the file's name, `doing`, and why.
[[noreturn]] void fail(sqlite3* database, int code, const std::string& doing);

/// Runs SQL before any purpose is bound: set-up and migrations.
void execute(sqlite3* database, const std::string& sql);

} // namespace sotto::store::sqlite
