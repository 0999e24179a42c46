#pragma once
#include <sqlite3.h>

namespace sotto::store::sqlite {

/// Overwrites what rows have left between the rows of today: where SQLite moves rows from one page to another it leaves
/// their bytes in the space that no row has, and `secure_delete`, which overwrites a row where it stands, does not know
/// of them. Reads the whole file (0.1 s for 200 MB in memory). False: the write-ahead log is not empty; nothing was
/// done. Each write leaves a whole page behind, also when the process is killed. Throws StoreError: something may be
/// left.
[[nodiscard]] bool overwrite_page_gaps(sqlite3* database);

} // namespace sotto::store::sqlite
