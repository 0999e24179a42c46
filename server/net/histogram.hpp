#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace sotto::net {

/// How long something took. Not thread-safe; one per worker, added up.
struct Histogram {
    /// Upper bounds of the buckets, in seconds; a last one without bound follows.
    static constexpr std::array bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                       0.01,    0.025,  0.05,    0.1,    0.25,  1.0};
    std::array<std::uint64_t, bounds.size() + 1> buckets{};
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

} // namespace sotto::net
