// RFC 6076: how long requests wait for their first answer, as the metrics count it.
#include "element/requests.hpp"

#include <catch2/catch.hpp>

#include <numeric>

using namespace sotto;
using namespace sotto::test;

namespace {

struct Waited {
    std::uint64_t requests;
    std::chrono::nanoseconds sum;
    bool operator==(const Waited&) const = default;
};

Waited waited(const World& world, std::string_view name)
{
    const auto& times = world.element.answer_times();
    const auto at = std::ranges::find(times.names, name) - times.names.begin();
    const auto& one = times.by_name.at(static_cast<std::size_t>(at));
    return {std::accumulate(one.buckets.begin(), one.buckets.end(), std::uint64_t{0}), one.sum};
}

} // namespace

TEST_CASE("the first answer counts, once; neither 100 nor a challenge does", "[metrics][rfc6076]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    CHECK(waited(world, "REGISTER") == Waited{2, seconds{0}}); // each was challenged first
    alice.send({.to = "sip:bob@example.org", .from = {}});
    const auto invite = world.receive(bob);
    CHECK(waited(world, "INVITE") == Waited{0, seconds{0}}); // it was challenged, and has got a 100
    world.pass(seconds{3});
    world.send(bob, response_to(invite, "180 Ringing"));
    CHECK(waited(world, "INVITE") == Waited{1, seconds{3}});
    world.pass(seconds{20});
    world.send(bob, response_to(invite, "486 Busy Here"));
    CHECK(waited(world, "INVITE") == Waited{1, seconds{3}});
    CHECK(waited(world, "BYE") == Waited{0, seconds{0}});
}
