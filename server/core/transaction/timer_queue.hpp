#pragma once
#include "core/types/time.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sotto::transaction {

/// What a timer is for; the queue does not look into it.
struct TimerKey {
    std::uint64_t value{0};
    auto operator<=>(const TimerKey&) const = default;
};

/// Names one waiting timer. Harmless once the timer has fired or was cancelled.
struct TimerHandle {
    std::uint32_t slot{0};
    std::uint32_t generation{0}; ///< 0: no timer
    explicit operator bool() const { return generation != 0; }
};

/// All timers of one worker, in a heap that knows where each of them stands: cancelling removes, so that Timer C of a
/// call answered after seconds does not wait for its three minutes. Each operation is O(log n); nothing is allocated
/// once the queue has reached its size. Timers due at the same time fire in no particular order.
class TimerQueue {
public:
    TimerHandle schedule(TimePoint when, TimerKey key);
    /// False when there is no such timer any more.
    bool cancel(TimerHandle handle);
    /// TimePoint::max() when nothing waits.
    [[nodiscard]] TimePoint next_deadline() const { return heap_.empty() ? TimePoint::max() : heap_.front().when; }
    /// Removes and returns one timer that is due; nothing when none is.
    std::optional<TimerKey> pop_due(TimePoint now);
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

private:
    struct Waiting {
        TimePoint when;
        std::uint32_t slot;
    };
    struct Slot {
        TimerKey key;
        std::uint32_t generation{1};
        std::uint32_t place{0}; ///< in the heap; in a free slot: the next free one
    };

    void put(std::size_t place, Waiting timer);
    void rise(std::size_t place, Waiting timer);
    void sink(std::size_t place, Waiting timer);
    void remove(std::size_t place);

    std::vector<Waiting> heap_; ///< children of i: 4i+1 to 4i+4
    std::vector<Slot> slots_;
    std::uint32_t free_{UINT32_MAX};
};

} // namespace sotto::transaction
