#include "core/privacy/preferred_identity.hpp"
#include "element/dialogs.hpp"
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

/// Alice dials bob, whose phone points to carol; who answers must not show when carol withholds.
struct Connected {
    World world;
    Sender alice{world, "alice"};
    Sender carol{world, "carol"};
    FlowId bob{world.phone("bob")};

    /// What alice gets of the BYE that carol sends.
    std::string bye(const std::string& in_answer, const std::string& in_bye)
    {
        alice.send({.to = "sip:bob@example.org"});
        const auto at_bob = world.receive(bob);
        world.send(bob, response_to(at_bob, "302 Moved Temporarily", "Contact: <sip:carol@example.org>\n"));
        world.receive(bob); // ACK
        const auto invite = world.receive(carol.flow);
        world.send(carol.flow, response_to(invite, "200 OK",
                                           "Contact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n" + in_answer));
        const auto ok = world.receive(alice.flow);
        CHECK(ok.find("carol") == std::string::npos);
        world.send(carol.flow, "BYE " + uri_in(header(invite, "Contact")) +
                                   " SIP/2.0\nVia: SIP/2.0/TLS c.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                                   header(invite, "To") + ";tag=answer\nTo: " + header(invite, "From") +
                                   "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 7 BYE\n" + in_bye);
        auto bye = world.receive(alice.flow);
        world.send(alice.flow, response_to(bye, "200 OK"));
        world.receive(carol.flow);
        CHECK(tag_in(header(bye, "From")) == tag_in(header(ok, "To"))); // the same dialog to the caller
        return bye;
    }
};

bool shows_carol(const std::string& message) { return message.find("carol") != std::string::npos; }

} // namespace

TEST_CASE("who answered instead is shown unless it withholds: by account, in the answer or later", "[rfc3323][4.1]")
{
    Connected call;
    auto& account = call.world.accounts->at(call.world.accounts->find("carol", "example.org")->id);
    CHECK(shows_carol(call.bye("", "")));
    for (const std::string wish : {"Privacy: id\n", "Privacy: User;critical\n", "Privacy: header\n"}) {
        INFO(wish);
        CHECK_FALSE(shows_carol(call.bye(wish, "")));
        CHECK_FALSE(shows_carol(call.bye("", wish)));
    }
    account.withhold_identity = true;
    CHECK_FALSE(shows_carol(call.bye("", "")));
    CHECK(shows_carol(call.bye("Privacy: none\n", "")));
    CHECK(shows_carol(call.bye("", "Privacy: none\n")));
}

TEST_CASE("an account that is known by one of its addresses does not show another inside the dialog", "[P2]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    world.accounts->attach(world.accounts->find("alice", "example.org")->id, "nickname", "example.org");
    alice.send({.to = "sip:bob@example.org", .from = "<sip:nickname@example.org>"});
    world.send(bob, answer(world.receive(bob), "200 OK", contact));
    const auto ok = world.receive(alice.flow);
    const auto shown = [&](const std::string& request) {
        world.send(alice.flow, request);
        return uri_in(header(world.receive(bob), "From"));
    };
    auto info = request_in(ok, "INFO", 93);
    CHECK(shown(info) == "sip:nickname@example.org");
    info = request_in(ok, "INFO", 94);
    const std::string own = "sip:nickname@example.org";
    info.replace(info.find(own), own.size(), "sip:removed@example.org"); // by the operator, meanwhile
    CHECK(shown(info) == "sip:anonymous@anonymous.invalid");
}

TEST_CASE("a callee's Privacy: session keeps its addresses back", "[rfc3323][4.2]")
{
    const bool billed = GENERATE(false, true); // then the answer waits until the call is on the disk
    auto settings = World::defaults();
    if (billed) settings.billed_inside = {{.prefix = "bob", .tariff = {.name = "local"}}};
    World world{settings};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto sdp = [](const std::string& setup) {
        return "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
               "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 "
               "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\na="
               "setup:" +
               setup + "\r\n";
    };
    for (const bool relayed : {false, true}) {
        alice.send({.to = "sip:bob@example.org", .body = sdp("actpass")});
        const auto invite = world.receive(bob);
        const auto answer = sdp("active") + "a=candidate:1 1 udp 2130706431 192.0.2.9 4000 typ host\r\n" +
                            (relayed ? "a=candidate:2 1 udp 16777215 203.0.113.9 5000 typ relay\r\n" : "");
        world.send(bob,
                   response_to(invite, "200 OK",
                               "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\nPrivacy: session\n"
                               "Content-Type: application/sdp\n"),
                   answer);
        CHECK(world.ledger.recording() == (billed && relayed));
        world.record(true);
        const auto result = world.receive(alice.flow);
        CHECK(result.find("192.0.2.9") == std::string::npos);
        CHECK((result.find("203.0.113.9") != std::string::npos) == relayed);
        CHECK(start_line(result) == (relayed ? "SIP/2.0 200 OK" : "SIP/2.0 488 Not Acceptable Here"));
        while (!world.quiet(bob)) world.receive(bob);
    }
}

TEST_CASE("a phone may prefer one of its own identities, and no other", "[rfc3325][9.2]")
{
    World world;
    const auto alice = world.accounts->add("alice", "example.org");
    world.accounts->attach(alice, "+4930123", "example.org");
    world.accounts->add("bob", "example.org");
    const auto asserted = [&](const std::string& from, const std::string& preferred) {
        const auto message =
            wire::parse("INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n"
                        "From: " +
                        from + ";tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" + preferred +
                        "Content-Length: 0\r\n\r\n");
        REQUIRE(message);
        return preferred_address(*message, *world.accounts->find(alice), Domains{*world.settings}, *world.accounts);
    };
    const std::string anonymous = "<sip:anonymous@anonymous.invalid>";
    CHECK(asserted("<sip:alice@example.org>", "") == "alice@example.org");
    CHECK(asserted("<sip:+4930123@example.org>", "") == "+4930123@example.org");
    CHECK(asserted("<sip:alice@example.org>", "P-Preferred-Identity: \"A\" <sip:+4930123@sip.example.org>\r\n") ==
          "+4930123@example.org");
    CHECK(asserted("<sip:+4930123@example.org>", "P-Preferred-Identity: <sip:bob@example.org>\r\n") ==
          "+4930123@example.org");
    CHECK(asserted("<sip:alice@example.org>", "P-Preferred-Identity: <sip:alice@example.net>\r\n") ==
          "alice@example.org");
    CHECK(asserted(anonymous, "") == "alice@example.org");
    CHECK(asserted(anonymous, "P-Preferred-Identity: <sip:+4930123@example.org>\r\n") == "+4930123@example.org");
}
