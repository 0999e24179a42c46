// RFC 5626: one device over several flows.
#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr auto supported = "Supported: outbound, path\n";
constexpr auto edge_via = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKphone\n";

std::string contact(int reg_id, const std::string& extra = "")
{
    return "<sip:bob-device@192.0.2.1:5555;transport=tls>;+sip.instance=\"<urn:uuid:1>\";reg-id=" +
           std::to_string(reg_id) + extra;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

/// Bob's device, over the second one later than over the first one.
std::pair<FlowId, FlowId> two_flows(World& world)
{
    const auto first = world.connect();
    const auto second = world.connect();
    world.registers(first, "bob", {.contact = contact(1), .extra = supported});
    world.pass(seconds{1});
    world.registers(second, "bob", {.contact = contact(2), .extra = supported});
    return {first, second};
}

/// Alice's INVITE to Bob, past the challenge.
void calls(World& world, FlowId alice)
{
    const auto invite = [](const std::string& number, const std::string& credentials) {
        return "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKcall" + number +
               "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <sip:bob@example.org>\nCall-ID: call\n"
               "CSeq: " +
               number + " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + credentials;
    };
    static int number = 0;
    world.send(alice, invite(std::to_string(++number), ""));
    const auto challenge = world.receive(alice);
    world.send(alice, invite(std::to_string(++number),
                             world.credentials(challenge, "alice", "INVITE", "sip:bob@example.org")));
    CHECK(status(world.receive(alice)) == "100");
}

/// His phone's first flow, or the one that takes its place.
FlowId bob_connects(World& world)
{
    const auto flow = world.connect();
    world.registers(flow, "bob", {.contact = contact(1), .extra = supported});
    return flow;
}

std::string answer(const std::string& request, const std::string& status_line)
{
    return "SIP/2.0 " + status_line + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + header(request, "To") + ";tag=b\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\n";
}

} // namespace

TEST_CASE("a flow of several is confirmed with Require: outbound and a Flow-Timer", "[rfc5626][6]")
{
    World world;
    const auto ok = world.registers(world.connect(), "bob", {.contact = contact(1), .extra = supported});
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Require") == "outbound");
    CHECK(header(ok, "Flow-Timer") == "120");
    CHECK(header(ok, "Contact").find("reg-id=1") != std::string::npos);
}

TEST_CASE("without reg-id or without Supported: outbound nothing is required", "[rfc5626][6]")
{
    World world;
    const auto [what, extra] = GENERATE(
        std::pair{std::string{"<sip:bob-device@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\""}, std::string{supported}},
        std::pair{std::string{"<sip:bob-device@192.0.2.1>;reg-id=1"},
                  std::string{supported}}, // 6: ignored without instance
        std::pair{contact(1), std::string{"Supported: path\n"}});
    const auto ok = world.registers(world.connect(), "bob", {.contact = what, .extra = extra});
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Require").empty());
    CHECK(header(ok, "Flow-Timer").empty());
}

TEST_CASE("a first hop without outbound: 439 for a phone that counts on it, reg-id ignored for others", "[rfc5626][6]")
{
    World world;
    const auto [path, extra, expected] = GENERATE(
        std::tuple{std::string{}, std::string{supported}, std::string{"439"}},
        std::tuple{std::string{"Path: <sip:t@edge.example.org;lr>\n"}, std::string{supported}, std::string{"439"}},
        std::tuple{std::string{"Path: <sip:t@edge.example.org;lr;ob>\n"}, std::string{supported}, std::string{"200"}},
        std::tuple{std::string{}, std::string{}, std::string{"200"}});
    const auto edge = world.connect();
    const auto response =
        world.registers(edge, "bob", {.contact = contact(1), .extra = extra + path, .more_vias = edge_via});
    CHECK(status(response) == expected);
    CHECK(header(response, "Require").empty() == (expected == "439" || extra.empty()));
    if (expected == "200" && extra.empty()) { // ignored: another reg-id is the same binding
        world.registers(edge, "bob", {.contact = contact(2), .more_vias = edge_via});
        CHECK(world.location.size() == 1);
    }
}

TEST_CASE("only a phone that is connected here gives its signs of life here", "[rfc5626][5.4]")
{
    World world;
    const auto edge = world.connect();
    const auto ok = world.registers(edge, "bob",
                                    {.contact = contact(1),
                                     .extra = std::string{supported} + "Path: <sip:t@edge.example.org;lr;ob>\n",
                                     .more_vias = edge_via});
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Require") == "outbound");
    CHECK(header(ok, "Flow-Timer").empty());
    CHECK(world.flow(edge).keep_alive == seconds{0});
}

