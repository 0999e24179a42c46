#include "core/transaction/timer_queue.hpp"

#include <algorithm>

namespace sotto::transaction {

namespace {
constexpr std::size_t arity = 4; // shallower than a binary heap, and siblings share a cache line
}

TimerHandle TimerQueue::schedule(TimePoint when, TimerKey key)
{
    if (free_ == UINT32_MAX) {
        free_ = static_cast<std::uint32_t>(slots_.size());
        slots_.push_back({.place = UINT32_MAX});
    }
    heap_.push_back({});
    const auto index = free_;
    Slot& slot = slots_[index];
    free_ = slot.place;
    slot.key = key;
    rise(heap_.size() - 1, {when, index});
    return {index, slot.generation};
}

bool TimerQueue::cancel(TimerHandle handle)
{
    if (handle.slot >= slots_.size() || slots_[handle.slot].generation != handle.generation) return false;
    remove(slots_[handle.slot].place);
    return true;
}

std::optional<TimerKey> TimerQueue::pop_due(TimePoint now)
{
    if (next_deadline() > now || heap_.empty()) return std::nullopt;
    const auto key = slots_[heap_.front().slot].key;
    remove(0);
    return key;
}

void TimerQueue::put(std::size_t place, Waiting timer)
{
    heap_[place] = timer;
    slots_[timer.slot].place = static_cast<std::uint32_t>(place);
}

void TimerQueue::rise(std::size_t place, Waiting timer)
{
    while (place > 0) {
        const auto parent = (place - 1) / arity;
        if (heap_[parent].when <= timer.when) break;
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, timer);
}

void TimerQueue::sink(std::size_t place, Waiting timer)
{
    for (;;) {
        const auto first = place * arity + 1;
        if (first >= heap_.size()) break;
        const auto last = std::min(first + arity, heap_.size());
        auto least = first;
        for (auto child = first + 1; child < last; ++child)
            if (heap_[child].when < heap_[least].when) least = child;
        if (heap_[least].when >= timer.when) break;
        put(place, heap_[least]);
        place = least;
    }
    put(place, timer);
}

void TimerQueue::remove(std::size_t place)
{
    const auto index = heap_[place].slot;
    const auto last = heap_.back();
    heap_.pop_back();
    if (place < heap_.size()) {
        if (place > 0 && heap_[(place - 1) / arity].when > last.when)
            rise(place, last);
        else
            sink(place, last);
    }

    Slot& slot = slots_[index];
    if (++slot.generation == 0) slot.generation = 1;
    slot.key = {};
    slot.place = free_;
    free_ = index;
}

} // namespace sotto::transaction
