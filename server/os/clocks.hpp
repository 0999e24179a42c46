#pragma once
#include <chrono>

namespace sotto::os {

/// Since the machine was started, sleep included.
std::chrono::milliseconds running_since_boot();
/// The kernel says that a time server steers the calendar.
bool clock_synchronised();

} // namespace sotto::os
