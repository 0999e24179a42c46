#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace sotto::retention {

/// Calendar time, UTC. Given in by the edge; see Timekeeper for how much of it is believed.
using Time = std::chrono::sys_seconds;
using Day = std::chrono::sys_days;
using std::chrono::days;

/// The cases of the regulator's matrix (Leitfaden of BfDI and BNetzA on the storage of traffic data, 19 December 2012).
// clang-format off
enum class Case : std::uint8_t {
    chargeable, allowance, incoming, itemised_flat, flat, free_of_charge, incoming_free, attempt, fault, abuse,
    count_
};
// clang-format on

/// What the time of a case runs from.
enum class From : std::uint8_t {
    invoice,   ///< the day on which the invoice run was made
    statement, ///< the same day: the itemised bill is all that it was kept for
    never_kept ///< no row is written at all
};

/// One line of the matrix.
struct Rule {
    Case kind;
    std::string_view name; ///< as in the configuration and in `retention plan`
    From from{From::never_kept};
    days period{0};           ///< after that day
    days ceiling{0};          ///< what configuration may say at most, outside `weaken:`
    std::string_view meaning; ///< for the documents
    std::string_view source;
};

/// Whether the law has such a call kept: to bill it, and while the bill can be disputed. Any other is kept because the
/// subscriber wants to see it on the bill, and goes when the subscriber goes.
[[nodiscard]] constexpr bool is_duty(const Rule& rule) { return rule.from == From::invoice; }

/// Every case once, in the order of the enumeration.
std::span<const Rule> matrix();
const Rule& rule_of(Case kind);

/// What is in force: the matrix, with the one period that an operator may change.
struct Policy {
    days after_invoice{90}; ///< of the cases that run from the invoice
    /// From the end of the month: what no invoice was made of by then is not needed for billing.
    days without_invoice{180};

    [[nodiscard]] days period_of(Case kind) const;
};

/// No six calendar months are shorter.
inline constexpr days half_a_year{180};

} // namespace sotto::retention
