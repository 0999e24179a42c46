// Told when protection drops: refused or marked, whichever way the call goes.
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

CoreSettings with_route(std::size_t index, WhenWeaker when_weaker)
{
    auto settings = with_routes();
    settings.routes[index].when_weaker = when_weaker;
    return settings;
}
CoreSettings peer_with(WhenWeaker when_weaker) { return with_route(0, when_weaker); }
CoreSettings gateway_with(WhenWeaker when_weaker) { return with_route(1, when_weaker); }

/// From another server, to Alice.
std::string incoming(const std::string& from, const std::string& vias, const std::string& extra = {})
{
    return "INVITE sip:alice@example.org SIP/2.0\n" + vias + "Max-Forwards: 60\nFrom: <sip:" + from +
           ">;tag=in\nTo: <sip:alice@example.org>\nCall-ID: in\nCSeq: 7 INVITE\nContact: "
           "<sip:far@192.0.2.8:5061;transport=tls>\nContent-Type: application/sdp\n" +
           extra;
}

const std::string over_tls = "Via: SIP/2.0/TLS far.example;branch=z9hG4bKf\n";
const std::string over_udp_before = over_tls + "Via: SIP/2.0/UDP phone.far.example;branch=z9hG4bKp\n";

} // namespace

TEST_CASE("a call that must not leave protection is refused, with the reason", "[protection]")
{
    World world{gateway_with(WhenWeaker::refuse)};
    const auto alice = world.phone("alice");
    dial(world, alice, {.uri = "sip:+44207946000@example.org", .extra = "Accept-Language: es\n"});
    const auto refused = world.receive(alice);
    CHECK(start_line(refused) == "SIP/2.0 403 Forbidden");
    CHECK(header(refused, "Warning") == "399 example.org \"Esta llamada se rechaza: saldria de la red protegida\"");
    CHECK(world.connects.empty());
}

TEST_CASE("a call that comes from outside protection is refused, with the reason", "[protection]")
{
    SECTION("from the telephone network")
    {
        World world{gateway_with(WhenWeaker::refuse)};
        const auto alice = world.phone("alice");
        const auto trunk = world.domain("one.trunk.example");
        world.send(trunk, incoming("+44207946000@trunk.example", over_tls), offer);
        const auto refused = world.receive(trunk);
        CHECK(start_line(refused) == "SIP/2.0 403 Forbidden");
        CHECK(header(refused, "Warning") ==
              "399 example.org \"This call is refused: it would leave the protected network\"");
        CHECK(header(refused, "Call-Protection").empty());
        CHECK(world.quiet(alice));
    }
    SECTION("from a peer, over a hop without TLS")
    {
        World world{peer_with(WhenWeaker::refuse)};
        const auto alice = world.phone("alice");
        const auto peer = world.domain("example.net");
        world.send(peer, incoming("bob@example.net", over_udp_before, "Accept-Language: de\n"), offer);
        const auto refused = world.receive(peer);
        CHECK(start_line(refused) == "SIP/2.0 403 Forbidden");
        CHECK(header(refused, "Warning").starts_with("399 example.org \"Dieser Anruf ist abgelehnt"));
        CHECK(world.quiet(alice));
    }
    SECTION("the same for whoever is there and whoever is not")
    {
        World world{gateway_with(WhenWeaker::refuse)};
        const auto trunk = world.domain("one.trunk.example");
        world.send(trunk, incoming("+44207946000@trunk.example", over_tls), offer); // there is no Alice
        CHECK(start_line(world.receive(trunk)) == "SIP/2.0 403 Forbidden");
    }
    SECTION("one that TLS has protected all the way rings")
    {
        World world{peer_with(WhenWeaker::refuse)};
        const auto alice = world.phone("alice");
        world.send(world.domain("example.net"), incoming("bob@example.net", over_tls), offer);
        const auto rings = world.receive(alice);
        CHECK(start_line(rings).starts_with("INVITE "));
        CHECK(header(rings, "Call-Protection").empty());
    }
}

