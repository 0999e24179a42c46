#pragma once
#include "core/types/time.hpp"

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace sotto::simulation {

/// An invariant that does not hold; ends the run of this seed.
class Violation : public std::runtime_error {
    using std::runtime_error::runtime_error;
};
inline void require(bool holds, const std::string& what)
{
    if (!holds) throw Violation{what};
}

/// Everything that chance decides comes from here, so that a seed tells the whole story again.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_{seed} {}
    /// 0 to `count` - 1.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
    bool one_in(std::size_t count) { return below(count) == 0; }
    milliseconds up_to(milliseconds most)
    {
        return milliseconds{static_cast<std::int64_t>(below(static_cast<std::size_t>(most.count()) + 1))};
    }

private:
    std::mt19937_64 engine_;
};

/// Virtual time, and what is to happen in it. Events of one time happen in the order in which they were planned.
class Schedule {
public:
    using Event = std::function<void()>;

    [[nodiscard]] TimePoint now() const { return now_; }
    void at(TimePoint time, Event event) { events_.push({std::max(time, now_), ++serial_, std::move(event)}); }
    void after(milliseconds time, Event event) { at(now_ + time, std::move(event)); }
    [[nodiscard]] TimePoint next() const { return events_.empty() ? TimePoint::max() : events_.top().time; }
    [[nodiscard]] bool empty() const { return events_.empty(); }
    void run_next()
    {
        auto event = std::move(const_cast<Planned&>(events_.top()).event); // popped before anything compares it
        now_ = std::max(now_, events_.top().time);
        events_.pop();
        event();
    }
    void advance_to(TimePoint time) { now_ = std::max(now_, time); }

private:
    struct Planned {
        TimePoint time;
        std::uint64_t serial;
        Event event;
        bool operator<(const Planned& other) const
        {
            return time != other.time ? time > other.time : serial > other.serial;
        }
    };
    std::priority_queue<Planned> events_;
    std::uint64_t serial_{0};
    TimePoint now_{std::chrono::hours{1000}};
};

} // namespace sotto::simulation
