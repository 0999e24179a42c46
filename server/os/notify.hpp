#pragma once
#include <chrono>
#include <optional>
#include <string>

/// What the daemon tells its service manager (sd_notify(3)), and what it is given. Without systemd all of it is silent.
namespace sotto::os {

void notify_ready();
/// The start, or the end after `notify_stopping`, goes on for up to `time` from now, where that is longer than the
/// service manager waits.
void notify_longer(std::chrono::microseconds time);
/// Between a SIGHUP and the next `notify_ready`.
void notify_reloading();
void notify_stopping();
void notify_alive();
/// One line for `systemctl status`. Counts only.
void notify_status(const std::string& line);

/// How often the service manager wants to hear `notify_alive`, at the latest; nothing when it does not watch.
std::optional<std::chrono::microseconds> watchdog_interval();

} // namespace sotto::os
