#include "os/notify.hpp"

#include <systemd/sd-daemon.h>

#include <ctime>

namespace sotto::os {

void notify_ready() { sd_notify(0, "READY=1"); }

void notify_longer(std::chrono::microseconds time)
{
    sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%lld", static_cast<long long>(time.count()));
}

void notify_reloading()
{
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", microseconds);
}

void notify_stopping() { sd_notify(0, "STOPPING=1"); }

void notify_alive() { sd_notify(0, "WATCHDOG=1"); }

void notify_status(const std::string& line) { sd_notify(0, ("STATUS=" + line).c_str()); }

std::optional<std::chrono::microseconds> watchdog_interval()
{
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds{microseconds};
}

} // namespace sotto::os
