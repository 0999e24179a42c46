#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace sotto {

/// Upper bounds of buckets, in seconds: of what is done in one go, and of what somebody waits for.
inline constexpr std::array work_bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                        0.01,    0.025,  0.05,    0.1,    0.25,  1.0};
inline constexpr std::array wait_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 30.0};

/// How long something took. Two additions, no allocation. Not thread-safe: one for each thread, added up.
template <const auto& Bounds> struct Histogram {
    static constexpr const auto& bounds = Bounds;
    std::array<std::uint64_t, std::size(Bounds) + 1> buckets{}; ///< the last one has no bound
    std::chrono::nanoseconds sum{0};

    void record(std::chrono::nanoseconds span)
    {
        const auto bucket = std::ranges::lower_bound(bounds, std::chrono::duration<double>(span).count());
        ++buckets[static_cast<std::size_t>(bucket - bounds.begin())];
        sum += span;
    }
    Histogram& operator+=(const Histogram& more)
    {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += more.buckets[i];
        sum += more.sum;
        return *this;
    }
};
using WorkTimes = Histogram<work_bounds>;
using WaitTimes = Histogram<wait_bounds>;

} // namespace sotto
