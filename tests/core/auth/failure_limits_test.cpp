#include "core/auth/failure_limits.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace sotto;
using namespace sotto::auth;
using namespace std::chrono_literals;

namespace {
const TimePoint start{5000s};
constexpr KeyedHash alice{1, 100};
constexpr KeyedHash bob{2, 200};
constexpr KeyedHash here{3, 300};
constexpr KeyedHash there{4, 400};
} // namespace

TEST_CASE("after as many failures as a minute may have, an account and a source are refused", "[limits]")
{
    FailureLimits limits{10};
    for (int i = 0; i < 10; ++i) {
        CHECK(limits.allows(alice, here, false, start));
        limits.failed(alice, here, start);
    }
    CHECK_FALSE(limits.allows(alice, here, false, start));
    CHECK_FALSE(limits.allows(alice, there, false, start));
    CHECK_FALSE(limits.allows(bob, here, false, start));
    CHECK(limits.allows(bob, there, false, start));

    SECTION("a device whose flow has authenticated before is never locked out")
    {
        CHECK(limits.allows(alice, here, true, start));
    }
    SECTION("it passes: one more attempt each six seconds, all of them after a minute")
    {
        CHECK_FALSE(limits.allows(alice, there, false, start + 5s));
        CHECK(limits.allows(alice, there, false, start + 7s));
        limits.failed(alice, there, start + 7s);
        CHECK_FALSE(limits.allows(alice, there, false, start + 7s));
        for (int i = 0; i < 10; ++i) {
            CHECK(limits.allows(alice, there, false, start + 70s));
            limits.failed(alice, there, start + 70s);
        }
        CHECK_FALSE(limits.allows(alice, there, false, start + 70s));
    }
    SECTION("failing on does not lock for longer than a minute")
    {
        for (int i = 0; i < 1000; ++i) limits.failed(alice, here, start);
        CHECK(limits.allows(alice, here, false, start + 7s));
    }
}

TEST_CASE("0 refuses nobody; the number can be changed while it runs", "[limits]")
{
    FailureLimits limits{0};
    for (int i = 0; i < 1000; ++i) limits.failed(alice, here, start);
    CHECK(limits.allows(alice, here, false, start));
    limits.use(1);
    CHECK(limits.allows(alice, here, false, start));
    limits.failed(alice, here, start);
    CHECK_FALSE(limits.allows(alice, here, false, start));
    limits.use(0);
    CHECK(limits.allows(alice, here, false, start));
}

TEST_CASE("a flood of other names does not make it forget who is over the limit", "[limits]")
{
    FailureLimits limits{10};
    for (int i = 0; i < 10; ++i) limits.failed(alice, here, start);
    std::mt19937_64 random{3};
    for (int i = 0; i < 200'000; ++i) limits.failed({random(), random()}, {random(), random()}, start + 1s);
    CHECK_FALSE(limits.allows(alice, there, false, start + 1s));
    CHECK_FALSE(limits.allows(bob, here, false, start + 1s));
}
