#include "store/ledger/flushes.hpp"

#include <atomic>
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<int> count{0};
std::atomic<int> fault{0};

} // namespace

/// In place of the library's.
extern "C" int fdatasync(int descriptor)
{
    ++count;
    if (const int error = fault; error != 0) {
        errno = error;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace sotto::test {

int flushes() { return count; }
void fail_flushes(int error) { fault = error; }

} // namespace sotto::test
