#include "store/database/page_gaps.hpp"

#include "store/database/sqlite.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sotto::store::sqlite {
namespace {

using Page = std::span<const std::uint8_t>;

constexpr std::size_t database_header = 100; ///< before the first page's own
constexpr std::size_t page_size_at = 16;
constexpr std::size_t largest_root_at = 52; ///< of a file with pointer maps, which ours have not

std::size_t two_bytes(Page page, std::size_t at) { return std::size_t{page[at]} << 8U | page[at + 1]; }

/// Of a page that holds rows or keys: from the end of its cell pointers to its first cell (sqlite.org/fileformat.html
/// 1.6). The first byte of every other page is a part of a page number, and zero in files below 2^25 pages.
struct Gap {
    std::size_t begin{0};
    std::size_t end{0};
};

std::optional<Gap> gap_of(Page page, std::size_t header)
{
    const auto kind = page[header];
    const bool leaf = kind == 10 || kind == 13;
    if (!leaf && kind != 2 && kind != 5) return std::nullopt;
    const auto cells = two_bytes(page, header + 3);
    const auto content = two_bytes(page, header + 5);
    const Gap gap{.begin = header + (leaf ? 8U : 12U) + 2 * cells, .end = content == 0 ? 65'536 : content};
    if (gap.begin >= gap.end || gap.end > page.size()) return std::nullopt; // none, or a free page that looks like one
    return gap;
}

/// The file through SQLite's own descriptor: closing another one of the same file would end the locks of this process.
class File {
public:
    File(sqlite3* database, int which) : database_{database}
    {
        sqlite3_file_control(database, "main", which, &file_);
        if (file_ == nullptr || file_->pMethods == nullptr) fail(database, SQLITE_IOERR, doing);
    }
    [[nodiscard]] std::int64_t size() const
    {
        sqlite3_int64 bytes = 0;
        check(file_->pMethods->xFileSize(file_, &bytes));
        return bytes;
    }
    void read(std::int64_t at, std::span<std::uint8_t> into) const
    {
        check(file_->pMethods->xRead(file_, into.data(), static_cast<int>(into.size()), at));
    }
    void write(std::int64_t at, Page from)
    {
        check(file_->pMethods->xWrite(file_, from.data(), static_cast<int>(from.size()), at));
    }
    void sync() { check(file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)); }
    void check(int code) const
    {
        if (code != SQLITE_OK) fail(database_, code, doing);
    }

private:
    static constexpr auto doing = "what was deleted cannot be overwritten";

    sqlite3* database_;
    sqlite3_file* file_{nullptr};
};

/// Nobody else adds to the log meanwhile; and this connection's copies of the pages, which would bring the bytes back,
/// are gone afterwards, however it ends.
class Alone {
public:
    explicit Alone(sqlite3* database) : database_{database} { execute(database, "BEGIN IMMEDIATE"); }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;
    ~Alone()
    {
        sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr); // of nothing
        sqlite3_db_release_memory(database_);
    }

private:
    sqlite3* database_;
};

/// Otherwise pages would be moved from the log into the file, remains and all, after the file was looked through.
bool all_in_the_file(sqlite3* database) { return File{database, SQLITE_FCNTL_JOURNAL_POINTER}.size() == 0; }

void overwrite_gap(File& file, std::int64_t at, Page page)
{
    const auto gap = gap_of(page, at == 0 ? database_header : 0);
    if (!gap) return;
    const auto bytes = page.subspan(gap->begin, gap->end - gap->begin);
    if (std::ranges::all_of(bytes, [](auto byte) { return byte == 0; })) return;
    const std::vector<std::uint8_t> zeros(bytes.size());
    file.write(at + static_cast<std::int64_t>(gap->begin), zeros);
}

std::size_t page_size_of(const File& file)
{
    std::array<std::uint8_t, database_header> head{};
    file.read(0, head);
    const auto stored = two_bytes(head, page_size_at);
    const bool maps = two_bytes(head, largest_root_at) != 0 || two_bytes(head, largest_root_at + 2) != 0;
    if (maps || stored == 0) file.check(SQLITE_NOTADB);
    return stored == 1 ? 65'536 : stored;
}

} // namespace

bool overwrite_page_gaps(sqlite3* database)
{
    const Alone alone{database};
    if (!all_in_the_file(database)) return false;
    File file{database, SQLITE_FCNTL_FILE_POINTER};
    const auto size = file.size();
    if (size == 0) return true;
    std::vector<std::uint8_t> page(page_size_of(file));
    const auto page_size = static_cast<std::int64_t>(page.size());
    for (std::int64_t at = 0; at + page_size <= size; at += page_size) {
        file.read(at, page);
        overwrite_gap(file, at, page);
    }
    file.sync();
    return true;
}

} // namespace sotto::store::sqlite
