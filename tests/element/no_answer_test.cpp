// Phones that never answer: RFC 3261 16.8, RFC 3665 3.10.
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string to_bob{"sip:bob@example.org"};

/// The ring timeout is longer than any test: what ends a call here is the RFC's own timer.
CoreSettings patient()
{
    auto settings = World::defaults();
    settings.ring_timeout = seconds{100'000};
    return settings;
}

} // namespace

TEST_CASE("Timer C: 181 s after the last sign of life a ringing phone is cancelled", "[rfc3261][16.8]")
{
    const bool answers = GENERATE(true, false);
    World world{patient()};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = to_bob, .from = {}});
    const auto invite = world.receive(bob);
    world.send(bob, response_to(invite, "180 Ringing"));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 180 Ringing");
    world.pass(seconds{100});
    world.send(bob, response_to(invite, "180 Ringing")); // 16.7 step 2: it starts anew
    world.receive(alice.flow);
    world.pass(seconds{180});
    CHECK(world.quiet(bob));
    CHECK(world.quiet(alice.flow));
    world.pass(seconds{1});
    const auto cancel = world.receive(bob);
    CHECK(start_line(cancel) == "CANCEL" + start_line(invite).substr(6));
    CHECK(header(cancel, "Via") == header(invite, "Via"));
    CHECK(world.quiet(alice.flow)); // 9.1: the INVITE is answered by whoever was called, or given up after 64 * T1
    world.send(bob, response_to(cancel, "200 OK"));
    if (answers) {
        world.send(bob, response_to(invite, "487 Request Terminated"));
        CHECK(start_line(world.receive(bob)).substr(0, 4) == "ACK ");
    } else {
        world.pass(seconds{32});
    }
    CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == (answers ? "487" : "480"));
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("a phone that says nothing is not there after 32 s, and its late answer reaches nobody", "[rfc3665][3.10]")
{
    World world{patient()};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = to_bob, .from = {}});
    const auto invite = world.receive(bob);
    world.pass(milliseconds{31'900});
    CHECK(world.quiet(alice.flow));
    world.pass(milliseconds{100});
    CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == "480");
    CHECK(world.quiet(bob));
    world.send(bob, response_to(invite, "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    CHECK(world.quiet(alice.flow));
}
