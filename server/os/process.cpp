#include "os/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace sotto::os {

void occupy_standard_descriptors()
{
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard) {
        if (::fcntl(standard, F_GETFD) != -1) continue;
        // The lowest number that is free. The wrong way round, so that whoever reads or writes is told.
        if (::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY) != standard) std::abort();
    }
}

void harden_process()
{
    occupy_standard_descriptors();
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef SOTTO_SANITIZED // the leak sanitizer traces its own process
    prctl(PR_SET_DUMPABLE, 0);
#endif
    umask(0027);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file at its limit is an error code too
}

std::uint64_t raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1'024;
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

} // namespace sotto::os
