// Calls that wait for a connection to another domain: nothing of them has been sent, so there is nothing to cancel.
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string number{"sip:+44207946000@example.org"};

/// Alice's CANCEL of what `dial` has sent.
void hangs_up(World& world, FlowId alice)
{
    world.send(alice, "CANCEL " + number +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKa-tag2\nMax-Forwards: 70\nFrom: "
                          "\"Alice\" <sip:alice@example.org>;tag=a-tag\nTo: <" +
                          number + ">\nCall-ID: a-tag@secret-host\nCSeq: 2 CANCEL\n");
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
}

/// The connection is there now, or will never be: for this call it is all the same.
void comes_to_nothing(World& world, FlowId alice, FlowId trunk)
{
    CHECK(world.quiet(alice));
    const auto asked = world.connects.size();
    world.ways_are_found();
    CHECK(world.connects.size() == asked);
    CHECK(world.quiet(trunk));
    CHECK(world.quiet(alice));
    world.disconnect(trunk); // else it is asked whether it lives
    world.pass(seconds{70});
    CHECK(world.quiet(alice));
    CHECK(world.element.idle());
}

} // namespace

TEST_CASE("whoever hangs up before there is a connection is told at once that the call is over",
          "[rfc3261][9.1][16.10]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto trunk = world.domain(GENERATE("one.trunk.example", "another.example")); // the latter: it fails
    world.ways_wait = true;
    dial(world, alice, {.uri = number});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    hangs_up(world, alice);
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 487 Request Terminated");
    comes_to_nothing(world, alice, trunk);
}

TEST_CASE("so is whoever hangs up between two hosts, whatever the first one said", "[rfc3261][9.1][16.10]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = number});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(trunk);
    const auto second = world.domain(GENERATE("one.trunk.example", "another.example"));
    world.ways_wait = true;
    world.send(trunk, answer(invite, "503 Service Unavailable"));
    CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
    hangs_up(world, alice);
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 487 Request Terminated");
    world.disconnect(trunk);
    comes_to_nothing(world, alice, second);
}

TEST_CASE("a phone that rings beside a call that waits for a connection alone says what becomes of it",
          "[rfc3261][16.7]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto carol = world.phone("carol");
    world.accounts->attach(world.accounts->find("carol", "example.org")->id, "+49302222222", "example.org");
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = number});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto dialled = world.receive(trunk);
    world.ways_wait = true;
    world.send(trunk, answer(dialled, "302 Moved Temporarily",
                             "Contact: <sip:+49302222222@one.trunk.example>, <sip:+44207946111@one.trunk.example>\n"));
    CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
    const auto invite = world.receive(carol);
    world.send(carol, answer(invite, "180 Ringing", "Contact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n"));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
    SECTION("she answers")
    {
        world.send(carol, answer(invite, "200 OK", "Contact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
    SECTION("she declines for everybody")
    {
        world.send(carol, answer(invite, "603 Decline"));
        CHECK(start_line(world.receive(carol)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 603 Decline");
    }
    SECTION("she does not answer in time")
    {
        world.pass(world.settings->ring_timeout);
        CHECK(start_line(world.receive(carol)).starts_with("CANCEL "));
        world.send(carol, answer(invite, "487 Request Terminated"));
        CHECK(start_line(world.receive(carol)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 408 Request Timeout");
    }
    SECTION("Alice hangs up")
    {
        hangs_up(world, alice);
        CHECK(start_line(world.receive(carol)).starts_with("CANCEL "));
        world.send(carol, answer(invite, "487 Request Terminated"));
        CHECK(start_line(world.receive(carol)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 487 Request Terminated");
    }
    while (!world.quiet(trunk)) CHECK(start_line(world.receive(trunk)).starts_with("OPTIONS "));
    comes_to_nothing(world, alice, trunk);
}
