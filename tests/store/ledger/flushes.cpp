#include "store/ledger/flushes.hpp"

#include <atomic>
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<int> count{0};
std::atomic<int (*)()> fault{nullptr};

} // namespace

/// In place of the library's.
extern "C" int fdatasync(int descriptor)
{
    ++count;
    if (auto* const instead = fault.load()) {
        errno = instead();
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace sotto::test {

int flushes() { return count; }
void instead_of_flushes(int (*instead)()) { fault = instead; }

} // namespace sotto::test
