#pragma once
#include "core/types/time.hpp"

#include <algorithm>

namespace sotto::transaction {

// Sotto speaks SIP over TLS and WSS only: every transport is reliable. So the retransmission timers A, E and G of
// RFC 3261 17 do not exist here, and Timers D, I, J and K are zero: the states that only wait for them (Completed of
// client transactions and of the non-INVITE server transaction, Confirmed) are passed through to Terminated at once.

/// One arrow of an RFC figure.
template <class State, class Event, class Action> struct Transition {
    State from;
    Event on;
    State to;
    Action act;
};

/// A timer that runs while the machine is in a state. It starts when the state is entered; when two states share it, it
/// runs on from one into the other.
template <class State, class Event> struct Running {
    State in;
    Event timer;
    milliseconds after;
};

inline constexpr milliseconds no_answer = 64 * t1; ///< Timers B, F, H (RFC 3261 17), L and M (RFC 6026 7.1, 7.2)

/// The RFC's figure as a value: a state and one deadline. `Figure` holds the rows. What no row names changes nothing.
template <class Figure> class Machine {
public:
    using State = typename Figure::State;
    using Event = typename Figure::Event;
    using Action = typename Figure::Action;
    using Row = typename Figure::Row;
    using Timer = typename Figure::Timer;

    explicit Machine(TimePoint now) { start_timer(now); }

    static constexpr Row step(State now, Event event)
    {
        const auto row = std::ranges::find_if(Figure::rows, [=](auto& r) { return r.from == now && r.on == event; });
        return row == Figure::rows.end() ? Row{now, event, now, Action::none} : *row;
    }

    Action on(Event event, TimePoint now)
    {
        const auto row = step(state_, event);
        const auto* const before = running_in(state_);
        const auto* const after = running_in(row.to);
        state_ = row.to;
        if (after == nullptr)
            deadline_ = TimePoint::max();
        else if (before == nullptr || before->timer != after->timer)
            start_timer(now);
        return row.act;
    }

    /// Does nothing before the deadline, so it may be called whenever some timer fires.
    Action on_deadline(TimePoint now)
    {
        const auto* const running = running_in(state_);
        if (running == nullptr || now < deadline_) return Action::none;
        return on(running->timer, now);
    }

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] bool terminated() const { return state_ == State::terminated; }
    /// TimePoint::max() when no timer runs.
    [[nodiscard]] TimePoint deadline() const { return deadline_; }

private:
    static constexpr const Timer* running_in(State state)
    {
        const auto found = std::ranges::find(Figure::timers, state, &Timer::in);
        return found == Figure::timers.end() ? nullptr : &*found;
    }
    void start_timer(TimePoint now)
    {
        const auto* const running = running_in(state_);
        deadline_ = running == nullptr ? TimePoint::max() : now + running->after;
    }

    State state_{Figure::initial};
    TimePoint deadline_{};
};

} // namespace sotto::transaction
