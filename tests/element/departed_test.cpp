// A phone whose registration is over is still in its calls: as long as it is connected, the other side reaches it there
// (SEALING.md "Our URIs"), and nobody else does.
#include "element/dialogs.hpp"
#include "element/requests.hpp"

#include <string>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string of_bob{"Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"};

/// Alice rings bob; both Contacts are what they have registered.
struct Call {
    World world;
    FlowId alice{world.phone("alice")};
    FlowId bob{world.phone("bob")};
    std::string invite, ok;

    Call()
    {
        dial(world, alice, {.uri = "sip:bob@example.org"});
        world.receive(alice); // 100
        invite = world.receive(bob);
    }
    void is_answered()
    {
        world.send(bob, answer(invite, "200 OK", of_bob));
        ok = world.receive(alice);
        REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
        world.send(alice, request_in(ok, "ACK", 2));
        REQUIRE_FALSE(world.quiet(bob));
        CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    }
    /// Its registration ends in one of the ways.
    void departs(const std::string& user, const std::string& way)
    {
        const auto own = user == "alice" ? alice : bob;
        if (way == "expiry")
            world.pass(std::chrono::hours{1});
        else if (way == "itself")
            world.registers(own, user, {.contact = "<sip:" + user + "-device@192.0.2.1:5555>;expires=0"});
        else
            world.registers(world.connect(), user, {.contact = "*", .extra = "Expires: 0\n", .call_id = "boots"});
        REQUIRE(world.location.size() == (way == "expiry" ? 0 : 1));
    }
    /// What the other one asks, and what it gets: the status of the answer.
    std::string asks(bool caller, const std::string& method, int cseq)
    {
        const auto [from, to] = caller ? std::pair{alice, bob} : std::pair{bob, alice};
        world.send(from, request_in(caller ? ok : invite, method, cseq, method == "INVITE" ? of_bob : ""));
        if (!world.quiet(to)) world.send(to, answer(world.receive(to), "200 OK", of_bob));
        auto response = world.receive(from);
        if (start_line(response) == "SIP/2.0 100 Trying") response = world.receive(from);
        return start_line(response).substr(8, 3);
    }
};

} // namespace

TEST_CASE("a phone whose registration is over can be put on hold and hung up on", "[rfc3261][12.2]")
{
    const std::string way = GENERATE("itself", "another phone of the account", "expiry");
    const std::string user = GENERATE("alice", "bob");
    CAPTURE(way, user);
    Call call;
    call.is_answered();
    call.departs(user, way);
    CHECK(call.asks(user == "bob", "INFO", 3) == "200");
    CHECK(call.asks(user == "bob", "BYE", 4) == "200");
    CHECK(call.asks(user == "bob", "INFO", 5) == "481");
}

TEST_CASE("a phone that unregisters while it rings hears that its answer has arrived", "[rfc3261][13.2.2.4]")
{
    Call call;
    call.departs("bob", "itself");
    call.is_answered();
    CHECK(call.asks(true, "BYE", 3) == "200");
}

TEST_CASE("outside its calls a phone whose registration is over is not there", "[rfc3261][10.3][P10]")
{
    Call call;
    call.is_answered();
    call.departs("bob", "itself");
    dial(call.world, call.alice, {.uri = "sip:bob@example.org", .tag = "another"});
    call.world.receive(call.alice); // 100
    CHECK(start_line(call.world.receive(call.alice)).starts_with("SIP/2.0 480 "));
    CHECK(call.world.quiet(call.bob));
}

TEST_CASE("a phone whose registration is over is forgotten with its connection", "[growth][P9]")
{
    Call call;
    call.is_answered();
    call.departs("bob", "itself");
    CHECK(call.world.location.departed() == 1);
    call.world.disconnect(call.bob);
    CHECK(call.world.location.departed() == 0);
    CHECK(call.asks(true, "INFO", 3) == "481");
}

TEST_CASE("a phone that registers again is reached where it has", "[rfc3261][12.2]")
{
    Call call;
    call.is_answered();
    call.departs("bob", "itself");
    const auto before = call.bob;
    call.bob = call.world.connect();
    call.world.registers(call.bob, "bob", {.contact = "<sip:bob-device@192.0.2.1:5555;transport=tls>"});
    CHECK(call.world.location.departed() == 0);
    CHECK(call.asks(true, "BYE", 3) == "200");
    CHECK(call.world.quiet(before));
}
