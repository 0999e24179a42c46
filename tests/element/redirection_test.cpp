// Whom a 3xx names, and in which order they ring (RFC 3261 8.1.3.4, 16.6).
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

struct Redirected {
    World world{with_routes()};
    FlowId alice{world.phone("alice")}, bob{world.phone("bob")}, carol{world.phone("carol")}, dave{world.phone("dave")};

    explicit Redirected(const std::string& contacts)
    {
        dial(world, alice, {.uri = "sip:bob@example.org"});
        world.receive(alice); // 100
        moves(bob, contacts);
    }
    void moves(FlowId phone, const std::string& contacts)
    {
        world.send(phone, answer(world.receive(phone), "302 Moved Temporarily", "Contact: " + contacts + "\n"));
        CHECK(start_line(world.receive(phone)).starts_with("ACK "));
    }
    [[nodiscard]] bool rings(FlowId phone) const { return !world.quiet(phone); }
    void declines(FlowId phone)
    {
        const auto invite = world.receive(phone);
        CHECK(start_line(invite).starts_with("INVITE "));
        world.send(phone, answer(invite, "486 Busy Here"));
        CHECK(start_line(world.receive(phone)).starts_with("ACK "));
    }
};

} // namespace

TEST_CASE("the contacts of a redirection ring by their q, and not by their place", "[rfc3261][8.1.3.4][16.6]")
{
    Redirected call{GENERATE("<sip:carol@example.org>;q=0.3, <sip:dave@example.org>;q=0.9",
                             "<sip:carol@example.org>;q=0.3, <sip:dave@example.org>",
                             "<sip:nobody@example.org>;q=0.5, <sip:carol@example.org>;q=0.25, "
                             "<sip:dave@example.org>;q=0.251")};
    CHECK_FALSE(call.rings(call.carol));
    call.declines(call.dave);
    call.declines(call.carol);
    CHECK(start_line(call.world.receive(call.alice)) == "SIP/2.0 486 Busy Here");
}

TEST_CASE("contacts of a redirection with one q ring together", "[rfc3261][8.1.3.4][16.6]")
{
    Redirected call{GENERATE("<sip:carol@example.org>, <sip:dave@example.org>",
                             "<sip:carol@example.org>;q=0.5, <sip:dave@example.org>;q=0.5")};
    CHECK(call.rings(call.carol));
    CHECK(call.rings(call.dave));
    call.world.send(call.dave, answer(call.world.receive(call.dave), "200 OK", contact));
    CHECK(start_line(call.world.receive(call.alice)) == "SIP/2.0 200 OK");
}

TEST_CASE("who is redirected to redirects further: the highest q is next", "[rfc3261][16.6]")
{
    Redirected call{"<sip:carol@example.org>;q=0.9, <sip:dave@example.org>;q=0.3"};
    const auto eric = call.world.phone("eric");
    call.moves(call.carol, "<sip:eric@example.org>;q=0.8");
    CHECK_FALSE(call.rings(call.dave));
    call.declines(eric);
    call.declines(call.dave);
}

TEST_CASE("whoever was dialled rings before whom a redirection names", "[rfc3261][16.6]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto carol = world.phone("carol");
    const auto desk = world.connect();
    world.registers(desk, "bob", {.contact = "<sip:desk@192.0.2.2>;q=0.1"});
    dial(world, alice, {.uri = "sip:bob@example.org"});
    world.send(bob, answer(world.receive(bob), "302 Moved Temporarily", "Contact: <sip:carol@example.org>\n"));
    CHECK(world.quiet(carol));
    world.send(desk, answer(world.receive(desk), "486 Busy Here"));
    CHECK(start_line(world.receive(carol)).starts_with("INVITE "));
}

TEST_CASE("a trunk's redirection to another number and to a subscriber of ours goes by q as well", "[rfc3261][16.6]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto carol = world.phone("carol");
    const auto trunk = world.domain("one.trunk.example");
    const auto invite = call_out(world, alice, trunk, "sip:+44207946000@example.org");
    const bool ours_first = GENERATE(true, false);
    world.send(trunk, answer(invite, "302 Moved Temporarily",
                             std::string{"Contact: <sip:+44207946111@one.trunk.example;user=phone>;q=0.5, "} +
                                 "<sip:carol@example.org>;q=" + (ours_first ? "0.7" : "0.3") + "\n"));
    CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
    CHECK(world.quiet(carol) != ours_first);
    CHECK(world.quiet(trunk) == ours_first);
    const auto first = ours_first ? carol : trunk;
    world.send(first, answer(world.receive(first), "486 Busy Here"));
    CHECK(start_line(world.receive(ours_first ? trunk : carol)).starts_with("INVITE "));
}
