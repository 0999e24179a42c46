// A phone that is between two connections, or has changed its connection, while a call rings (RFC 5626 4.2, RFC 3261
// 9.1).
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string to_bob{"sip:bob@example.org"};
const std::string contact{"<sip:bob-device@192.0.2.1:5555;transport=tls>;+sip.instance=\"<urn:uuid:1>\""};
const std::string desk_contact{"<sip:desk@192.0.2.2>;+sip.instance=\"<urn:uuid:2>\""};
const std::string ok_contact{"Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"};

CoreSettings short_ringing()
{
    auto settings = World::defaults();
    settings.ring_timeout = seconds{5};
    return settings;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

/// Bob's mobile phone: over its first connection, or the next one.
FlowId mobile(World& world, const std::string& q = "1.0")
{
    const auto flow = world.connect();
    world.registers(flow, "bob", {.contact = contact + ";q=" + q});
    return flow;
}

FlowId desk(World& world, const std::string& q = "1.0")
{
    const auto flow = world.connect();
    world.registers(flow, "bob", {.contact = desk_contact + ";q=" + q, .call_id = "desk"});
    return flow;
}

std::string rings(World& world, FlowId phone, FlowId caller)
{
    auto invite = world.receive(phone);
    REQUIRE(start_line(invite).starts_with("INVITE "));
    world.send(phone, response_to(invite, "180 Ringing"));
    CHECK(status(world.receive(caller)) == "180");
    return invite;
}

void caller_hangs_up(World& world, const Sender& alice, const std::string& ringing)
{
    const auto number = header(ringing, "CSeq").substr(0, header(ringing, "CSeq").find(' '));
    world.send(alice.flow, "CANCEL " + to_bob + " SIP/2.0\nVia: " + header(ringing, "Via") +
                               "\nMax-Forwards: 70\nFrom: " + header(ringing, "From") + "\nTo: <" + to_bob +
                               ">\nCall-ID: " + header(ringing, "Call-ID") + "\nCSeq: " + number + " CANCEL\n");
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 200 OK");
}

/// RFC 3261 9.1: the CANCEL belongs to the INVITE that the phone rings for.
void is_cancelled(World& world, FlowId phone, const std::string& invite)
{
    const auto cancel = world.receive(phone);
    CHECK(start_line(cancel) == "CANCEL" + start_line(invite).substr(6));
    CHECK(header(cancel, "Via") == header(invite, "Via"));
    CHECK(header(cancel, "Call-ID") == header(invite, "Call-ID"));
    world.send(phone, response_to(cancel, "200 OK"));
    world.send(phone, response_to(invite, "487 Request Terminated"));
    CHECK(start_line(world.receive(phone)).starts_with("ACK "));
}

/// It gets its ACK, and is not left alone in the call.
void picks_up_in_vain(World& world, FlowId phone, const std::string& invite)
{
    world.send(phone, response_to(invite, "200 OK", ok_contact));
    const auto ack = world.receive(phone);
    CHECK(start_line(ack) == "ACK sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(ack, "CSeq").substr(0, header(ack, "CSeq").find(' ')) ==
          header(invite, "CSeq").substr(0, header(invite, "CSeq").find(' ')));
    const auto bye = world.receive(phone);
    CHECK(start_line(bye) == "BYE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(tag_in(header(bye, "To")) == "answer");
    world.send(phone, response_to(bye, "200 OK"));
}

/// Alice's own copy of the INVITE that rings, as far as her CANCEL repeats it.
std::string called(World& world, Sender& alice, FlowId phone, std::string& invite)
{
    alice.send({.to = to_bob, .from = {}});
    invite = world.receive(phone);
    world.send(phone, response_to(invite, "180 Ringing"));
    return world.receive(alice.flow);
}

/// Alice has called Bob, whose mobile phone rings.
struct Ringing {
    World world{};
    Sender alice{world, "alice"};
    FlowId bob{mobile(world)};
    std::string invite{};                                   ///< as he got it
    std::string ringing{called(world, alice, bob, invite)}; ///< as she did
};

} // namespace

TEST_CASE("the caller's CANCEL reaches a phone that rings on over another connection", "[rfc3261][9.1][rfc5626]")
{
    Ringing call;
    auto& [world, alice, before, invite, ringing] = call;
    const bool noticed = GENERATE(true, false);
    if (noticed) world.disconnect(before);
    const auto after = mobile(world); // else the network has changed, and the old connection hangs in the air
    caller_hangs_up(world, alice, ringing);
    is_cancelled(world, after, invite);
    CHECK(status(world.receive(alice.flow)) == "487");
    if (!noticed) CHECK(world.quiet(before));
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("a phone with two connections is cancelled over the one that is left", "[rfc3261][9.1][rfc5626]")
{
    World world;
    Sender alice{world, "alice"};
    const auto over = [&](int reg_id) {
        const auto flow = world.connect();
        world.registers(
            flow, "bob",
            {.contact = contact + ";reg-id=" + std::to_string(reg_id), .extra = "Supported: outbound, path\n"});
        return flow;
    };
    const auto first = over(1);
    world.pass(seconds{1});
    const auto second = over(2);
    std::string invite;
    const auto ringing = called(world, alice, second, invite);
    const bool lost = GENERATE(true, false);
    if (lost) world.disconnect(second);
    caller_hangs_up(world, alice, ringing);
    is_cancelled(world, lost ? first : second, invite);
    CHECK(world.quiet(first));
    CHECK(status(world.receive(alice.flow)) == "487");
}

TEST_CASE("whoever answers silences the phone that has moved", "[rfc3261][16.7][rfc5626]")
{
    World world;
    Sender alice{world, "alice"};
    const auto before = mobile(world);
    const auto other = desk(world);
    alice.send({.to = to_bob, .from = {}});
    const auto invite = rings(world, before, alice.flow);
    const auto answered = rings(world, other, alice.flow);
    world.disconnect(before);
    const bool in_time = GENERATE(true, false);
    auto after = in_time ? mobile(world) : FlowId{};
    world.send(other, response_to(answered, "200 OK", "Contact: <sip:desk@192.0.2.2>\n"));
    CHECK(status(world.receive(alice.flow)) == "200");
    if (!in_time) after = mobile(world);
    const auto cancel = world.receive(after);
    CHECK(start_line(cancel).starts_with("CANCEL "));
    CHECK(header(cancel, "Reason") == "SIP;cause=200;text=\"Call completed elsewhere\"");
    world.send(after, response_to(invite, "487 Request Terminated"));
    CHECK(start_line(world.receive(after)).starts_with("ACK "));
    CHECK(world.quiet(alice.flow));
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("the ring timeout passes for a phone that is not there as for any other", "[rfc3261][16.8]")
{
    World world{short_ringing()};
    Sender alice{world, "alice"};
    const auto before = mobile(world, "0.9");
    const auto lower = desk(world, "0.2");
    alice.send({.to = to_bob, .from = {}});
    const auto invite = rings(world, before, alice.flow);
    world.disconnect(before);
    CHECK(world.quiet(lower));
    world.pass(seconds{5});
    const auto second = rings(world, lower, alice.flow); // its turn, without another 32 s
    SECTION("the next one is not disturbed when the first picks up after all")
    {
        const auto after = mobile(world, "0.9");
        CHECK(start_line(world.receive(after)).starts_with("CANCEL "));
        picks_up_in_vain(world, after, invite);
        CHECK(world.quiet(alice.flow));
        world.send(lower, response_to(second, "200 OK", "Contact: <sip:desk@192.0.2.2>\n"));
        CHECK(status(world.receive(alice.flow)) == "200");
    }
    SECTION("none answers")
    {
        world.disconnect(lower);
        world.pass(seconds{5});
        CHECK(status(world.receive(alice.flow)) == "480");
    }
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("a caller that hangs up does not wait for a phone that is not there", "[rfc3261][9.1][15]")
{
    Ringing call;
    auto& [world, alice, before, invite, ringing] = call;
    const bool gone_before = GENERATE(true, false); // else it goes before it has answered the CANCEL
    const bool picked_up = GENERATE(true, false);   // meanwhile, else it rings on
    if (gone_before) world.disconnect(before);
    caller_hangs_up(world, alice, ringing);
    if (!gone_before) {
        CHECK(start_line(world.receive(before)).starts_with("CANCEL "));
        CHECK(world.quiet(alice.flow));
        world.disconnect(before);
    }
    const auto refused = world.receive(alice.flow);
    CHECK(status(refused) == "487");
    world.send(alice.flow, "ACK " + to_bob + " SIP/2.0\nVia: " + header(refused, "Via") + "\nMax-Forwards: 70\nFrom: " +
                               header(refused, "From") + "\nTo: " + header(refused, "To") +
                               "\nCall-ID: " + header(refused, "Call-ID") + "\nCSeq: 2 ACK\n");
    world.pass(seconds{10});
    const auto after = mobile(world);
    if (picked_up) {
        CHECK(start_line(world.receive(after)).starts_with("CANCEL "));
        picks_up_in_vain(world, after, invite);
    } else {
        is_cancelled(world, after, invite);
    }
    world.registers(after, "bob", {.contact = contact}); // and is told once
    CHECK(world.quiet(after));
    CHECK(world.quiet(alice.flow));
    world.pass(seconds{70});
    CHECK(world.element.idle());
}

TEST_CASE("a phone that comes back later than anybody remembers is told nothing", "[rfc3261][9.1][growth]")
{
    Ringing call;
    auto& [world, alice, before, invite, ringing] = call;
    world.disconnect(before);
    caller_hangs_up(world, alice, ringing);
    CHECK(status(world.receive(alice.flow)) == "487");
    world.pass(seconds{33});
    CHECK(world.element.idle());
    CHECK(world.quiet(mobile(world)));
}

TEST_CASE("a CANCEL goes where the phone was rung as long as it is connected there, registered or not",
          "[rfc3261][9.1]")
{
    Ringing call;
    auto& [world, alice, phone, invite, ringing] = call;
    world.registers(phone, "bob", {.contact = contact + ";expires=0"});
    REQUIRE(world.location.size() == 1);
    caller_hangs_up(world, alice, ringing);
    is_cancelled(world, phone, invite);
    CHECK(status(world.receive(alice.flow)) == "487");
}

TEST_CASE("a new description that is given up reaches a phone that has moved", "[rfc3261][9.1][14.1]")
{
    World world;
    Sender alice{world, "alice"};
    const auto before = mobile(world);
    alice.send({.to = to_bob, .from = {}});
    world.send(before, response_to(world.receive(before), "200 OK", ok_contact));
    const auto ok = world.receive(alice.flow);
    const auto inside = [&](const std::string& method, const std::string& number) {
        return method + " " + uri_in(header(ok, "Contact")) +
               " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKagain\nMax-Forwards: 70\nFrom: " +
               header(ok, "From") + "\nTo: " + header(ok, "To") + "\nCall-ID: " + header(ok, "Call-ID") +
               "\nCSeq: " + number + " " + method + "\n";
    };
    world.send(alice.flow, inside("INVITE", "100") + "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
    CHECK(status(world.receive(alice.flow)) == "100");
    const auto again = world.receive(before);
    world.send(before, response_to(again, "180 Ringing"));
    CHECK(status(world.receive(alice.flow)) == "180");
    world.disconnect(before);
    const auto after = mobile(world);
    world.send(alice.flow, inside("CANCEL", "100"));
    CHECK(status(world.receive(alice.flow)) == "200");
    is_cancelled(world, after, again);
    CHECK(status(world.receive(alice.flow)) == "487");
}

TEST_CASE("a caller that is between two connections hears how its call has ended", "[rfc3261][18.2.2][rfc5626]")
{
    Ringing call;
    auto& [world, alice, bob, invite, ringing] = call;
    world.disconnect(alice.flow);
    const std::string outcome = GENERATE("486 Busy Here", "603 Decline", "200 OK");
    world.send(bob, response_to(invite, outcome, ok_contact));
    if (outcome != "200 OK") CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    const auto stranger = world.phone("carol");
    alice.flow = world.phone("alice");
    const auto final = world.receive(alice.flow);
    CHECK(start_line(final) == "SIP/2.0 " + outcome);
    CHECK(header(final, "Via") == header(ringing, "Via"));
    world.registers(alice.flow, "alice", {.contact = "<sip:alice-device@192.0.2.1:5555;transport=tls>"});
    CHECK(world.quiet(alice.flow)); // it hears it once
    CHECK(world.quiet(stranger));
    world.pass(seconds{33});
    CHECK(world.element.idle());
}

TEST_CASE("a caller that is between two connections hears that it rings, and then who answers", "[rfc3261][18.2.2]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = mobile(world);
    alice.send({.to = to_bob, .from = {}});
    const auto invite = world.receive(bob);
    world.disconnect(alice.flow);
    world.send(bob, response_to(invite, "180 Ringing"));
    const bool answered = GENERATE(true, false); // before it is back
    const auto ok = response_to(invite, "200 OK", ok_contact);
    if (answered) world.send(bob, ok);
    alice.flow = world.phone("alice");
    if (!answered) {
        CHECK(status(world.receive(alice.flow)) == "180");
        world.send(bob, ok);
    }
    CHECK(status(world.receive(alice.flow)) == "200");
    CHECK(world.quiet(alice.flow));
    world.pass(seconds{33});
    CHECK(world.element.idle());
}

TEST_CASE("a caller that does not come back is waited for no longer than its transaction", "[growth]")
{
    Ringing call;
    auto& [world, alice, bob, invite, ringing] = call;
    world.disconnect(alice.flow);
    world.send(bob, response_to(invite, "486 Busy Here"));
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    world.pass(seconds{33});
    CHECK(world.element.idle());
    CHECK(world.quiet(world.phone("alice")));
}
