#include "core/transaction/timer_queue.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <set>
#include <vector>

using namespace sotto;
using namespace sotto::transaction;
using namespace std::chrono_literals;

namespace {
constexpr TimePoint start{1h};
std::atomic<std::size_t> allocations{0};
} // namespace

// Of the whole program, so that whatever a queue does is counted.
void* operator new(std::size_t size)
{
    ++allocations;
    if (void* memory = std::malloc(size)) return memory; // NOLINT(cppcoreguidelines-no-malloc)
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    ++allocations;
    return std::malloc(size); // NOLINT(cppcoreguidelines-no-malloc)
}
// Not inlined: gcc would see memory of `new` given to free().
[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
} // NOLINT(cppcoreguidelines-no-malloc)
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory); // NOLINT(cppcoreguidelines-no-malloc)
}

TEST_CASE("timers fire in the order of their deadlines, and none too early", "[timers]")
{
    TimerQueue queue;
    CHECK(queue.next_deadline() == TimePoint::max());
    CHECK_FALSE(queue.pop_due(start));
    queue.schedule(start + 2s, TimerKey{2});
    queue.schedule(start + 1s, TimerKey{1});
    queue.schedule(start + 3s, TimerKey{3});
    CHECK(queue.next_deadline() == start + 1s);
    CHECK_FALSE(queue.pop_due(start + 999ms));
    CHECK(queue.pop_due(start + 1s) == TimerKey{1});
    CHECK_FALSE(queue.pop_due(start + 1s));
    CHECK(queue.pop_due(start + 9s) == TimerKey{2});
    CHECK(queue.pop_due(start + 9s) == TimerKey{3});
    CHECK_FALSE(queue.pop_due(start + 9s));
}

TEST_CASE("a cancelled timer never fires and takes no room", "[timers]")
{
    TimerQueue queue;
    const auto timer_c = queue.schedule(start + 181s, TimerKey{1});
    CHECK(queue.cancel(timer_c));
    CHECK_FALSE(queue.cancel(timer_c));
    CHECK(queue.size() == 0);
    const auto other = queue.schedule(start + 5s, TimerKey{2}); // in the same slot
    CHECK_FALSE(queue.cancel(timer_c));
    CHECK(queue.size() == 1);
    CHECK(queue.pop_due(start + 200s) == TimerKey{2});
    CHECK_FALSE(queue.cancel(other));
    CHECK_FALSE(queue.cancel(TimerHandle{}));
}

TEST_CASE("the queue agrees with a sorted map through a million steps of schedule, cancel and fire", "[timers]")
{
    std::mt19937 dice{7};
    TimerQueue queue;
    struct Expected {
        TimePoint when;
        TimerHandle handle;
    };
    std::map<std::uint64_t, Expected> expected;
    std::multiset<TimePoint> deadlines;
    std::uint64_t next = 1;
    TimePoint now = start;
    for (int step = 0; step < 1'000'000; ++step) {
        const auto choice = dice() % 8;
        if (choice < 4) {
            const auto when = now + milliseconds{dice() % 5000};
            expected[next] = {when, queue.schedule(when, TimerKey{next})};
            deadlines.insert(when);
            ++next;
        } else if (choice < 7 && !expected.empty()) {
            auto victim = expected.lower_bound(dice() % next);
            if (victim == expected.end()) victim = expected.begin();
            if (!queue.cancel(victim->second.handle)) FAIL("a waiting timer could not be cancelled");
            deadlines.erase(deadlines.find(victim->second.when));
            expected.erase(victim);
        } else {
            now += milliseconds{dice() % 20};
            while (const auto key = queue.pop_due(now)) {
                const auto fired = expected.find(key->value);
                if (fired == expected.end() || fired->second.when != *deadlines.begin()) FAIL("not the next timer");
                deadlines.erase(deadlines.begin());
                expected.erase(fired);
            }
        }
        const auto nearest = deadlines.empty() ? TimePoint::max() : *deadlines.begin();
        if (queue.next_deadline() != nearest || queue.size() != expected.size()) FAIL("the queue lost its way");
    }
    SUCCEED();
}

TEST_CASE("timers of a steady load cost no allocation", "[timers][allocations]")
{
    TimerQueue queue;
    std::array<TimerHandle, 1000> running{};
    TimePoint now = start;
    const auto a_second_of_messages = [&] {
        for (std::size_t i = 0; i < running.size(); ++i) {
            queue.cancel(running[i]);
            running[i] = queue.schedule(now + 32s, TimerKey{i});
            queue.schedule(now + 500ms, TimerKey{i});
            now += 1ms;
            while (queue.pop_due(now)) {
            }
        }
    };
    for (int warm_up = 0; warm_up < 100; ++warm_up) a_second_of_messages();
    const auto before = allocations.load();
    for (int second = 0; second < 100; ++second) a_second_of_messages();
    const auto after = allocations.load(); // a check may allocate
    CHECK(after == before);
    const std::vector<int> counted(after % 7 + 1);
    CHECK(counted.size() == after % 7 + 1);
    CHECK(allocations.load() > after);
}
