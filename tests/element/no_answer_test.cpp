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
    CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == "480"); // no answer, whoever said the last word
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("Timer C inside a dialog: the offer is given up, and the call goes on", "[rfc3261][16.8][12.2.1.2]")
{
    World world{patient()};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = to_bob, .from = {}});
    const auto first = world.receive(bob);
    world.send(bob, response_to(first, "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(alice.flow);
    const auto inside = [&](const std::string& method, const std::string& number) {
        world.send(alice.flow, method + " " + uri_in(header(ok, "Contact")) +
                                   " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKin" + number + method +
                                   "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                                   "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: " + number + " " + method +
                                   "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
    };
    inside("ACK", header(ok, "CSeq").substr(0, header(ok, "CSeq").find(' ')));
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    inside("INVITE", "100");
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 100 Trying");
    const auto again = world.receive(bob);
    world.send(bob, response_to(again, "180 Ringing"));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 180 Ringing");
    world.pass(seconds{181});
    const auto cancel = world.receive(bob);
    CHECK(start_line(cancel).starts_with("CANCEL "));
    world.send(bob, response_to(cancel, "200 OK"));
    world.send(bob, response_to(again, "487 Request Terminated"));
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 487 Request Terminated"); // a 408 would end her call
    inside("BYE", "101");
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));
}

TEST_CASE("those with a lower q have the whole ring timeout for themselves", "[rfc3261][16.6][16.8]")
{
    auto settings = World::defaults();
    settings.ring_timeout = seconds{20};
    World world{settings};
    Sender alice{world, "alice"};
    world.accounts->add("bob", "example.org");
    const auto phone = [&](const std::string& name, const std::string& q) {
        const auto flow = world.connect();
        world.registers(flow, "bob", {.contact = "<sip:" + name + "@192.0.2.1>;q=" + q, .call_id = name});
        return flow;
    };
    const auto desk = phone("desk", "0.9");
    const auto mobile = phone("mobile", "0.2");
    const auto rings = [&](FlowId flow) {
        auto invite = world.receive(flow);
        world.send(flow, response_to(invite, "180 Ringing"));
        CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 180 Ringing");
        return invite;
    };
    const auto given_up = [&](FlowId flow, const std::string& invite) {
        const auto cancel = world.receive(flow);
        CHECK(start_line(cancel) == "CANCEL" + start_line(invite).substr(6));
        world.send(flow, response_to(cancel, "200 OK"));
        world.send(flow, response_to(invite, "487 Request Terminated"));
        CHECK(start_line(world.receive(flow)).substr(0, 4) == "ACK ");
    };
    alice.send({.to = to_bob, .from = {}});
    const auto first = rings(desk);
    const bool refuses = GENERATE(false, true);
    if (refuses) {
        world.pass(seconds{12});
        world.send(desk, response_to(first, "486 Busy Here"));
        CHECK(start_line(world.receive(desk)).substr(0, 4) == "ACK ");
    } else {
        world.pass(seconds{20});
        given_up(desk, first);
    }
    const auto second = rings(mobile);
    world.pass(seconds{19});
    CHECK(world.quiet(mobile));
    SECTION("answered in time")
    {
        world.send(mobile, response_to(second, "200 OK", "Contact: <sip:mobile@192.0.2.1>\n"));
        CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 200 OK");
    }
    SECTION("refused: the first one's silence does not hide it")
    {
        world.send(mobile, response_to(second, "488 Not Acceptable Here"));
        CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == "488");
    }
    SECTION("not answered either")
    {
        world.pass(seconds{1});
        given_up(mobile, second);
        CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == (refuses ? "486" : "480"));
    }
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
