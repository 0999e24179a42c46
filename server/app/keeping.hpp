#pragma once
#include "core/retention/policy.hpp"

#include <cstddef>

namespace sotto::app {

/// How retention does.
struct Keeping {
    std::size_t overdue{0};       ///< calls whose time was over an hour before the last look, and that were still there
    retention::Time last_run{};   ///< by the calendar; the epoch: none yet
    bool clock_is_doubted{false}; ///< nothing is destroyed meanwhile
};

} // namespace sotto::app