TEST_CASE("one REGISTER makes one flow", "[rfc5626][6]")
{
    World world;
    const auto flow = world.connect();
    const auto second = ", <sip:bob-device@192.0.2.1>;+sip.instance=\"<urn:uuid:2>\"";
    CHECK(status(world.registers(flow, "bob", {.contact = contact(1) + second})) == "400");
    CHECK(world.location.size() == 0);
    // An old one may go at the same time.
    CHECK(status(world.registers(flow, "bob", {.contact = contact(1) + second + ";expires=0"})) == "200");
}

TEST_CASE("the key of a binding is instance and reg-id, not the URI", "[rfc5626][6]")
{
    World world;
    const auto flow = bob_connects(world);
    world.registers(
        flow, "bob",
        {.contact = "<sip:other-name@192.0.2.9>;+sip.instance=\"<urn:uuid:1>\";reg-id=1", .extra = supported});
    CHECK(world.location.size() == 1);
    world.registers(world.connect(), "bob", {.contact = contact(2), .extra = supported});
    CHECK(world.location.size() == 2);
}

TEST_CASE("a flow goes under its reg-id; a device that names none takes its leave over all of them", "[rfc5626][4.2.2]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto first = world.connect();
    const auto second = world.connect();
    world.registers(first, "bob", {.contact = contact(1), .extra = supported});
    world.registers(second, "bob", {.contact = contact(2), .extra = supported});
    const auto other = world.connect();
    world.registers(other, "bob", {.contact = "<sip:desk@192.0.2.1>;+sip.instance=\"<urn:uuid:2>\"", .call_id = "o"});
    REQUIRE(world.location.size() == 4);

    SECTION("under its reg-id, whichever flow says so")
    {
        const auto ok = world.registers(second, "bob",
                                        {.contact = contact(1, ";expires=0"), .extra = supported, .call_id = "reg-9"});
        CHECK(status(ok) == "200");
        CHECK(world.location.size() == 3);
        world.disconnect(second); // 7: its own binding dies with it all the same
        CHECK(world.location.size() == 2);
    }
    SECTION("without reg-id")
    {
        const auto ok = world.registers(
            first, "bob", {.contact = "<sip:bob-device@192.0.2.1:5555>;+sip.instance=\"<urn:uuid:1>\";expires=0"});
        CHECK(status(ok) == "200");
        CHECK(header(ok, "Contact").empty());
        CHECK(world.location.size() == 2);
        calls(world, alice);
        CHECK(world.quiet(first));
        CHECK(world.quiet(second));
        CHECK(start_line(world.receive(other)).starts_with("INVITE sip:desk@"));
    }
    SECTION("not with a CSeq that is over")
    {
        // RFC 3261 10.3 step 7; "reg-1" has been used up to a much higher one
        const auto leave = [&](const std::string& number, const std::string& credentials) {
            world.send(first, "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKlow" +
                                  number +
                                  "\nMax-Forwards: 70\nFrom: <sip:bob@example.org>;tag=r\nTo: <sip:bob@example.org>\n"
                                  "Call-ID: reg-1\nCSeq: 1 REGISTER\nContact: <sip:bob-device@192.0.2.1>;"
                                  "+sip.instance=\"<urn:uuid:1>\";expires=0\n" +
                                  credentials);
            return world.receive(first);
        };
        const auto challenge = leave("1", "");
        CHECK(status(leave("2", world.credentials(challenge, "bob", "REGISTER", "sip:example.org"))) == "500");
        CHECK(world.location.size() == 4);
    }
}

