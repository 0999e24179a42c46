#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sotto::load {

/// Latencies in microseconds, kept with a relative error of at most 1/32; bounded memory however long the run.
class Histogram {
public:
    void record(std::chrono::nanoseconds latency);
    std::uint64_t count() const { return count_; }
    std::uint64_t max() const { return max_; }
    /// The smallest value (us) that at least `share` (0 to 1) of the samples do not exceed; 0 without samples.
    std::uint64_t percentile(double share) const;

private:
    static constexpr unsigned fraction_bits = 5;
    std::array<std::uint64_t, (64 - fraction_bits) << fraction_bits> buckets_{};
    std::uint64_t count_{0};
    std::uint64_t max_{0};
};

/// What a run has seen. Anything that is not exactly what the RFC lets a correct server do is an error.
struct Tally {
    std::uint64_t operations{0};                  ///< whole ones, as the profile defines them
    std::uint64_t refused{0};                     ///< 503 with Retry-After, where the run expects overload
    std::uint64_t missed{0};                      ///< open loop only: due, but every caller was busy or told to wait
    std::uint64_t retries{0};                     ///< connections tried again, where the run expects a storm
    std::map<std::string, std::uint64_t> answers; ///< final answers by "METHOD status"
    std::map<std::string, std::uint64_t> errors;
    std::map<std::string, Histogram> latencies;

    void error(const std::string& kind) { ++errors[kind]; }
    std::uint64_t error_count() const;
};

} // namespace sotto::load
