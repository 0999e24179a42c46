#include "element/dialogs.hpp"
#include "element/requests.hpp"

using namespace sotto;
using namespace sotto::test;
using namespace std::chrono_literals;

// A proxy of the other domain rings several phones behind the one branch that it is here (RFC 3261 12.1.1, 16.6).
// Nothing bills these calls.

namespace {

std::string with_tag_of(std::string message, const std::string& tag)
{
    return message.replace(message.find("g-tag"), 5, tag);
}

struct Forked {
    World world{with_routes()};
    FlowId alice{world.phone("alice")};
    FlowId peer{world.domain("example.net")};
    std::string invite{call_out(world, alice, peer)};

    /// What alice hears of what that phone says.
    std::string says(const std::string& phone, const std::string& status)
    {
        world.send(peer, with_tag_of(answer(invite, status, contact), phone));
        return world.receive(alice);
    }
    void requests(const std::string& phone, const std::string& method)
    {
        world.send(peer, with_tag_of(request_in(invite, method, 7, method == "UPDATE" ? contact : ""), phone));
    }
    void acknowledges(const std::string& ok)
    {
        REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
        world.send(alice, request_in(ok, "ACK", 2));
        REQUIRE(start_line(world.receive(peer)).starts_with("ACK "));
    }
    /// The call is there until she ends it.
    void hangs_up(const std::string& ok)
    {
        world.send(alice, request_in(ok, "BYE", 9));
        const auto bye = world.receive(peer);
        CHECK(start_line(bye).starts_with("BYE "));
        CHECK(header(bye, "To").ends_with(";tag=fb"));
        world.send(peer, answer(bye, "200 OK"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
};

} // namespace

TEST_CASE("a phone behind another domain that has lost the call does not end it", "[rfc3261][12.2.2]")
{
    Forked call;
    call.says("fa", "180 Ringing");
    call.says("fb", "180 Ringing");
    const auto ok = call.says("fb", "200 OK");
    call.acknowledges(ok);
    const auto* method = GENERATE("BYE", "UPDATE", "INFO");
    call.requests("fa", method);
    CHECK(start_line(call.world.receive(call.peer)).starts_with("SIP/2.0 481"));
    CHECK(call.world.quiet(call.alice));
    call.hangs_up(ok);
}

TEST_CASE("nor does it with what it has sent before another one answered", "[rfc3261][12.2.1.2]")
{
    Forked call;
    call.says("fa", "180 Ringing");
    const auto* method = GENERATE("BYE", "INFO");
    call.requests("fa", method);
    const auto at_alice = call.world.receive(call.alice);
    REQUIRE(start_line(at_alice).starts_with(method));
    const bool first = GENERATE(true, false);
    const auto refuses = [&] {
        call.world.send(call.alice, response_to(at_alice, "481 Call Does Not Exist"));
        CHECK(start_line(call.world.receive(call.peer)).starts_with("SIP/2.0 481"));
    };
    if (first) refuses();
    const auto ok = call.says("fb", "200 OK");
    call.acknowledges(ok);
    if (!first) refuses();
    call.hangs_up(ok);
}

TEST_CASE("two phones behind another domain answer, and the later one hangs up by itself", "[rfc3261][13.2.2.4]")
{
    Forked call;
    const auto ok = call.says("fb", "200 OK");
    call.acknowledges(ok);
    call.world.send(call.peer, with_tag_of(answer(call.invite, "200 OK", contact), "fa"));
    call.requests("fa", "BYE");
    CHECK(start_line(call.world.receive(call.peer)).starts_with("ACK "));
    CHECK(start_line(call.world.receive(call.peer)).starts_with("BYE "));
    CHECK(start_line(call.world.receive(call.peer)).starts_with("SIP/2.0 481"));
    CHECK(call.world.quiet(call.alice));
    call.hangs_up(ok);
}

TEST_CASE("a BYE before the answer ends the dialog with the phone that it names, and no other", "[rfc3261][15]")
{
    Forked call;
    const auto early = call.says("fa", "180 Ringing");
    call.says("fb", "180 Ringing");
    call.world.send(call.alice, request_in(early, "BYE", 3));
    const auto bye = call.world.receive(call.peer);
    REQUIRE(header(bye, "To").ends_with(";tag=fa"));
    const auto end = GENERATE(as<std::string>{}, "200 OK", "481 Call/Transaction Does Not Exist", "");
    if (end.empty()) {
        call.world.pass(33s);
        for (const auto flow : {call.alice, call.peer}) // 100 to her, and whether that domain is there
            while (!call.world.quiet(flow)) call.world.receive(flow);
    } else {
        call.world.send(call.peer, answer(bye, end));
        CHECK(start_line(call.world.receive(call.alice)) == "SIP/2.0 " + end);
    }
    SECTION("another one answers")
    {
        const auto ok = call.says("fb", "200 OK");
        call.acknowledges(ok);
        call.hangs_up(ok);
    }
    SECTION("that one has answered all the same")
    {
        CHECK(start_line(call.says("fa", "200 OK")) == "SIP/2.0 487 Request Terminated");
        CHECK(start_line(call.world.receive(call.peer)).starts_with("ACK "));
        CHECK(start_line(call.world.receive(call.peer)).starts_with("BYE "));
    }
    SECTION("nothing more is carried in it")
    {
        call.requests("fa", "INFO");
        CHECK(start_line(call.world.receive(call.peer)).starts_with("SIP/2.0 481"));
        CHECK(call.world.quiet(call.alice));
    }
}

TEST_CASE("whoever is called ends its call with more tags than it can have phones", "[rfc3261][15]")
{
    Forked call;
    for (int phone = 0; phone < 17; ++phone) {
        const auto tag = "f" + std::to_string(phone);
        auto bye = with_tag_of(request_in(call.invite, "BYE", 7), tag);
        bye.replace(bye.find("z9hG4bKin"), 9, "z9hG4bK" + tag);
        call.world.send(call.peer, bye);
        call.world.send(call.alice, response_to(call.world.receive(call.alice), "481 Call Does Not Exist"));
        CHECK(start_line(call.world.receive(call.peer)).starts_with("SIP/2.0 481"));
    }
    CHECK(start_line(call.says("fb", "200 OK")) == "SIP/2.0 487 Request Terminated");
}
