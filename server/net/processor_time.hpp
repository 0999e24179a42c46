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

/// The part of `worked` that went into TLS handshakes, as whoever makes them has measured it.
inline std::chrono::microseconds& worked_for_handshakes()
{
    thread_local std::chrono::microseconds time{};
    return time;
}

} // namespace sotto::net
