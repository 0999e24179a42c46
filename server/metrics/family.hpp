#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::metrics {

enum class Type : std::uint8_t { counter, gauge, histogram };

/// How exactly a number is shown. What people do is shown in tens, rounded down: below ten it is 0, and a single step
/// of a counter cannot be laid beside what somebody was seen to do at that moment.
enum class Shown : std::uint8_t { exact, in_tens };

/// What is measured, under the rules of Prometheus for names: a counter ends in "_total", a unit is a base unit.
struct Family {
    std::string_view name;
    Type type{Type::gauge};
    Shown shown{Shown::exact};
    std::string_view help;
    std::string_view label{}; ///< name of the label that tells the samples apart; never anything about a person
};

struct Sample {
    std::string label; ///< the label's value; empty: none
    double value{0};
    /// Histogram: upper bounds of the buckets, and the count of each, with one more bucket without bound. `value` is
    /// the sum then. Both live elsewhere.
    std::span<const double> bounds{};
    std::span<const std::uint64_t> buckets{};
};

struct Measured {
    Family family;
    std::vector<Sample> samples;
};

/// The number as it may be shown.
double shown(double value, Shown how);

} // namespace sotto::metrics
