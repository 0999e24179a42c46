#pragma once
#include "core/retention/plan.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace sotto::store {

/// What a run would do, or has done.
struct RetentionPlan {
    retention::Time now{};
    std::vector<retention::Row> rows;
    std::vector<retention::Decision> decisions; ///< one for each row
    std::vector<retention::HoldId> holds_over;  ///< their expiry has come
    std::size_t orphans{0};                     ///< rows whose keys are gone
    std::optional<retention::Time> next;        ///< when the next of what stays is over, as things are now
};

/// What a run has destroyed. Counts only: it identifies nobody.
struct RetentionReport {
    std::size_t periods{0}; ///< keys
    std::size_t calls{0};
    std::size_t held{0};     ///< calls that were due and stay because of a hold
    std::size_t holds{0};    ///< that have ended
    std::size_t subjects{0}; ///< keys of accounts without a call
    std::size_t orphans{0};
    std::optional<retention::Time> next; ///< when there is something to do again, as things are now

    [[nodiscard]] bool anything() const { return periods + calls + holds + subjects + orphans > 0; }
};

} // namespace sotto::store
