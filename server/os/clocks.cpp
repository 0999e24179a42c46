#include "os/clocks.hpp"

#include <ctime>
#include <sys/timex.h>

namespace sotto::os {

std::chrono::milliseconds running_since_boot()
{
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::seconds{time.tv_sec} +
                                                         std::chrono::nanoseconds{time.tv_nsec});
}

bool clock_synchronised()
{
    timex state{};
    const int clock = ::adjtimex(&state); // reads only: no mode is set
    return clock != -1 && clock != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

} // namespace sotto::os
