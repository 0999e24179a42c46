#include "core/routing/rate_limit.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace sotto;

namespace {

constexpr TimePoint start{std::chrono::hours{100}};
constexpr KeyedHash one{1, 1}, other{2, 2};

} // namespace

TEST_CASE("so many in a minute that begins with the first one, for each sender")
{
    RateLimit limit;
    CHECK(limit.allows(one, 2, start));
    CHECK(limit.allows(one, 2, start + seconds{50}));
    CHECK_FALSE(limit.allows(one, 2, start + seconds{59}));
    CHECK(limit.allows(other, 2, start + seconds{59})); // whose minute begins now
    CHECK(limit.allows(one, 2, start + seconds{60}));
    CHECK(limit.allows(other, 2, start + seconds{61}));
    CHECK_FALSE(limit.allows(other, 2, start + seconds{118}));
    CHECK(limit.allows(other, 2, start + seconds{119}));
    CHECK(limit.allows(other, 0, start + seconds{119})); // no limit
}

TEST_CASE("workers share what a sender may do")
{
    RateLimit limit;
    std::atomic<int> allowed{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i)
        workers.emplace_back([&] {
            for (int n = 0; n < 1000; ++n)
                if (limit.allows(one, 600, start + milliseconds{n})) ++allowed;
        });
    for (auto& worker : workers) worker.join();
    CHECK(allowed == 600);
}
