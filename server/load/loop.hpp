#pragma once
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

namespace sotto::load {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Told that its descriptor can be read or written. Edge-triggered: use it until it says EAGAIN.
class Watcher {
public:
    virtual void on_ready(std::uint32_t events) = 0;

protected:
    ~Watcher() = default;
};

/// One thread's events: descriptors, times, and coroutines that may go on. Not thread-safe.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void watch(int descriptor, Watcher& watcher);
    /// Before closing the descriptor; events already fetched for it are dropped.
    void forget(int descriptor);

    void at(TimePoint when, std::function<void()> what);
    /// Goes on after the present callback has returned, so that nobody is resumed inside another object's function.
    void post(std::coroutine_handle<> waiting) { ready_.push_back(waiting); }

    /// Until `done` says so (asked after every round of events).
    void run_until(const std::function<bool()>& done);

private:
    struct Timer {
        TimePoint when;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Timer& other) const { return std::tie(other.when, other.order) < std::tie(when, order); }
    };
    struct Watched {
        Watcher* watcher{nullptr};
        std::uint32_t generation{0};
    };
    void resume_ready();
    void run_timers();
    int wait_limit() const;

    int epoll_;
    std::vector<Watched> watched_; ///< by descriptor
    std::priority_queue<Timer> timers_;
    std::uint64_t order_{0};
    std::deque<std::coroutine_handle<>> ready_;
};

} // namespace sotto::load
