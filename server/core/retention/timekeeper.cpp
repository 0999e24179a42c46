#include "core/retention/timekeeper.hpp"

#include <algorithm>

namespace sotto::retention {

void Timekeeper::confirm(const Sighting& sighting)
{
    doubts_ = false;
    based_ = true;
    believed_ = base_ = shown_ = sighting.wall;
    base_running_ = sighting.running;
}

Time Timekeeper::observe(const Sighting& sighting)
{
    if (sighting.synchronised || (!based_ && believed_ == Time{})) {
        confirm(sighting);
        return believed_;
    }
    if (!based_) {
        doubts_ = sighting.wall > believed_ + longest_gap;
        if (!doubts_) believed_ = std::max(believed_, sighting.wall);
        base_ = believed_;
        shown_ = sighting.wall;
        base_running_ = sighting.running;
        based_ = true;
        return believed_;
    }
    const auto witnessed = base_ + std::chrono::floor<seconds>(sighting.running - base_running_);
    doubts_ = sighting.wall > witnessed + tolerance;
    // Only the time that has passed for certain counts.
    believed_ = std::max(believed_, witnessed);
    return believed_;
}

Time Timekeeper::date(const Sighting& sighting)
{
    const auto believed = observe(sighting);
    // A calendar that was ahead at the start may be right, and is doubted for retention alone.
    const auto due = std::max(believed, shown_ + std::chrono::floor<seconds>(sighting.running - base_running_));
    const bool jumped = sighting.wall > due + longest_gap || sighting.wall < due - longest_gap;
    return jumped ? due : sighting.wall;
}

} // namespace sotto::retention
