#include "element/dialogs.hpp"

using namespace sotto;
using namespace sotto::test;
using namespace std::chrono_literals;

// A connection to another domain has gone while somebody rings there, and nobody is to ring any more (RFC 3261 9.1).

namespace {

struct Ringing {
    World world{with_routes()};
    FlowId alice{world.phone("alice")};
    FlowId trunk{world.domain("one.trunk.example")};
    std::string invite{call_out(world, alice, trunk, "sip:+44207946000@example.org")};

    Ringing()
    {
        world.send(trunk, answer(invite, "180 Ringing", contact));
        REQUIRE(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
    }
    void cancels()
    {
        world.send(alice,
                   "CANCEL sip:+44207946000@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKa-tag2"
                   "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: "
                   "<sip:+44207946000@example.org>\nCall-ID: a-tag@secret-host\nCSeq: 2 CANCEL\n");
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
    void is_told_to_stop(FlowId there)
    {
        const auto cancel = world.receive(there);
        CHECK(start_line(cancel) == "CANCEL sip:+44207946000@one.trunk.example;user=phone SIP/2.0");
        for (const auto* name : {"Via", "From", "Call-ID"}) CHECK(header(cancel, name) == header(invite, name));
        world.send(there, answer(cancel, "200 OK"));
    }
    void is_hung_up_on(FlowId there)
    {
        world.send(there, answer(invite, "200 OK", contact));
        const auto ack = world.receive(there);
        CHECK(start_line(ack) == "ACK sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
        CHECK(header(ack, "CSeq") == header(invite, "CSeq").substr(0, header(invite, "CSeq").find(' ')) + " ACK");
        CHECK(start_line(world.receive(there)) == "BYE sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
        CHECK(world.quiet(alice));
    }
};

} // namespace

TEST_CASE("a caller who gives up while the connection to a trunk is gone is heard there over another one",
          "[rfc3261][9.1]")
{
    Ringing call;
    const auto there = call.world.domain("one.trunk.example");
    if (GENERATE(true, false)) {
        call.world.disconnect(call.trunk);
        call.cancels();
    } else { // the CANCEL went into a connection that had ended unnoticed
        call.cancels();
        call.world.disconnect(call.trunk);
    }
    call.is_told_to_stop(there);
    CHECK(start_line(call.world.receive(call.alice)) == "SIP/2.0 487 Request Terminated");
    SECTION("and stops")
    {
        call.world.send(there, answer(call.invite, "487 Request Terminated"));
        CHECK(start_line(call.world.receive(there)).starts_with("ACK "));
        CHECK(call.world.quiet(call.alice));
    }
    SECTION("and was picked up meanwhile") { call.is_hung_up_on(there); }
}

TEST_CASE("nobody waits for a trunk that cannot be reached any more, and who is picked up there is hung up on",
          "[rfc3261][9.1]")
{
    Ringing call;
    call.world.disconnect(call.trunk);
    call.world.domains.clear();
    call.cancels();
    CHECK(start_line(call.world.receive(call.alice)) == "SIP/2.0 487 Request Terminated");
    call.world.pass(20s);
    call.is_hung_up_on(call.world.domain("one.trunk.example"));
}

TEST_CASE("a trunk that keeps ending its connections is told once more, and not again and again", "[rfc3261][9.1]")
{
    Ringing call;
    call.world.disconnect(call.trunk);
    const auto there = call.world.domain("one.trunk.example");
    call.cancels();
    call.is_told_to_stop(there);
    const auto next = call.world.domain("one.trunk.example");
    call.world.disconnect(there);
    CHECK(call.world.quiet(next));
}
