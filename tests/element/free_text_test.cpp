#include "element/dialogs.hpp"
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

// What a value looks like when a sender writes whatever it likes where a word or a number is expected: known words and
// numbers remain, in one spelling.

TEST_CASE("words and numbers of headers are known ones, in one spelling", "[privacy]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto arrives = [&](const std::string& name, const std::string& value) {
        alice.send({.to = "sip:bob@example.org", .headers = name + ": " + value + "\n"});
        return header(world.receive(bob), name);
    };
    CHECK(arrives("Session-Expires", "1800;refresher=zzcanary") == "1800");
    CHECK(arrives("Session-Expires", "0001800;refresher=UAS") == "1800;refresher=uas");
    CHECK(arrives("Session-Expires", "1234567890") == "86400");
    CHECK(arrives("Expires", "000120") == "120");
    CHECK(arrives("Expires", "99999999999999999999") == "86400");
    CHECK(arrives("Min-SE", "0090") == "90");
    CHECK(arrives("Min-SE", "90zzcanary").empty());
    CHECK(arrives("Reason", "SIP;cause=200").empty()); // it ends a call
}

TEST_CASE("why a call ended is a cause of each protocol, in an order of ours, and no row of them", "[privacy][rfc3326]")
{
    struct Causes {
        std::string said, arrive;
    };
    const auto causes = GENERATE(
        Causes{"SIP;cause=1234567890, Q.850;cause=016, Q.850;cause=128", "Q.850;cause=16"},
        Causes{"Q.850;cause=16;text=\"x\", Q.850;cause=17\nReason: q.850;cause=18, X;cause=1", "Q.850;cause=16"},
        Causes{"SIP;cause=486, Q.850;cause=17", "SIP;cause=486, Q.850;cause=17"},
        Causes{"Q.850;cause=17, SIP;cause=486", "SIP;cause=486, Q.850;cause=17"},
        Causes{"Q.850;cause=17\nReason: SIP;cause=486", "SIP;cause=486, Q.850;cause=17"});
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(alice, request_in(call.ok, "BYE", 3, "Reason: " + causes.said + "\n"));
    CHECK(header(world.receive(bob), "Reason") == causes.arrive);
}

TEST_CASE("a subscription that lasts says how long, and one that has ended why", "[privacy][rfc6665][4.1.3]")
{
    struct State {
        std::string said, arrives;
    };
    const auto state = GENERATE(
        values<State>({{"active;expires=60;reason=rejected;retry-after=71234", "active;expires=60"},
                       {"Pending;EXPIRES=060;zz=canary", "pending;expires=60"},
                       {"terminated;reason=noresource;expires=71234;retry-after=71234", "terminated;reason=noresource"},
                       {"terminated;reason=probation;retry-after=30", "terminated;reason=probation;retry-after=30"},
                       {"terminated;retry-after=71234", "terminated"}}));
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(alice, request_in(call.ok, "NOTIFY", 3, "Event: refer\nSubscription-State: " + state.said + "\n"));
    CHECK(header(world.receive(bob), "Subscription-State") == state.arrives);
}

TEST_CASE("the subject of a subscription has the id of a REFER, or none", "[privacy][rfc3515][2.4.6]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.accounts->add("carol", "example.org");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(bob, request_in(call.invite, "REFER", 71, "Refer-To: <sip:carol@example.org>\n" + contact));
    const auto refer = world.receive(alice);
    const auto number = header(refer, "CSeq").substr(0, header(refer, "CSeq").find(' '));
    int cseq = 3;
    const auto arrives = [&](const std::string& event) {
        world.send(alice, request_in(call.ok, "NOTIFY", cseq++, "Event: " + event + "\nSubscription-State: active\n"));
        return header(world.receive(bob), "Event");
    };
    CHECK(arrives("refer;id=" + number) == "refer;id=71");
    for (const auto* other : {"0", "3735928559", "4294967295", "canary"})
        CHECK(arrives(std::string{"REFER;id="} + other) == "refer");
    CHECK(arrives("infoDtmf;id=71234") == "infoDtmf");
}

TEST_CASE("a CSeq shows what its phone has counted in no half of the numbers", "[privacy][rfc3261][8.1.1.5]")
{
    const int first = GENERATE(3, 1'500'000'000);
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    const auto number = [&](int cseq) {
        world.send(alice, request_in(call.ok, "INFO", cseq));
        return std::stol(header(world.receive(bob), "CSeq"));
    };
    const auto one = number(first);
    CHECK(one != first);
    CHECK(number(first + 2) == one + 2);
}

TEST_CASE("an RSeq shows what its phone has counted in no half of the numbers", "[privacy][rfc3262][3]")
{
    const std::uint32_t first = GENERATE(7'001U, 2'147'483'648U, 4'000'000'000U);
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    dial(world, alice, {.uri = "sip:bob@example.org"});
    world.receive(alice); // 100
    const auto invite = world.receive(bob);
    const auto arrives = [&](std::uint32_t number) {
        world.send(bob, answer(invite, "183 Session Progress",
                               "Require: 100rel\nRSeq: " + std::to_string(number) + "\n" + contact));
        return world.receive(alice);
    };
    const auto progress = arrives(first);
    const auto shown = std::stoul(header(progress, "RSeq"));
    CHECK(shown != first);
    CHECK(std::stoul(header(arrives(first + 1), "RSeq")) == shown + 1);
    world.send(alice, request_in(progress, "PRACK", 3, "RAck: " + std::to_string(shown) + " 2 INVITE\n"));
    CHECK(header(world.receive(bob), "RAck").starts_with(std::to_string(first) + " "));
}

TEST_CASE("a body is handled in one of two ways", "[privacy]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto arrives = [&](const std::string& value) {
        alice.send({.method = "MESSAGE",
                    .to = "sip:bob@example.org",
                    .headers = "Content-Disposition: " + value + "\n",
                    .body = "hello",
                    .content_type = "text/plain"});
        return header(world.receive(bob), "Content-Disposition");
    };
    CHECK(arrives("session;handling=zzcanary") == "session");
    for (const auto* said : {"render", "Render;handling=required", "render;handling=zzcanary"})
        CHECK(arrives(said).empty()); // what holds without: it tells one make of phones from another
    CHECK(arrives("Render;zz=zzcanary;handling=Optional") == "render;handling=optional");
    CHECK(arrives("zzcanary").empty());
}

TEST_CASE("the number of hops tells neither the phone nor its habits, and still ends a loop", "[privacy]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto left = [&](int forwards) {
        alice.send({.to = "sip:bob@example.org", .max_forwards = forwards});
        return header(world.receive(bob), "Max-Forwards");
    };
    CHECK(left(70) == "29");
    CHECK(left(30) == "29");
    CHECK(left(29) == "19");
    CHECK(left(17) == left(12));
    CHECK(left(9) == "8");
    CHECK(left(1) == "0");
}
