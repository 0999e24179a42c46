#include "store/ledger/faulty_disk.hpp"

#include <map>
#include <mutex>
#include <sqlite3.h>

namespace sotto::test {
namespace {

std::atomic<FaultyDisk::Fault> fault{FaultyDisk::Fault::none};
std::atomic<std::uint64_t> refusals{0};
std::atomic<std::uint64_t> flushed{0};
std::atomic<bool> unreadable{false};
sqlite3_vfs real;
std::mutex mutex;
/// SQLite's own tables of file methods, and ours that stand for them.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> ours;
std::map<const sqlite3_io_methods*, const sqlite3_io_methods*> theirs;

const sqlite3_io_methods& original(sqlite3_file* file)
{
    const std::lock_guard lock{mutex};
    return *theirs.at(file->pMethods);
}

void wait_while_it_hangs()
{
    if (fault != FaultyDisk::Fault::hangs) return;
    ++refusals;
    fault.wait(FaultyDisk::Fault::hangs);
}

bool takes_writes() { return fault == FaultyDisk::Fault::none || fault == FaultyDisk::Fault::unreadable; }

int read(sqlite3_file* file, void* data, int size, sqlite3_int64 at)
{
    if (fault != FaultyDisk::Fault::unreadable || !unreadable) return original(file).xRead(file, data, size, at);
    ++refusals;
    return SQLITE_IOERR_READ;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at)
{
    wait_while_it_hangs();
    if (takes_writes()) return original(file).xWrite(file, data, size, at);
    ++refusals;
    return fault == FaultyDisk::Fault::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file* file, int flags)
{
    wait_while_it_hangs();
    ++flushed;
    unreadable = true;
    if (takes_writes()) return original(file).xSync(file, flags);
    ++refusals;
    return fault == FaultyDisk::Fault::full ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* given)
{
    const int code = real.xOpen(sqlite3_vfs_find("unix"), name, file, flags, given);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    const std::lock_guard lock{mutex};
    auto [own, fresh] = ours.try_emplace(file->pMethods, *file->pMethods);
    if (fresh) {
        own->second.xRead = read;
        own->second.xWrite = write;
        own->second.xSync = sync;
        theirs[&own->second] = file->pMethods;
    }
    file->pMethods = &own->second;
    return code;
}

} // namespace

FaultyDisk::FaultyDisk()
{
    static const bool registered = [] {
        real = *sqlite3_vfs_find("unix");
        static sqlite3_vfs faulty = real;
        faulty.zName = "faulty";
        faulty.xOpen = open;
        return sqlite3_vfs_register(&faulty, 1) == SQLITE_OK;
    }();
    (void)registered;
    refusals = 0;
    flushed = 0;
}

void FaultyDisk::set(Fault next)
{
    unreadable = false;
    fault = next;
    fault.notify_all();
}
std::uint64_t FaultyDisk::refused() const { return refusals; }
std::uint64_t FaultyDisk::flushes() const { return flushed; }

} // namespace sotto::test
