// Where a request goes that another domain's host, or a route's, has not taken (RFC 3263 4.3).
#include "element/dialogs.hpp"
#include "element/requests.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("what the last host of a name says counts, whatever the first one did", "[rfc3263][4.3]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto first = world.domain("example.net");
    const auto invite = call_out(world, alice, first);
    const auto second = world.domain("example.net");
    if (GENERATE(true, false))
        world.send(first, answer(invite, "503 Service Unavailable"));
    else
        world.disconnect(first);
    const std::string said = GENERATE("480 Temporarily Unavailable", "500 Server Internal Error", "404 Not Found");
    world.send(second, answer(world.receive(second), said));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 " + said);
}

TEST_CASE("a message that a trunk gives up is not sent over the next one too", "[rfc3263][4.3]")
{
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto first = world.domain("one.trunk.example");
    const auto second = world.domain("two.trunk.example");
    alice.send({.method = "MESSAGE",
                .to = "sip:+44207946000@example.org",
                .from = {},
                .body = "Hello",
                .content_type = "text/plain"});
    world.send(first, answer(world.receive(first), "408 Request Timeout"));
    CHECK(world.quiet(second));
}

TEST_CASE("a request inside a call is tried once more only where nothing was said to it", "[rfc3261][12.2.1.1]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto call = establish(world, alice, peer, "sip:bob@example.net");
    const auto again = world.domain("example.net");
    const std::string method = GENERATE("INFO", "BYE");
    world.send(alice, request_in(call.ok, method, 3));
    const auto request = world.receive(peer);
    SECTION("not after an answer, whatever it is")
    {
        world.send(peer,
                   answer(request, GENERATE("503 Service Unavailable", "408 Request Timeout", "430 Flow Failed")));
        CHECK(world.quiet(peer));
        CHECK(world.quiet(again));
    }
    SECTION("but where its connection has ended")
    {
        world.disconnect(peer);
        CHECK(start_line(world.receive(again)) == start_line(request));
    }
}
