// Several Contacts of one account (RFC 3261 10.3 step 7), of phones without and with an instance id.
#include "element/requests.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr auto ok = "SIP/2.0 200 OK";

std::string registered(World& world, FlowId flow, const std::string& contact, const std::string& call_id = "reg-1")
{
    const auto response = world.registers(flow, "bob", {.contact = contact, .extra = {}, .call_id = call_id});
    CHECK(start_line(response) == ok);
    return response;
}

std::size_t contacts_in(const std::string& response)
{
    std::size_t count = 0;
    for (auto at = response.find("\nContact:"); at != std::string::npos; at = response.find("\nContact:", at + 1))
        ++count;
    return count;
}

void calls_bob(World& world)
{
    Sender alice{world, "alice"};
    alice.send({.to = "sip:bob@example.org", .from = {}});
}

} // namespace

TEST_CASE("two phones whose Contacts have the same user part both ring, and each leaves alone", "[rfc3261][10.3]")
{
    World world;
    const auto desk = world.connect();
    const auto hall = world.connect();
    registered(world, desk, "<sip:bob@10.0.0.1:5061>", "desk");
    CHECK(contacts_in(registered(world, hall, "<sip:bob@10.0.0.2:5061>", "hall")) == 1);
    registered(world, desk, "<sip:bob@10.0.0.1:5061>", "desk"); // a refresh of each
    registered(world, hall, "<sip:bob@10.0.0.2:5061>", "hall");
    CHECK(world.location.size() == 2);
    calls_bob(world);
    CHECK(start_line(world.receive(desk)) == "INVITE sip:bob@10.0.0.1:5061 SIP/2.0");
    CHECK(start_line(world.receive(hall)) == "INVITE sip:bob@10.0.0.2:5061 SIP/2.0");
    registered(world, hall, "<sip:bob@10.0.0.2:5061>;expires=0", "hall");
    CHECK(world.location.size() == 2); // with Alice's
    registered(world, desk, "<sip:bob@10.0.0.1:5061>;expires=0", "desk");
    CHECK(world.location.size() == 1);
}

TEST_CASE("a phone without instance id that comes from elsewhere is the same phone", "[rfc3261][10.3]")
{
    World world;
    registered(world, world.connect(), "<sip:bob@10.0.0.1:5061>", "desk");
    const auto now = world.connect(); // nobody has noticed yet that the first connection is dead
    registered(world, now, "<sip:bob@10.9.9.9:40000>", "desk");
    CHECK(world.location.size() == 1);
    calls_bob(world);
    CHECK(start_line(world.receive(now)) == "INVITE sip:bob@10.9.9.9:40000 SIP/2.0");
}

TEST_CASE("requests inside a dialog find the second of two phones with the same user part", "[rfc3261][12.2]")
{
    World world;
    const auto desk = world.connect();
    const auto hall = world.connect();
    registered(world, desk, "<sip:bob@10.0.0.1:5061>", "desk");
    registered(world, hall, "<sip:bob@10.0.0.2:5061>", "hall");
    Sender alice{world, "alice"};
    alice.send({.to = "sip:bob@example.org", .from = {}});
    world.receive(desk);
    const auto invite = world.receive(hall);
    world.send(hall, response_to(invite, "200 OK", "Contact: <sip:bob@10.0.0.2:5061>\n"));
    const auto answer = world.receive(alice.flow);
    REQUIRE(start_line(answer) == ok);
    world.send(alice.flow, "BYE " + uri_in(header(answer, "Contact")) +
                               " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                               header(answer, "From") + "\nTo: " + header(answer, "To") +
                               "\nCall-ID: " + header(answer, "Call-ID") + "\nCSeq: 9 BYE\n");
    CHECK(start_line(world.receive(hall)) == "BYE sip:bob@10.0.0.2:5061 SIP/2.0");
}

TEST_CASE("one REGISTER may name several Contacts", "[rfc3261][10.3]")
{
    struct Row {
        std::string contacts;
        std::size_t bindings;
        std::vector<std::string> uris; ///< that ring
    };
    const auto row = GENERATE(values<Row>({
        {"<sip:bob@10.0.0.1>, <sip:bob@10.0.0.2>", 2, {"sip:bob@10.0.0.1", "sip:bob@10.0.0.2"}},
        {"<sip:bob@10.0.0.1>, <sip:bob@10.0.0.2>;expires=0", 1, {"sip:bob@10.0.0.1"}},
        {"<sip:new@x.y>;+sip.instance=\"<urn:uuid:1>\", <sip:old@x.y>;+sip.instance=\"<urn:uuid:1>\";expires=0",
         1,
         {"sip:new@x.y"}},
        {"<sip:old@x.y>;+sip.instance=\"<urn:uuid:1>\";expires=0, <sip:new@x.y>;+sip.instance=\"<urn:uuid:1>\"",
         1,
         {"sip:new@x.y"}},
        {"<sips:x@x.y>;+sip.instance=\"<urn:uuid:1>\", <sip:x@x.y>;+sip.instance=\"<urn:uuid:1>\"", 1, {"sip:x@x.y"}},
    }));
    World world;
    const auto bob = world.connect();
    for (int times = 0; times < 2; ++times) { // and refresh them so
        CHECK(contacts_in(registered(world, bob, row.contacts)) == row.bindings);
        CHECK(world.location.size() == row.bindings);
    }
    calls_bob(world);
    std::vector<std::string> rang;
    while (!world.quiet(bob)) {
        const auto line = start_line(world.receive(bob));
        rang.push_back(line.substr(7, line.rfind(' ') - 7));
    }
    std::ranges::sort(rang);
    CHECK(rang == row.uris);
}

TEST_CASE(
    "a phone without instance id that starts anew rings where it is now, and the old binding ends with its connection",
    "[rfc3261][10.3]")
{
    World world;
    const auto before = world.connect();
    registered(world, before, "<sip:bob@10.0.0.1:40001>", "before");
    const auto now = world.connect(); // the power was cut: nobody has said goodbye, and the Call-ID is a new one
    const auto response = registered(world, now, "<sip:bob@10.0.0.1:40002>", "now");
    CHECK(contacts_in(response) == 1);
    CHECK(world.location.size() == 2); // as 10.3 would have it: it might be a second phone
    calls_bob(world);
    CHECK(start_line(world.receive(now)) == "INVITE sip:bob@10.0.0.1:40002 SIP/2.0");
    CHECK(start_line(world.receive(before)) == "INVITE sip:bob@10.0.0.1:40001 SIP/2.0"); // which nobody acknowledges
    world.disconnect(before);                                                            // so that TCP gives it up
    CHECK(world.location.size() == 2);                                                   // Bob's and Alice's
    registered(world, now, "<sip:bob@10.0.0.1:40002>", "now");                           // it stays the same phone
    CHECK(world.location.size() == 2);
}
