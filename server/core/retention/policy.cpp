#include "core/retention/policy.hpp"

#include <array>

namespace sotto::retention {
namespace {

using enum Case;

constexpr std::string_view guide = "Leitfaden of BfDI and BNetzA, 19 December 2012";

// clang-format off
constexpr std::array rules{
    Rule{chargeable,     "chargeable",     From::invoice,    days{90}, half_a_year, "Chargeable, outgoing",                  guide},
    Rule{allowance,      "allowance",      From::invoice,    days{90}, half_a_year, "Free allowance, then chargeable",       guide},
    Rule{incoming,       "incoming",       From::invoice,    days{90}, half_a_year, "Chargeable, incoming",                  guide},
    Rule{itemised_flat,  "itemised-flat",  From::statement,  days{0},  days{0},     "Flat rate, itemised bill wanted",       guide},
    Rule{flat,           "flat",           From::never_kept, days{0},  days{0},     "Flat rate",                             guide},
    Rule{free_of_charge, "free",           From::never_kept, days{0},  days{0},     "Not chargeable, outgoing (0800)",       guide},
    Rule{incoming_free,  "incoming-free",  From::never_kept, days{0},  days{0},     "Not chargeable, incoming",              guide},
    Rule{attempt,        "attempt",        From::never_kept, days{0},  days{0},     "Call attempts and data not billable",   guide},
    Rule{fault,          "fault",          From::never_kept, days{0},  days{7},     "Finding of faults",                     "TDDDG s. 12; 7 days at most"},
    Rule{abuse,          "abuse",          From::never_kept, days{0},  days{7},     "Fight against misuse",                  "TDDDG s. 12; 7 days at most"},
};
// clang-format on

constexpr bool in_order()
{
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (static_cast<std::size_t>(rules[i].kind) != i) return false;
    return rules.size() == static_cast<std::size_t>(Case::count_);
}
static_assert(in_order(), "one rule for each case, in the order of the enumeration");

} // namespace

std::span<const Rule> matrix() { return rules; }
const Rule& rule_of(Case kind) { return rules[static_cast<std::size_t>(kind)]; }

days Policy::period_of(Case kind) const
{
    const auto& rule = rule_of(kind);
    return rule.from == From::invoice ? after_invoice : rule.period;
}

} // namespace sotto::retention
