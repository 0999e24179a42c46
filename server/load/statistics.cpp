#include "load/statistics.hpp"

#include <algorithm>
#include <bit>

namespace sotto::load {
namespace {

constexpr unsigned fraction_bits = 5;
constexpr std::uint64_t whole = std::uint64_t{1} << fraction_bits;

/// Values below 2^fraction_bits have a bucket each; above, every octave has 2^fraction_bits.
std::size_t bucket_of(std::uint64_t value)
{
    if (value < whole) return value;
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - fraction_bits;
    return ((octave + 1) << fraction_bits) + ((value >> octave) - whole);
}

std::uint64_t upper_bound_of(std::size_t bucket)
{
    if (bucket < whole) return bucket;
    const auto octave = (bucket >> fraction_bits) - 1;
    return (((bucket & (whole - 1)) + whole + 1) << octave) - 1;
}

} // namespace

void Histogram::record(std::chrono::nanoseconds latency)
{
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count() / 1000));
    ++buckets_[bucket_of(us)];
    ++count_;
    max_ = std::max(max_, us);
}

std::uint64_t Histogram::percentile(double share) const
{
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.999999);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size() && count_ > 0; ++bucket) {
        seen += buckets_[bucket];
        if (seen >= std::max<std::uint64_t>(1, wanted)) return std::min(upper_bound_of(bucket), max_);
    }
    return max_;
}

std::uint64_t Tally::error_count() const
{
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : errors) sum += count;
    return sum;
}

} // namespace sotto::load
