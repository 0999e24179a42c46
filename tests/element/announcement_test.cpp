#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

CoreSettings with_announcement()
{
    auto settings = with_routes();
    settings.routes[1].when_weaker = WhenWeaker::announce;
    settings.routes[1].announcement = "speaker@example.org";
    return settings;
}

/// Alice has dialled a number of the route, and whoever is to announce it has its invitation.
struct Announced {
    explicit Announced(CoreSettings settings = with_announcement()) : world{std::move(settings)}
    {
        dial(world, alice, {.uri = "sip:+44207946000@example.org"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        announced = world.receive(speaker);
    }

    World world;
    FlowId alice{world.phone("alice")}, trunk{world.domain("one.trunk.example")}, speaker{world.phone("speaker")};
    std::string announced; ///< the INVITE
};

} // namespace

TEST_CASE("a media server says so first, and what it answers is not the callee's answer")
{
    Announced a;
    auto& [world, alice, trunk, speaker, announced] = a;
    CHECK(world.quiet(trunk));
    SECTION("it speaks and declines, in whatever way")
    {
        const auto* const declined = GENERATE("302 Moved Temporarily", "404 Not Found", "480 Temporarily Unavailable",
                                              "486 Busy Here", "603 Decline");
        world.send(speaker, answer(announced, "183 Session Progress", contact + described), offer);
        CHECK(body_of(world.receive(alice)).find("m=audio") != std::string::npos);
        world.send(speaker, answer(announced, declined, "Contact: <sip:speaker@example.org>\n"));
        const auto invite = world.receive(trunk);
        CHECK(start_line(invite).starts_with("INVITE sip:+44207946000@one.trunk.example"));
        CHECK(world.reports.empty());
        world.send(trunk, answer(invite, "410 Gone"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 410 Gone");
    }
    SECTION("it declines and has said nothing")
    {
        world.send(speaker, answer(announced, "486 Busy Here"));
        CHECK(start_line(world.receive(trunk)).starts_with("INVITE "));
        CHECK(world.reports == std::vector<std::string>{"carrier"});
    }
    SECTION("the caller has heard enough")
    {
        world.send(speaker, answer(announced, "183 Session Progress", contact + described), offer);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 183 Session Progress");
        world.send(alice, "CANCEL sip:+44207946000@example.org SIP/2.0\nVia: SIP/2.0/TLS "
                          "host.invalid;branch=z9hG4bKa-tag2\nMax-Forwards: 70\nFrom: \"Alice\" "
                          "<sip:alice@example.org>;tag=a-tag\nTo: <sip:+44207946000@example.org>\nCall-ID: "
                          "a-tag@secret-host\nCSeq: 2 CANCEL\n");
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
        CHECK(start_line(world.receive(speaker)).starts_with("CANCEL "));
        world.send(speaker, answer(announced, "487 Request Terminated"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 487 Request Terminated");
        CHECK(world.quiet(trunk));
    }
}

TEST_CASE("a media server that answers is hung up on, and nobody is billed for it", "[billing]")
{
    auto settings = with_announcement();
    settings.routes[1].tariff = billing::Tariff{.name = "local", .route = "carrier"};
    Announced a{settings};
    auto& [world, alice, trunk, speaker, announced] = a;
    const auto answered = answer(announced, "200 OK", contact + described);
    world.send(speaker, answered, offer);
    CHECK(start_line(world.receive(speaker)).starts_with("ACK "));
    const auto bye = world.receive(speaker);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(header(bye, "To") == header(announced, "To") + ";tag=g-tag");
    CHECK(world.ledger.waiting.empty());
    CHECK(world.quiet(alice));
    const auto invite = world.receive(trunk);
    world.send(speaker, answered, offer);
    CHECK(start_line(world.receive(speaker)).starts_with("ACK ")); // RFC 3261 13.2.2.4: for each
    CHECK(world.quiet(speaker));
    CHECK(world.quiet(trunk));
    world.send(trunk, answer(invite, "200 OK", contact + described), offer);
    CHECK(world.ledger.waiting.size() == 1);
    world.record(true);
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
}

TEST_CASE("one media server that was heard is enough")
{
    World world{with_announcement()};
    const auto alice = world.phone("alice");
    const auto first = world.phone("speaker");
    const auto second = world.connect();
    world.registers(second, "speaker", {.contact = "<sip:other-device@192.0.2.2:5555;transport=tls>"});
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto announced = world.receive(first);
    const auto again = world.receive(second);
    world.send(first, answer(announced, "183 Session Progress", contact + described), offer);
    world.send(second, answer(again, "180 Ringing"));
    world.send(first, answer(announced, "480 Temporarily Unavailable"));
    CHECK(start_line(world.receive(second)).starts_with("CANCEL "));
    CHECK(world.quiet(trunk));
    world.send(second, answer(again, "487 Request Terminated"));
    CHECK(start_line(world.receive(trunk)).starts_with("INVITE "));
}

TEST_CASE("no media server is there: the call leaves all the same, and operators hear of it")
{
    const bool known = GENERATE(true, false);
    World world{with_announcement()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("one.trunk.example");
    if (known) world.accounts->add("speaker", "example.org");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    CHECK(start_line(world.receive(trunk)).starts_with("INVITE sip:+44207946000@one.trunk.example"));
    CHECK(world.reports == std::vector<std::string>{"carrier"});
}
