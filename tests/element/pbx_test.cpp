// Telephone systems that register like a phone and have proxies of their own: requests inside a dialog go to the
// Contact that the dialog has, along the proxies that stay in its way.
#include "element/dialogs.hpp"
#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string extension = "sip:extension@10.0.0.7:5060;transport=tls";
const std::string registered_contact = "sip:bob-device@192.0.2.1:5555;transport=tls";
const std::string of_dora = "sip:dora@10.0.0.7:5060;transport=tls";
const std::string route = "<sip:in.pbx.example;lr>, <sip:out.pbx.example;lr>";

/// A second line over the connection of the first: telephone systems have one for all.
void add_line(World& world, FlowId pbx)
{
    REQUIRE(start_line(world.registers(pbx, "dora", {.contact = "<" + of_dora + ">", .call_id = "dora"})) ==
            "SIP/2.0 200 OK");
}

} // namespace

TEST_CASE("a telephone system that is called keeps its own proxies in the call", "[rfc3261][12.1.2]")
{
    World world;
    Sender alice{world, "alice"};
    const auto pbx = world.phone("bob");
    const auto to = GENERATE(extension, registered_contact);
    alice.send({.to = "sip:bob@example.org"});
    const auto invite = world.receive(pbx);
    world.send(pbx, answer(invite, "200 OK",
                           "Record-Route: <sip:out.pbx.example;lr>, <sip:in.pbx.example;lr>\nContact: <" + to + ">\n"));
    const auto ok = world.receive(alice.flow);
    CHECK(header(ok, "Record-Route").empty());
    const auto arrives = [&](FlowId at, const std::string& method) {
        const auto request = world.receive(at);
        CHECK(start_line(request) == method + " " + to + " SIP/2.0");
        CHECK(header(request, "Route") == route);
        return request;
    };
    world.send(alice.flow, request_in(ok, "ACK", 2));
    arrives(pbx, "ACK");

    world.send(alice.flow, request_in(ok, "UPDATE", 3));
    const auto update = arrives(pbx, "UPDATE");
    world.send(pbx, answer(update, "200 OK", "Record-Route: <sip:other.example;lr>\nContact: <" + to + ">\n"));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 200 OK");

    world.disconnect(pbx);
    const auto again = world.phone("bob");
    world.send(alice.flow, request_in(ok, "BYE", 4));
    arrives(again, "BYE");
}

