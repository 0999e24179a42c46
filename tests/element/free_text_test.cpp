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
    CHECK(arrives("Reason", "SIP;cause=1234567890, Q.850;cause=016, Q.850;cause=128") == "Q.850;cause=16");
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
