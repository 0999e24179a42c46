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

TEST_CASE("whoever withholds itself is asked for in vain once, until it speaks again", "[seal][P4]")
{
    World world{with_routes()};
    auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    dial(world, alice, {.uri = "sip:bob@example.org", .extra = "Privacy: id\n"});
    world.receive(alice); // 100
    Established call{world.receive(bob), {}};
    world.send(bob, answer(call.invite, "200 OK", contact));
    call.ok = world.receive(alice);
    int cseq = 6;
    const auto asked = [&](const std::string& method) { // is alice? else 481
        world.send(bob, request_in(call.invite, method, ++cseq));
        if (!world.quiet(alice)) {
            const auto request = world.receive(alice);
            world.send(alice, answer(request, "200 OK"));
            return start_line(world.receive(bob)).starts_with("SIP/2.0 200");
        }
        CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
        return false;
    };
    CHECK(asked("OPTIONS"));
    SECTION("her phone was away")
    {
        world.disconnect(alice);
        CHECK_FALSE(asked("OPTIONS"));
        alice = world.phone("alice");
        for (const auto* method : {"OPTIONS", "INFO", "MESSAGE", "UPDATE"}) CHECK_FALSE(asked(method));
        SECTION("the call can still be ended") { CHECK(asked("BYE")); }
        SECTION("she says herself that she is back")
        {
            world.send(alice, request_in(call.ok, "INFO", 3));
            world.send(bob, answer(world.receive(bob), "200 OK"));
            CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 200"));
            CHECK(asked("INFO"));
        }
    }
    SECTION("her phone swallows a request that it does not know, and is there all the same")
    {
        world.send(bob, request_in(call.invite, "INFO", ++cseq));
        world.receive(alice);
        world.pass(seconds{40});
        while (!world.quiet(bob)) world.receive(bob);
        while (!world.quiet(alice)) world.receive(alice);
        CHECK(asked("UPDATE"));
    }
    SECTION("he hangs up while she is away: nothing is kept of a dialog that has ended")
    {
        world.disconnect(alice);
        const auto before = world.dialogs.size().texts;
        world.send(bob, request_in(call.invite, "BYE", ++cseq));
        CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
        CHECK(world.dialogs.size().texts <= before);
        CHECK_FALSE(asked("OPTIONS"));
    }
    SECTION("she has hung up, and he does not take it")
    {
        world.send(alice, request_in(call.ok, "BYE", 3));
        world.send(bob, answer(world.receive(bob), "403 Forbidden"));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 403"));
        CHECK_FALSE(asked("OPTIONS"));
    }
}

TEST_CASE("who comes to help may ask again for a caller whose phone was away", "[seal][emergency]")
{
    World world{with_routes()};
    auto alice = world.phone("alice");
    const auto psap = world.domain("psap.example");
    dial(world, alice, {.uri = "sip:112@example.org", .extra = "Privacy: id\n"});
    world.receive(alice); // 100
    const auto invite = world.receive(psap);
    world.send(psap, answer(invite, "200 OK", contact));
    world.disconnect(alice);
    const auto info = [&](int cseq) { world.send(psap, request_in(invite, "INFO", cseq)); };
    info(7);
    while (!world.quiet(psap)) world.receive(psap); // 481
    alice = world.phone("alice");
    info(8);
    CHECK(start_line(world.receive(alice)).starts_with("INFO "));
}

TEST_CASE("whom those who come to help refer may ask again, too", "[seal][emergency][rfc3515]")
{
    World world{with_routes()};
    auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto psap = world.domain("psap.example");
    const auto calls_for_help = [&](FlowId phone, const std::string& name) {
        dial(world, phone,
             {.uri = "sip:112@example.org", .extra = "Privacy: id\n", .tag = name + "-h", .caller = name});
        world.receive(phone); // 100
        const auto invite = world.receive(psap);
        world.send(psap, answer(invite, "200 OK", contact));
        world.receive(phone);
        return invite;
    };
    const auto of_alice = calls_for_help(alice, "alice");
    const auto of_bob = calls_for_help(bob, "bob");
    world.send(psap, request_in(of_bob, "REFER", 7, contact + "Refer-To: " + header(of_alice, "Contact") + "\n"));
    const auto refer = world.receive(bob);
    REQUIRE(start_line(refer).starts_with("REFER "));
    const auto to_alice = uri_in(header(refer, "Refer-To"));
    world.send(bob, answer(refer, "202 Accepted", contact));
    world.receive(psap);
    world.disconnect(alice);
    dial(world, bob, {.uri = to_alice, .tag = "first", .caller = "bob"});
    world.receive(bob); // 100
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 480"));
    alice = world.phone("alice");
    dial(world, bob, {.uri = to_alice, .tag = "second", .caller = "bob"});
    CHECK(start_line(world.receive(alice)).starts_with("INVITE "));
}

TEST_CASE("whoever shows itself may be away for a while", "[seal]")
{
    World world{with_routes()};
    auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.disconnect(alice);
    world.send(bob, request_in(call.invite, "INFO", 7));
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
    alice = world.phone("alice");
    world.send(bob, request_in(call.invite, "INFO", 8));
    CHECK(start_line(world.receive(alice)).starts_with("INFO "));
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
