#include "core/retention/timekeeper.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace sotto;
using namespace sotto::retention;
using namespace std::chrono_literals;

namespace {
constexpr Time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};
} // namespace

TEST_CASE("a clock that somebody sets forward ends nothing early")
{
    Timekeeper time{start};
    CHECK(time.observe({start + 1min, 1000s}) == start + 1min);
    CHECK(time.observe({start + days{400}, 1060s}) == start + 2min);
    CHECK(time.doubts());
    CHECK(time.observe({start + 3min, 1120s}) == start + 3min); // set right again
    CHECK_FALSE(time.doubts());
    CHECK(time.observe({start + 1h, 1180s}) == start + 4min); // no doubt, and yet no time that has not passed
}

TEST_CASE("a second counts once it has passed, wherever the two clocks begin theirs")
{
    Timekeeper time{start};
    time.observe({start, 999'900ms});
    CHECK(time.observe({start, 1'000'100ms}) == start);
    CHECK(time.observe({start, 1'000'899ms}) == start);
    CHECK(time.observe({start + 1s, 1'000'900ms}) == start + 1s);
}

TEST_CASE("a clock that is set back keeps nothing late")
{
    Timekeeper time{start};
    time.observe({start, 1000s});
    CHECK(time.observe({start - days{300}, 1000s + days{2}}) == start + days{2});
    CHECK_FALSE(time.doubts());
}

TEST_CASE("a steered clock is believed, whatever was believed before")
{
    Timekeeper time{start + days{500}};
    CHECK(time.observe({start, 1000s, true}) == start);
    CHECK(time.observe({start + days{40}, 1010s, true}) == start + days{40});
}

TEST_CASE("after downtime the clock is believed for a week, then an operator is asked")
{
    Timekeeper week{start};
    CHECK(week.observe({start + days{7}, 5s}) == start + days{7});
    Timekeeper month{start};
    CHECK(month.observe({start + days{30}, 5s}) == start);
    CHECK(month.doubts());
    month.confirm({start + days{30}, 6s});
    CHECK(month.observe({start + days{30} + 1s, 7s}) == start + days{30} + 1s);
}

TEST_CASE("a call is dated by the calendar, but by the even clock where the calendar has jumped by more than a week")
{
    Timekeeper time{start};
    time.observe({start, 1000s});
    for (const auto jump : {-days{7}, -days{1}, days{0}, days{1}, days{7}})
        CHECK(time.date({start + jump + 1min, 1060s}) == start + jump + 1min);
    for (const auto jump : {-days{400}, -days{8}, days{8}, days{400}})
        CHECK(time.date({start + jump, 1060s}) == start + 1min);
    CHECK(time.date({start + days{400}, 1060s, true}) == start + days{400}); // a time server says so
}

TEST_CASE("after a long downtime calls are dated by the calendar though retention waits, until it jumps")
{
    Timekeeper time{start};
    CHECK(time.date({start + days{30}, 5s}) == start + days{30});
    CHECK(time.doubts());
    CHECK(time.date({start + days{430}, 65s}) == start + days{30} + 1min);
    Timekeeper behind{start}; // no battery keeps the time
    CHECK(behind.date({Time{}, 5s}) == start);
}

TEST_CASE("whatever an unsteered clock does, time goes on evenly while the machine runs")
{
    std::mt19937_64 engine{Catch::rngSeed() + 7};
    const auto between = [&](long long from, long long to) { return std::uniform_int_distribution{from, to}(engine); };
    for (int round = 0; round < 1000; ++round) {
        Timekeeper time{Time{}};
        seconds running{between(0, 1'000'000)};
        REQUIRE(time.observe({start, running}) == start);
        const auto began = running;
        for (int step = 0; step < 20; ++step) {
            running += seconds{between(0, 100'000)};
            const auto believed = time.observe({start + seconds{between(-100'000'000, 100'000'000)}, running});
            REQUIRE(believed == start + (running - began)); // nothing late, nothing early
        }
    }
}
