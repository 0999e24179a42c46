#pragma once
#include "core/retention/policy.hpp"
#include "core/types/time.hpp"

namespace sotto::retention {

/// What the clocks of the machine say at one moment.
struct Sighting {
    Time wall{};              ///< the calendar
    milliseconds running{0};  ///< since the machine was started, sleep included; goes on evenly
    bool synchronised{false}; ///< the kernel says that a time server steers the calendar
};

/// How much of the calendar is believed: destruction cannot be taken back, so a clock that someone sets, or that jumps,
/// ends nothing early; and one that is set back keeps nothing late. A steered clock is believed. Another one is
/// believed as far as the even clock of the machine confirms it; after a restart, for `longest_gap`, or once an
/// operator has confirmed the time.
class Timekeeper {
public:
    static constexpr std::chrono::days longest_gap{7}; ///< without the machine's own clock as a witness
    /// The calendar may be ahead of the machine's own clock without an operator being asked; nothing ends by it.
    static constexpr seconds tolerance{3600};

    /// `last`: what was believed last, by this process or one before; the epoch: nothing was.
    explicit Timekeeper(Time last) : believed_{last} {}

    /// The time to go by. Never goes back, but where a steered clock says so.
    Time observe(const Sighting& sighting);
    /// When a call of this moment begins, for its bill and for the rules: as the calendar shows it, unless that is
    /// further off than `longest_gap`. A call that were dated years back would be destroyed at once, one ahead kept for
    /// years.
    Time date(const Sighting& sighting);
    /// An operator says that the calendar is right, or whoever may ask the kernel.
    void confirm(const Sighting& sighting);
    /// The last sighting was ahead of what is believed: retention waits, and an operator should look.
    [[nodiscard]] bool doubts() const { return doubts_; }

private:
    Time believed_;
    Time base_{}; ///< what was believed when the even clock said `base_running_`
    milliseconds base_running_{0};
    Time shown_{};      ///< by the calendar then
    bool based_{false}; ///< by a sighting of this process
    bool doubts_{false};
};

} // namespace sotto::retention
