#pragma once
#include <sys/resource.h>

#include <chrono>
#include <ctime>

namespace sotto::net {

/// The processor time that the calling thread has used since it began.
inline std::chrono::microseconds worked()
{
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::seconds{time.tv_sec} +
                                                                 std::chrono::nanoseconds{time.tv_nsec});
}

/// How often the calling thread has waited since it began: for an event, or for another thread.
inline long times_waited()
{
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

} // namespace sotto::net
