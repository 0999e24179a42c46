// What Sotto keeps of a Contact, and what it makes of one that no request can go to.
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string to_bob{"sip:bob@example.org"};

Sender::Request invite_from(const std::string& contact)
{
    return {.to = to_bob, .from = {}, .headers = {}, .body = {}, .contact = contact};
}

std::string request(const std::string& method, const std::string& uri, const std::string& from, const std::string& to,
                    const std::string& call_id)
{
    return method + " " + uri + " SIP/2.0\nVia: SIP/2.0/TLS b.invalid;branch=z9hG4bK" + method +
           "\nMax-Forwards: 70\nFrom: " + from + "\nTo: " + to + "\nCall-ID: " + call_id + "\nCSeq: 7 " + method + "\n";
}

} // namespace

TEST_CASE("of a registered Contact only what a Request-URI may have comes back", "[rfc3261][19.1.1]")
{
    World world;
    Sender alice{world, "alice"};
    const auto [contact, uri] =
        GENERATE(std::pair{std::string{"sip:a@b.c;method=BYE?Subject=x&Route=%3Csip:e%3E"}, std::string{"sip:a@b.c"}},
                 std::pair{std::string{"sip:a@b.c;m%65thod=BYE;transport=tls"}, std::string{"sip:a@b.c;transport=tls"}},
                 std::pair{std::string{"sip:a;b?c@b.c:5061;ob?Subject=x"}, std::string{"sip:a;b?c@b.c:5061;ob"}},
                 std::pair{std::string{"sip:a:pw@b.c;maddr=192.0.2.3;ttl=3"},
                           std::string{"sip:a:pw@b.c;maddr=192.0.2.3;ttl=3"}});
    const auto bob = world.connect();
    const auto ok = world.registers(bob, "bob", {.contact = "<" + contact + ">"});
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    CHECK(uri_in(header(ok, "Contact")) == contact); // the phone looks for its own words
    alice.send({.to = to_bob, .from = {}});
    CHECK(start_line(world.receive(bob)) == "INVITE " + uri + " SIP/2.0");
}

TEST_CASE("of a caller's Contact only what a Request-URI may have comes back", "[rfc3261][12.1.1]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto contact = GENERATE(as<std::string>{}, "sip:x@y.invalid?Replaces=abc", "sip:x@y.invalid;method=BYE");
    alice.send(invite_from(contact));
    const auto invite = world.receive(bob);
    world.send(bob, response_to(invite, "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    world.send(bob, request("BYE", uri_in(header(invite, "Contact")), header(invite, "To") + ";tag=answer",
                            header(invite, "From"), header(invite, "Call-ID")));
    world.receive(alice.flow); // 200
    CHECK(start_line(world.receive(alice.flow)) == "BYE sip:x@y.invalid SIP/2.0");
}

TEST_CASE("an INVITE whose Contact no request can go to is refused", "[rfc3261][8.1.1.8]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto contact = GENERATE(as<std::string>{}, "mailto:x@y", "tel:+1555", "https://y.invalid/");
    alice.send_once(invite_from(contact));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 400 Bad Contact");
    CHECK(world.quiet(bob));
}

TEST_CASE("a Contact in a 2xx that no request can go to: they go where the INVITE went", "[rfc3261][12.1.2]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = to_bob, .from = {}});
    const auto invite = world.receive(bob);
    const auto [contact, uri] =
        GENERATE(std::pair{std::string{"mailto:x@y"}, std::string{"sip:bob-device@192.0.2.1:5555;transport=tls"}},
                 std::pair{std::string{"sip:x@y.invalid?Replaces=abc"}, std::string{"sip:x@y.invalid"}});
    world.send(bob, response_to(invite, "200 OK", "Contact: <" + contact + ">\n"));
    const auto ok = world.receive(alice.flow);
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    world.send(alice.flow, request("BYE", uri_in(header(ok, "Contact")), header(ok, "From"), header(ok, "To"),
                                   header(ok, "Call-ID")));
    CHECK(start_line(world.receive(bob)) == "BYE " + uri + " SIP/2.0");
}

TEST_CASE("a phone that rings under ever new tags and Contacts fills no memory", "[limits]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = to_bob, .from = {}});
    const auto invite = world.receive(bob);
    const auto answers = [&](const std::string& status, int number) {
        const auto n = std::to_string(number);
        auto text = response_to(invite, status, "Contact: <sip:elsewhere" + n + "@192.0.2.1;transport=tls>\n");
        const auto tag = text.find(";tag=", text.find("\nTo: ")) + 5;
        world.send(bob, text.insert(tag, "t" + n + std::string(100, 'x')));
        return world.receive(alice.flow);
    };
    for (int i = 0; i < 2'000; ++i) REQUIRE(start_line(answers("180 Ringing", i)) == "SIP/2.0 180 Ringing");
    CHECK(world.dialogs.size().handles < 300);
    CHECK(start_line(answers("486 Busy Here", 1)) == "SIP/2.0 486 Busy Here");
    CHECK(world.dialogs.size().handles == 0);
    CHECK(world.dialogs.size().texts == 0); // nor does the tag of the refusal itself stay, which nobody would remove
}
