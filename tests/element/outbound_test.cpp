// RFC 5626: one device over several flows.
#include "element/world.hpp"

#include <catch2/catch.hpp>

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
    const auto flow = world.connect();
    world.registers(flow, "bob", {.contact = contact(1), .extra = supported});
    world.registers(
        flow, "bob",
        {.contact = "<sip:other-name@192.0.2.9>;+sip.instance=\"<urn:uuid:1>\";reg-id=1", .extra = supported});
    CHECK(world.location.size() == 1);
    world.registers(world.connect(), "bob", {.contact = contact(2), .extra = supported});
    CHECK(world.location.size() == 2);
}

TEST_CASE("a re-registration moves the binding to the connection it came over", "[rfc5626][6]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = world.connect();
    world.registers(before, "bob", {.contact = contact(1), .extra = supported});
    const auto after = world.connect();
    world.registers(after, "bob", {.contact = contact(1), .extra = supported});
    world.disconnect(before);
    calls(world, alice);
    CHECK(start_line(world.receive(after)) == "INVITE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
}

TEST_CASE("a device with two flows is asked over one, the latest", "[rfc5626][7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto first = world.connect();
    const auto second = world.connect();
    world.registers(first, "bob", {.contact = contact(1), .extra = supported});
    world.pass(seconds{1});
    world.registers(second, "bob", {.contact = contact(2), .extra = supported});
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
    const auto first = world.connect();
    const auto second = world.connect();
    world.registers(first, "bob", {.contact = contact(1), .extra = supported});
    world.pass(seconds{1});
    world.registers(second, "bob", {.contact = contact(2), .extra = supported});
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
    calls(world, alice);
    const auto invite = world.receive(edge);
    CHECK(header(invite, "Route") == path);
    CHECK(start_line(invite) == "INVITE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(invite.find("Record-Route") == std::string::npos);
    world.send(edge, answer(invite, "430 Flow Failed")); // 5.3.1: the edge has lost the phone
    CHECK(header(world.receive(edge), "Route") == path); // ACK takes the same way
    CHECK(status(world.receive(alice)) == "480");
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
