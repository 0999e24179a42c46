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

TEST_CASE("from half of what a minute may have on, answers are slow", "[limits]")
{
    FailureLimits limits{10};
    for (int i = 0; i < 5; ++i) CHECK_FALSE(limits.failed(alice, here, start));
    CHECK(limits.failed(alice, here, start));
    CHECK(limits.failed(bob, here, start));    // the source counts
    CHECK(limits.failed(alice, there, start)); // and the account
    CHECK_FALSE(limits.failed(bob, there, start + 60s));
}

TEST_CASE("who has not failed for a minute is not known any more", "[limits][P9]")
{
    FailureLimits limits{10};
    for (int i = 0; i < 10; ++i) limits.failed(alice, here, start);
    limits.forget(start + 30s);
    CHECK(limits.failed(alice, here, start + 30s)); // half of it still counts
    limits.forget(start + 120s);
    CHECK_FALSE(limits.failed(alice, here, start + 120s));
}
