#include "os/clocks.hpp"

#include <ctime>
#include <sys/timex.h>

namespace sotto::os {

std::chrono::seconds running_since_boot()
{
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds{time.tv_sec};
}

bool clock_synchronised()
{
    timex state{};
    const int clock = ::adjtimex(&state); // reads only: no mode is set
    return clock != -1 && clock != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

} // namespace sotto::os
