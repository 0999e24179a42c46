// Who asks about a dialog that is over learns nothing (SEALING.md "Ended dialogs").
#include "element/dialogs.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("a caller's BYE ends the dialog though the callee is gone", "[seal][rfc3261][15.1.1]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.disconnect(bob);
    world.send(alice, request_in(call.ok, "BYE", 3));
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 481"));
    const auto again = world.phone("bob");
    world.send(again, request_in(call.invite, "INFO", 7));
    CHECK(start_line(world.receive(again)).starts_with("SIP/2.0 481"));
    CHECK(world.quiet(alice));
}

TEST_CASE("a phone that no longer knows of a call is asked about it once", "[seal][rfc3261][12.2.1.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    const auto asks = [&](const std::string& method, int cseq, const std::string& extra = {}) {
        world.send(bob, request_in(call.invite, method, cseq, extra));
        if (world.quiet(alice)) return false;
        world.send(alice, answer(world.receive(alice), "481 Call/Transaction Does Not Exist"));
        return true;
    };
    // Of a subscription and of a provisional response alone.
    CHECK(asks("NOTIFY", 7, "Event: refer\nSubscription-State: terminated;reason=noresource\n" + contact));
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
    CHECK(asks("INFO", 8));
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
    CHECK_FALSE(asks("OPTIONS", 9));
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
}

TEST_CASE("a call that never began and whose phones have gone tells nobody who comes back", "[seal][P9]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    dial(world, alice, {.uri = "sip:bob@example.org"});
    const auto invite = world.receive(bob);
    world.send(bob, answer(invite, "180 Ringing", contact));
    world.disconnect(bob);
    world.disconnect(alice);
    const auto alice_again = world.phone("alice");
    const auto bob_again = world.phone("bob");
    world.send(bob_again, request_in(invite, "INFO", 7));
    CHECK(start_line(world.receive(bob_again)).starts_with("SIP/2.0 481"));
    CHECK(world.quiet(alice_again));
}