TEST_CASE("a re-registration moves the binding to the connection it came over", "[rfc5626][6]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = bob_connects(world);
    const auto after = bob_connects(world);
    world.disconnect(before);
    calls(world, alice);
    CHECK(start_line(world.receive(after)) == "INVITE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
}

TEST_CASE("a call that went into a connection which had ended follows the phone to its next one", "[rfc5626][7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = bob_connects(world);
    calls(world, alice);
    CHECK(start_line(world.receive(before)).starts_with("INVITE ")); // the phone is in another network already
    const auto after = bob_connects(world);
    CHECK(world.quiet(after));
    world.disconnect(before);
    CHECK(world.quiet(alice));
    CHECK(start_line(world.receive(after)).starts_with("INVITE "));
    world.disconnect(after);
    CHECK(status(world.receive(alice)) == "480");
}

TEST_CASE("a phone whose branch was given up is not looked for when its connection ends", "[rfc5626][7][rfc3261][16.7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = bob_connects(world);
    const auto desk = world.connect();
    world.registers(desk, "bob", {.contact = "<sip:desk@192.0.2.2>;+sip.instance=\"<urn:uuid:2>\"", .call_id = "desk"});
    calls(world, alice);
    CHECK(start_line(world.receive(before)).starts_with("INVITE ")); // into the void
    world.send(desk, answer(world.receive(desk), "603 Decline"));
    const auto after = bob_connects(world);
    world.disconnect(before);
    CHECK(world.quiet(after));
    CHECK(status(world.receive(alice)) == "603");
}

TEST_CASE("a phone that loses one connection after the other is not followed for ever", "[rfc5626][7][limits]")
{
    World world;
    const auto alice = world.phone("alice");
    auto bob = world.connect();
    world.registers(bob, "bob", {.contact = contact(1), .extra = supported});
    calls(world, alice);
    int followed = 0;
    while (!world.quiet(bob) && followed < 100) {
        CHECK(start_line(world.receive(bob)).starts_with("INVITE "));
        const auto before = std::exchange(bob, world.connect());
        world.registers(bob, "bob", {.contact = contact(1), .extra = supported});
        world.disconnect(before);
        ++followed;
    }
    CHECK(followed < 20);
    CHECK(status(world.receive(alice)) == "480");
}

TEST_CASE("a device with two flows is asked over one, the latest", "[rfc5626][7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto [first, second] = two_flows(world);
    calls(world, alice);
    const auto invite = world.receive(second);
    CHECK(world.quiet(first));

    SECTION("408 and 430 lead to the next flow")
    {
        const auto what = GENERATE("408 Request Timeout", "430 Flow Failed");
        world.send(second, answer(invite, what));
        CHECK(start_line(world.receive(second)).starts_with("ACK "));
        CHECK(start_line(world.receive(first)).starts_with("INVITE "));
    }
    SECTION("its end does")
    {
        world.disconnect(second);
        CHECK(start_line(world.receive(first)).starts_with("INVITE "));
    }
    SECTION("any other answer is the device's answer")
    {
        const auto what = GENERATE("486 Busy Here", "503 Service Unavailable", "500 Server Internal Error");
        world.send(second, answer(invite, what));
        CHECK(start_line(world.receive(second)).starts_with("ACK "));
        CHECK(world.quiet(first));
        CHECK(!world.quiet(alice));
    }
}

TEST_CASE("a request inside a dialog takes the device's next flow when one dies unheard", "[rfc5626][5.3]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto [first, second] = two_flows(world);
    calls(world, alice);
    const auto invite = world.receive(second);
    world.send(second, answer(invite, "200 OK") + "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n");
    const auto ok = world.receive(alice);
    world.send(alice, "BYE " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
                          "From: <sip:alice@example.org>;tag=a\nTo: " +
                          header(ok, "To") + "\nCall-ID: call\nCSeq: 900 BYE\n");
    const auto bye = world.receive(second);
    CHECK(start_line(bye).starts_with("BYE "));
    world.disconnect(second);
    const auto again = world.receive(first);
    CHECK(start_line(again) == start_line(bye));
    CHECK(header(again, "CSeq") == header(bye, "CSeq"));
    world.send(first, "SIP/2.0 200 OK\nVia: " + header(again, "Via") + "\nFrom: " + header(again, "From") +
                          "\nTo: " + header(again, "To") + "\nCall-ID: " + header(again, "Call-ID") +
                          "\nCSeq: " + header(again, "CSeq") + "\n");
    CHECK(status(world.receive(alice)) == "200");
}

TEST_CASE("behind an edge: Path is kept, given back, and written as Route", "[rfc3327][5.3]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto edge = world.connect();
    const auto path = std::string{"<sip:AbC123@edge.example.org;transport=tls;lr;ob>"};
    const auto ok = world.registers(
        edge, "bob", {.contact = contact(1), .extra = supported + ("Path: " + path + "\n"), .more_vias = edge_via});
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Path") == path);
    CHECK(header(ok, "Service-Route") == "<sip:example.org;transport=tls;lr>"); // RFC 3608 6.2
    CHECK(header(ok, "Require") == "outbound");
    const auto asked = world.registers(edge, "bob", {.contact = {}, .more_vias = edge_via});
    CHECK(status(asked) == "200");
    CHECK(header(asked, "Contact").empty()); // it may be another device of bob's that asks
    calls(world, alice);
    const auto invite = world.receive(edge);
    CHECK(header(invite, "Route") == path);
    CHECK(start_line(invite) == "INVITE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(invite.find("Record-Route") == std::string::npos);
    world.send(edge, answer(invite, "430 Flow Failed")); // 5.3.1: the edge has lost the phone
    CHECK(header(world.receive(edge), "Route") == path); // ACK takes the same way
    CHECK(status(world.receive(alice)) == "480");
}

TEST_CASE("the connection of an edge remembers no device whose registration is over", "[rfc3327][growth]")
{
    World world;
    const auto edge = world.connect();
    const auto registers = [&](const std::string& user, int n, const std::string& expires = "") {
        const auto place = std::to_string(5'000 + n);
        const auto answer =
            world.registers(edge, user,
                            {.contact = "<sip:phone" + place + "@192.0.2.2:" + place + ";transport=tls>" + expires,
                             .extra = "Supported: path\nPath: <sip:token@edge.example.org;lr>\n",
                             .call_id = "reg-" + place,
                             .more_vias = edge_via});
        REQUIRE(start_line(answer) == "SIP/2.0 200 OK");
    };
    const auto remembered = [&] { return world.flow(edge).bindings.size(); };
    registers("carol", 0);
    for (int n = 1; n <= 4; ++n) registers("bob", n);
    CHECK(remembered() == 5);
    registers("bob", 4, ";expires=0");
    CHECK(remembered() == 4);
    for (int n = 5; n < 9; ++n) {
        world.pass(world.settings->binding_lifetime + seconds{1});
        registers("bob", n);
    }
    CHECK(remembered() == 2); // the last one of bob's, and carol's, who has not come again
}

TEST_CASE("what an edge says has failed is registered no longer, and is 481 inside a dialog", "[rfc5626][9.3]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto edge = world.connect();
    const auto path = [](int n) { return "Path: <sip:token" + std::to_string(n) + "@edge.example.org;lr;ob>\n"; };
    for (const int n : {1, 2}) {
        world.pass(seconds{1});
        world.registers(edge, "bob", {.contact = contact(n), .extra = supported + path(n), .more_vias = edge_via});
    }
    REQUIRE(world.location.size() == 3);
    calls(world, alice);
    const auto second = world.receive(edge);
    CHECK(header(second, "Route") == "<sip:token2@edge.example.org;lr;ob>");
    world.send(edge, answer(second, "430 Flow Failed"));
    CHECK(start_line(world.receive(edge)).starts_with("ACK "));
    CHECK(world.location.size() == 2);
    const auto first = world.receive(edge);
    CHECK(header(first, "Route") == "<sip:token1@edge.example.org;lr;ob>");
    world.send(edge, answer(first, "200 OK") + "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n");
    const auto ok = world.receive(alice);
    const auto inside = [&](const std::string& method, const std::string& cseq) {
        world.send(alice, method + " " + uri_in(header(ok, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + method +
                              "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: " + header(ok, "To") +
                              "\nCall-ID: call\nCSeq: " + cseq + " " + method + "\n");
    };
    inside("INFO", "900");
    const auto info = world.receive(edge);
    CHECK(header(info, "Route") == "<sip:token1@edge.example.org;lr;ob>");
    world.send(edge, "SIP/2.0 430 Flow Failed\nVia: " + header(info, "Via") + "\nFrom: " + header(info, "From") +
                         "\nTo: " + header(info, "To") + "\nCall-ID: " + header(info, "Call-ID") +
                         "\nCSeq: " + header(info, "CSeq") + "\n");
    CHECK(status(world.receive(alice)) == "481");
    CHECK(world.location.size() == 1);
}

TEST_CASE("a call from behind an edge is answered over the edge's own Record-Route", "[rfc5626][9.5]")
{
    World world;
    const auto bob = world.phone("bob");
    const auto edge = world.connect();
    const auto via = [](const std::string& n) {
        return "Via: SIP/2.0/TLS edge.invalid;branch=z9hG4bKe" + n + "\n" + edge_via + "Max-Forwards: 70\n";
    };
    // Two devices are registered over the edge's connection, and none under the Contact that calls.
    for (const std::string user : {"alice", "carol"})
        world.registers(edge, user,
                        {.contact = "<sip:" + user + "@192.0.2.1>;+sip.instance=\"<urn:uuid:" + user + ">\";reg-id=1",
                         .extra = supported + ("Path: <sip:" + user + "@edge.example.org;lr;ob>\n"),
                         .call_id = user,
                         .more_vias = edge_via});
    const auto invite = [&](const std::string& n, const std::string& credentials) {
        return "INVITE sip:bob@example.org SIP/2.0\n" + via(n) +
               "Record-Route: <sip:flow-of-alice@edge.example.org;lr>\nFrom: <sip:alice@example.org>;tag=a\nTo: "
               "<sip:bob@example.org>\nCall-ID: call\nCSeq: " +
               n + " INVITE\nContact: <sip:other@192.0.2.1;ob>\n" + credentials;
    };
    world.send(edge, invite("1", ""));
    world.send(edge, invite("2", world.credentials(world.receive(edge), "alice", "INVITE", "sip:bob@example.org")));
    world.receive(edge); // 100
    const auto rings = world.receive(bob);
    CHECK(header(rings, "Record-Route").empty());
    world.send(bob, answer(rings, "200 OK") + "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n");
    const auto ok = world.receive(edge);
    CHECK(header(ok, "Record-Route") == "<sip:flow-of-alice@edge.example.org;lr>");
    world.send(bob, "BYE " + uri_in(header(rings, "Contact")) +
                        " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                        header(rings, "To") + ";tag=b\nTo: " + header(rings, "From") +
                        "\nCall-ID: " + header(rings, "Call-ID") + "\nCSeq: 900 BYE\n");
    const auto bye = world.receive(edge);
    CHECK(start_line(bye) == "BYE sip:other@192.0.2.1;ob SIP/2.0");
    CHECK(header(bye, "Route") == "<sip:flow-of-alice@edge.example.org;lr>");
}

TEST_CASE("a Path for a phone that does not know it is refused", "[rfc3327][5.3]")
{
    World world;
    const auto response = world.registers(
        world.connect(), "bob",
        {.contact = contact(1), .extra = "Path: <sip:t@edge.example.org;lr;ob>\n", .more_vias = edge_via});
    CHECK(status(response) == "420");
    CHECK(header(response, "Unsupported") == "path");
}

TEST_CASE("no path, no service route: a phone that is connected here needs none", "[rfc3608]")
{
    World world;
    const auto ok = world.registers(world.connect(), "bob", {.contact = contact(1), .extra = supported});
    CHECK(header(ok, "Service-Route").empty());
    CHECK(header(ok, "Path").empty());
}

TEST_CASE("many phones register through one connection of an edge at once", "[rfc3327][rfc5626][5]")
{
    World world;
    const auto edge = world.connect();
    constexpr int phones = 200;
    const auto user = [](int n) { return "phone" + std::to_string(n); };
    const auto request = [&](int n, int cseq, const std::string& credentials) {
        const auto branch = std::to_string(n) + "x" + std::to_string(cseq);
        return "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS edge.invalid;branch=z9hG4bKedge" + branch +
               "\nVia: SIP/2.0/TLS phone.invalid;branch=z9hG4bKphone" + branch +
               "\nMax-Forwards: 69\nFrom: <sip:" + user(n) + "@example.org>;tag=r\nTo: <sip:" + user(n) +
               "@example.org>\nCall-ID: " + user(n) + "\nCSeq: " + std::to_string(cseq) +
               " REGISTER\nPath: <sip:token" + std::to_string(n) +
               "@edge.example.org;lr;ob>\nSupported: outbound, path\nContact: <sip:" + user(n) +
               "-device@192.0.2.1>;reg-id=1;+sip.instance=\"<urn:uuid:" + std::to_string(n) + ">\"\n" + credentials;
    };
    for (int n = 0; n < phones; ++n) {
        world.accounts->add(user(n), "example.org");
        world.send(edge, request(n, 1, ""));
    }
    std::vector<std::string> challenges;
    for (int n = 0; n < phones; ++n) challenges.push_back(world.receive(edge));
    for (int n = 0; n < phones; ++n) {
        world.send(edge, request(n, 2,
                                 world.credentials(challenges[static_cast<std::size_t>(n)], user(n), "REGISTER",
                                                   "sip:example.org")));
        CHECK(status(world.receive(edge)) == "200");
    }
    CHECK(world.location.size() == phones);
}

TEST_CASE("an answer finds the caller over its new connection, which has one place less from then on",
          "[rfc5626][limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 4;
    World world{settings};
    const auto before = world.phone("alice");
    const auto bob = world.phone("bob");
    calls(world, before);
    const auto invite = world.receive(bob);
    world.disconnect(before);
    const auto alice = world.phone("alice");
    world.send(bob, answer(invite, "180 Ringing"));
    CHECK(status(world.receive(alice)) == "180");
    const auto asks = [&](int number) {
        const auto n = std::to_string(number);
        world.send(alice, "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKmore" + n +
                              "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=m\nTo: <sip:bob@example.org>"
                              "\nCall-ID: more" +
                              n + "\nCSeq: 1 INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n");
        return status(world.receive(alice));
    };
    for (int i = 0; i < 3; ++i) {
        CHECK(asks(i) == "407");
        calls(world, alice);
    }
    CHECK(asks(3) == "503");
}

TEST_CASE("a request inside a dialog that went into a connection which had ended follows the phone to its next one",
          "[rfc5626][7][rfc3261][12.2.1.2]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = bob_connects(world);
    calls(world, alice);
    const auto at = "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n";
    world.send(before, answer(world.receive(before), "200 OK") + at);
    const auto ok = world.receive(alice);
    const auto asks = [&](const std::string& method) {
        world.send(alice, method + " " + uri_in(header(ok, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKin\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=a\nTo: " +
                              header(ok, "To") + "\nCall-ID: call\nCSeq: 900 " + method +
                              "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
        if (method == "INVITE") CHECK(status(world.receive(alice)) == "100");
    };
    const std::string method = GENERATE("INVITE", "UPDATE", "INFO", "BYE");
    asks(method);
    const auto lost = world.receive(before); // the phone is in another network already
    SECTION("where it answers")
    {
        const auto after = bob_connects(world);
        world.disconnect(before);
        CHECK(world.quiet(alice));
        const auto again = world.receive(after);
        CHECK(start_line(again) == start_line(lost));
        CHECK(header(again, "CSeq") == header(lost, "CSeq"));
        CHECK(header(again, "Via") != header(lost, "Via"));
        world.send(after, "SIP/2.0 200 OK\nVia: " + header(again, "Via") + "\nFrom: " + header(again, "From") +
                              "\nTo: " + header(again, "To") + "\nCall-ID: " + header(again, "Call-ID") +
                              "\nCSeq: " + header(again, "CSeq") + "\n" + at);
        CHECK(status(world.receive(alice)) == "200");
    }
    SECTION("not for ever")
    {
        auto bob = before;
        int followed = 0;
        for (bool asked = true; asked && followed < 100; ++followed) {
            const auto gone = std::exchange(bob, bob_connects(world));
            world.disconnect(gone);
            asked = !world.quiet(bob);
            if (asked) world.receive(bob);
        }
        CHECK(followed < 20);
        CHECK(status(world.receive(alice)) == "481");
    }
    SECTION("which it has not")
    {
        world.disconnect(before);
        CHECK(status(world.receive(alice)) == "481");
    }
}

TEST_CASE("a flow over which a request inside a dialog has failed is not tried again", "[rfc5626][7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto [first, second] = two_flows(world);
    calls(world, alice);
    world.send(second,
               answer(world.receive(second), "200 OK") + "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n");
    const auto ok = world.receive(alice);
    world.send(alice, "INFO " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKin\nMax-Forwards: 70\n"
                          "From: <sip:alice@example.org>;tag=a\nTo: " +
                          header(ok, "To") + "\nCall-ID: call\nCSeq: 900 INFO\n");
    const auto info = world.receive(second);
    world.send(second, "SIP/2.0 408 Request Timeout\nVia: " + header(info, "Via") + "\nFrom: " + header(info, "From") +
                           "\nTo: " + header(info, "To") + "\nCall-ID: " + header(info, "Call-ID") +
                           "\nCSeq: " + header(info, "CSeq") + "\n");
    CHECK(start_line(world.receive(first)).starts_with("INFO "));
    world.disconnect(first);
    CHECK(world.quiet(second));
    CHECK(status(world.receive(alice)) == "481");
}
