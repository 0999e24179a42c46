#pragma once
#include "ctl/assess/observed.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::assess {

enum class Verdict : std::uint8_t { good, weak, bad, unknown };
std::string_view name_of(Verdict verdict);

/// One question and its answer.
struct Finding {
    std::string_view check; ///< stable, for scripts: "tls", "certificate", ...
    Verdict verdict{Verdict::unknown};
    int points{0}; ///< of `of`; half of them when it is weak
    int of{0};
    std::string seen;         ///< what was seen
    std::string_view matters; ///< why it matters, and by what rule
};

/// Pure: the same observation gives the same findings, one for each question, in a fixed order.
std::vector<Finding> judge(const Observed& observed);

/// 0 to 100: the points that were got of those that could be found out.
int score(const std::vector<Finding>& findings);

} // namespace sotto::assess