TEST_CASE("the answer of another domain shows that its way goes on without TLS", "[protection]")
{
    struct Shown {
        std::string headers, label;
    };
    const std::string tls_contact = "Contact: <sip:bob@192.0.2.9:5061;transport=tls>\n";
    const auto shown = GENERATE_COPY(
        Shown{tls_contact, ""},
        Shown{"Record-Route: <sip:p2.example.net;lr>, <sip:p1.example.net;transport=tls;lr>\n" + tls_contact, ""},
        Shown{"Record-Route: <sips:192.0.2.7:5070;lr>, <sip:192.0.2.7:5061;lr>\n" + tls_contact, ""},
        Shown{"Contact: <sip:b@abc.invalid;transport=ws>\n", ""}, // RFC 7118 5: of both kinds
        Shown{"Contact: <sip:bob@192.0.2.9:5060>\n", ""},         // whose hop that is, nobody says
        Shown{"Contact: <sip:bob@192.0.2.9;transport=UDP>\n", "hop;hops=1"},
        Shown{"Record-Route: <sip:192.0.2.7;lr>, <sip:p1.example.net;transport=tls;lr>\n" + tls_contact, "hop;hops=3"},
        Shown{"Record-Route: <sip:[2001:db8::7]:5070;lr>\n" + tls_contact, "hop;hops=2"},
        Shown{"Record-Route: <sip:p2.example.net:5060;lr>\n" + tls_contact, "hop;hops=2"},
        Shown{"Record-Route: <sip:p2.example.net;transport=tcp;lr>\n" + tls_contact, "hop;hops=2"});
    const bool refuses = GENERATE(false, true);
    CAPTURE(shown.headers, refuses);
    World world{peer_with(refuses ? WhenWeaker::refuse : WhenWeaker::mark)};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    dial(world, alice, {.uri = "sip:bob@example.net", .extra = "Accept-Language: fr\n"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(peer);
    const bool told = !shown.label.empty();
    const auto* status = GENERATE("180 Ringing", "200 OK");
    world.send(peer, answer(invite, status, shown.headers));
    if (!told || !refuses) {
        const auto heard = world.receive(alice);
        CHECK(start_line(heard) == std::string{"SIP/2.0 "} + status);
        CHECK(header(heard, "Call-Protection") == shown.label);
        CHECK(header(heard, "Warning") == (told
                                               ? "399 example.org \"Cet appel quitte le reseau protege: un serveur sur "
                                                 "son chemin parle sans chiffrement\""
                                               : ""));
        CHECK(world.quiet(peer));
        return;
    }
    const bool rang = status == std::string_view{"180 Ringing"};
    const auto* then = GENERATE("487 Request Terminated", "200 OK"); // it had answered already
    if (rang) {
        CHECK(world.quiet(alice));
        CHECK(start_line(world.receive(peer)).starts_with("CANCEL "));
        world.send(peer, answer(invite, then, shown.headers));
    }
    CHECK(start_line(world.receive(peer)).starts_with("ACK "));
    if (!rang || then == std::string_view{"200 OK"}) {
        const auto bye = world.receive(peer);
        CHECK(start_line(bye).starts_with("BYE "));
        CHECK(header(bye, "Reason") == "SIP;cause=403");
        world.send(peer, answer(bye, "200 OK"));
    }
    const auto heard = world.receive(alice);
    CHECK(start_line(heard) == "SIP/2.0 403 Forbidden");
    CHECK(header(heard, "Warning").starts_with("399 example.org \"Cet appel est refuse"));
    CHECK(world.quiet(alice));
    CHECK(world.quiet(peer));
}

TEST_CASE("the language is the one that is wanted most", "[protection]")
{
    struct Wish {
        const char *header, *begins;
    };
    const auto wish = GENERATE(Wish{"en;q=0.1, de", "Dieser Anruf"}, Wish{"de;q=0.5, fr;q=0.9, en;q=0.2", "Cet appel"},
                               Wish{"de;q=0, es;q=0.001", "Esta llamada"}, Wish{"xx, de-CH;q=0.3", "Dieser Anruf"},
                               Wish{"de;q=a, fr", "Cet appel"}, Wish{"de;q=0", "This call"}, Wish{"", "This call"});
    CAPTURE(wish.header);
    World world{gateway_with(WhenWeaker::refuse)};
    const auto alice = world.phone("alice");
    dial(world, alice,
         {.uri = "sip:+44207946000@example.org", .extra = std::string{"Accept-Language: "} + wish.header + "\n"});
    CHECK(header(world.receive(alice), "Warning").starts_with(std::string{"399 example.org \""} + wish.begins));
}

TEST_CASE("a hop that the answer does not show until it is final", "[protection]")
{
    World world{peer_with(WhenWeaker::mark)};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto invite = call_out(world, alice, peer);
    world.send(peer, answer(invite, "180 Ringing", contact));
    CHECK(header(world.receive(alice), "Call-Protection").empty());
    world.send(peer, answer(invite, "200 OK", "Record-Route: <sip:p2.example.net;transport=udp;lr>\n" + contact));
    CHECK(header(world.receive(alice), "Call-Protection") == "hop;hops=2");
}

TEST_CASE("whoever dials sips asks the other domain for TLS to the end", "[protection]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    CHECK(start_line(call_out(world, alice, peer, "sips:bob@example.net")) == "INVITE sips:bob@example.net SIP/2.0");
}
