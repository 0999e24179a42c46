#pragma once
#include <chrono>

namespace sotto {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Monotonic time as the core sees it. The edge reads the clock; the core is only told.
using Clock = std::chrono::steady_clock;
using TimePoint = std::chrono::time_point<Clock, milliseconds>;

/// RFC 3261 table 4.
inline constexpr milliseconds t1{500};
inline constexpr milliseconds t2{4000};
inline constexpr milliseconds t4{5000};

} // namespace sotto