TEST_CASE("a telephone system that calls keeps its own proxies in the call", "[rfc3261][12.1.1][12.2.1.2]")
{
    World world;
    Sender pbx{world, "bob"};
    const auto alice = world.phone("alice");
    const auto from = GENERATE(extension, registered_contact);
    pbx.send({.to = "sip:alice@example.org",
              .headers = "Record-Route: <sip:in.pbx.example;lr>\nRecord-Route: <sip:out.pbx.example;lr>\n",
              .contact = from});
    const auto invite = world.receive(alice);
    CHECK(header(invite, "Record-Route").empty());
    world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(pbx.flow);
    world.send(pbx.flow, request_in(ok, "ACK", 2));
    world.receive(alice);
    const auto arrives = [&](FlowId at, const std::string& method) {
        const auto request = world.receive(at);
        CHECK(start_line(request) == method + " " + from + " SIP/2.0");
        CHECK(header(request, "Route") == route);
        return request;
    };
    world.send(alice, request_in(invite, "INFO", 7));
    world.send(pbx.flow, answer(arrives(pbx.flow, "INFO"), "200 OK"));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");

    world.send(pbx.flow,
               request_in(ok, "UPDATE", 3, "Record-Route: <sip:other.example;lr>\nContact: <" + from + ">\n"));
    const auto update = world.receive(alice);
    world.send(alice, answer(update, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    CHECK(start_line(world.receive(pbx.flow)) == "SIP/2.0 200 OK");
    CHECK(header(update, "Contact") == header(invite, "Contact"));

    world.disconnect(pbx.flow);
    const auto again = world.phone("bob");
    world.send(alice, request_in(invite, "BYE", 8));
    arrives(again, "BYE");
}

TEST_CASE("a call that may not go on is ended along the telephone system's own proxies", "[rfc3261][12.1.2]")
{
    World world;
    Sender alice{world, "alice"};
    const auto pbx = world.phone("bob");
    alice.send({.to = "sip:bob@example.org", .body = std::string{offer}});
    const auto invite = world.receive(pbx);
    world.send(pbx,
               answer(invite, "200 OK",
                      "Record-Route: <sip:out.pbx.example;lr>, <sip:in.pbx.example;lr>\nContact: <" + extension +
                          ">\nContent-Type: text/html\n"),
               "<p>");
    for (const std::string method : {"ACK ", "BYE "}) {
        const auto ours = world.receive(pbx);
        CHECK(start_line(ours) == method + extension + " SIP/2.0");
        CHECK(header(ours, "Route") == route);
    }
}

TEST_CASE("of several phones behind one connection the first that answers has the call", "[rfc3261][13.2.2.4]")
{
    World world;
    Sender alice{world, "alice"};
    const auto pbx = world.phone("bob");
    const bool elsewhere = GENERATE(false, true); // another device of the account rings, too
    const auto second = elsewhere ? world.connect() : FlowId{};
    if (elsewhere)
        world.registers(second, "bob", {.contact = "<sip:second@192.0.2.2:5555;transport=tls>", .call_id = "second"});
    alice.send({.to = "sip:bob@example.org"});
    const auto invite = world.receive(pbx);
    const auto answers = [&](const std::string& tag) {
        auto ok = answer(invite, "200 OK", "Contact: <sip:" + tag + "@10.0.0.7;transport=tls>\n");
        world.send(pbx, ok.replace(ok.find("g-tag"), 5, tag));
    };
    answers("one");
    const auto ok = world.receive(alice.flow);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    answers("two");
    CHECK(world.quiet(alice.flow));
    for (const std::string method : {"ACK", "BYE"}) {
        const auto ours = world.receive(pbx);
        CHECK(start_line(ours) == method + " sip:two@10.0.0.7;transport=tls SIP/2.0");
        CHECK(tag_in(header(ours, "To")) == "two");
        if (method == "BYE") world.send(pbx, answer(ours, "200 OK"));
    }
    answers("one"); // repeated until it is acknowledged
    CHECK(header(world.receive(alice.flow), "To") == header(ok, "To"));
    world.send(alice.flow, request_in(ok, "ACK", 2));
    CHECK(start_line(world.receive(pbx)) == "ACK sip:one@10.0.0.7;transport=tls SIP/2.0");
    auto bye = request_in(invite, "BYE", 7);
    world.send(pbx, bye.replace(bye.find("g-tag"), 5, "one"));
    CHECK(start_line(world.receive(alice.flow)) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
}

TEST_CASE("a phone that answers without a Contact is acknowledged and hung up on where it was called",
          "[rfc3261][12.1.1]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = "sip:bob@example.org"});
    world.send(bob, answer(world.receive(bob), "200 OK"));
    const auto ok = world.receive(alice.flow);
    int cseq = 1;
    for (const std::string method : {"ACK", "BYE"}) {
        world.send(alice.flow, request_in(ok, method, ++cseq));
        CHECK(start_line(world.receive(bob)) == method + " " + registered_contact + " SIP/2.0");
    }
}

TEST_CASE("another domain that answers without a Contact is acknowledged and hung up on where it was called",
          "[rfc3261][12.1.1]")
{
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto domain = world.domain("example.net");
    alice.send({.to = "sip:carol@example.net"});
    const auto invite = world.receive(domain);
    const auto called = start_line(invite).substr(std::string{"INVITE "}.size());
    CHECK(called.starts_with("sip:carol@example.net"));
    world.send(domain, answer(invite, "200 OK"));
    const auto ok = world.receive(alice.flow);
    int cseq = 1;
    for (const std::string method : {"ACK", "BYE"}) {
        world.send(alice.flow, request_in(ok, method, ++cseq));
        CHECK(start_line(world.receive(domain)) == method + " " + called);
    }
}

TEST_CASE("a telephone system that calls as one of its extensions hears the answer over its new connection",
          "[rfc5626][4.5]")
{
    World world;
    Sender pbx{world, "bob"};
    const auto alice = world.phone("alice");
    pbx.send({.to = "sip:alice@example.org", .contact = extension});
    const auto invite = world.receive(alice);
    world.disconnect(pbx.flow);
    const auto again = world.phone("bob");
    const auto ok = answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
    for (int copy = 0; copy < 2; ++copy) {
        world.send(alice, ok);
        CHECK(start_line(world.receive(again)) == "SIP/2.0 200 OK");
    }
}

TEST_CASE("a telephone system with several lines that calls as one of its extensions is hung up on over its new "
          "connection",
          "[rfc5626][4.5]")
{
    World world;
    Sender pbx{world, "bob"};
    add_line(world, pbx.flow);
    const auto alice = world.phone("alice");
    pbx.send({.to = "sip:alice@example.org", .contact = extension});
    const auto invite = world.receive(alice);
    world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    world.send(pbx.flow, request_in(world.receive(pbx.flow), "ACK", 2));
    world.receive(alice);

    world.disconnect(pbx.flow);
    const auto again = world.phone("bob");
    add_line(world, GENERATE(true, false) ? again : world.connect());
    world.send(alice, request_in(invite, "BYE", 7));
    CHECK(start_line(world.receive(again)) == "BYE " + extension + " SIP/2.0");
}

TEST_CASE("one of several lines whose ACK may not pass is hung up on at its own Contact", "[rfc3261][13.2.2.4]")
{
    World world;
    const auto pbx = world.phone("bob");
    add_line(world, pbx);
    Sender dora{world, "dora"};
    dora.flow = pbx;
    const auto alice = world.phone("alice");
    dora.send({.to = "sip:alice@example.org", .contact = of_dora});
    world.send(alice,
               answer(world.receive(alice), "200 OK",
                      "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + described),
               std::string{offer});
    world.send(pbx, request_in(world.receive(pbx), "ACK", 2, "Content-Type: text/html\n"), "<p>");
    CHECK(start_line(world.receive(pbx)) == "BYE " + of_dora + " SIP/2.0");
}
