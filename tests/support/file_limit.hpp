#pragma once
#include <csignal>
#include <cstdint>
#include <sys/resource.h>

namespace sotto::test {

/// As long as it lives, this process writes nothing into a file beyond that many bytes: a disk that is full there.
class FileLimit {
public:
    explicit FileLimit(std::uintmax_t bytes) : signal_{std::signal(SIGXFSZ, SIG_IGN)}
    {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{static_cast<rlim_t>(bytes), before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;
    ~FileLimit()
    {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_);
    }

private:
    rlimit before_{};
    void (*signal_)(int);
};

} // namespace sotto::test
