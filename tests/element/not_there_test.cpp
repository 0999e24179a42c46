// Nobody can find out which addresses exist: one that nobody has looks like one whose phone is off (DESIGN.md P10).
#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

/// What an answer shows without what is new in each: its lines up to the value, and how long each is.
std::string form_of(const std::string& answer)
{
    std::string form = start_line(answer);
    for (auto at = answer.find("\r\n"); at + 2 < answer.size() && !answer.substr(at).starts_with("\r\n\r\n");) {
        const auto end = answer.find("\r\n", at + 2);
        const auto line = answer.substr(at + 2, end - at - 2);
        form += "\n" + line.substr(0, line.find(':')) + " " + std::to_string(line.size());
        at = end;
    }
    return form;
}

} // namespace

TEST_CASE("a number that nobody has looks like one that is offline", "[P10]")
{
    auto settings = World::defaults();
    settings.domains.front().numbers.country = "49";
    World world{settings};
    world.accounts->add("7001", "example.org");
    Sender alice{world, "alice"};
    const std::string method = GENERATE("INVITE", "MESSAGE");
    const auto told = [&](const std::string& user) {
        return form_of(alice.refused({.method = method, .to = "sip:" + user + "@example.org"}));
    };
    const auto offline = told("7001");
    CHECK(offline.starts_with("SIP/2.0 480 Temporarily Unavailable\n"));
    for (const auto* nobody : {"7002", "0700", "+471"}) {
        INFO(nobody);
        CHECK(told(nobody) == offline);
    }
}

TEST_CASE("to another domain, who is nobody looks like who is offline", "[P10]")
{
    auto settings = World::defaults();
    settings.routes = {{.name = "friends", .domains = {"peer.example"}}};
    World world{settings};
    world.accounts->add("bob", "example.org");
    const auto peer = world.domain("peer.example");
    const std::string method = GENERATE("INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE");
    INFO(method);
    int asked = 0;
    const auto told = [&](const std::string& user) {
        const auto number = std::to_string(++asked);
        world.send(peer, method + " sip:" + user +
                             "@example.org SIP/2.0\nVia: SIP/2.0/TLS peer.example;branch=z9hG4bKp" + number +
                             "\nMax-Forwards: 60\nFrom: <sip:carol@peer.example>;tag=p\nTo: <sip:" + user +
                             "@example.org>\nCall-ID: p" + number + "\nCSeq: 7 " + method +
                             "\nContact: <sip:carol@192.0.2.8:5061>\nEvent: reg\n");
        auto answer = world.receive(peer);
        if (start_line(answer) == "SIP/2.0 100 Trying") answer = world.receive(peer);
        return form_of(answer);
    };
    const auto offline = told("bob");
    CHECK(told("eve") == offline);
    if (method == "INVITE" || method == "MESSAGE") CHECK(offline.starts_with("SIP/2.0 480 Temporarily Unavailable\n"));
}

TEST_CASE("another domain does not learn which telephone numbers are those of subscribers", "[P10]")
{
    World world{with_routes()};
    world.accounts->attach(world.accounts->add("bob", "example.org"), "+49301111111", "example.org");
    const bool peer = GENERATE(true, false);
    const std::string from = peer ? "sip:carol@example.net" : "sip:+33123456789@elsewhere.example";
    const std::string way = peer ? "example.net" : "two.trunk.example";
    const std::string method = GENERATE("INVITE", "MESSAGE");
    const auto* body = GENERATE("", "no description, nor any text that may pass");
    INFO(way + " " + method + " " + body);
    const auto other = world.domain(way);
    int asked = 0;
    const auto told = [&](const std::string& uri) {
        const auto number = std::to_string(++asked);
        world.send(other,
                   method + " " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.example;branch=z9hG4bKn" + number +
                       "\nMax-Forwards: 60\nFrom: <" + from + ">;tag=n\nTo: <" + uri + ">\nCall-ID: n" + number +
                       "\nCSeq: 7 " + method + "\nContact: <sip:carol@192.0.2.8:5061>\n" +
                       (*body != '\0' ? "Content-Type: application/sdp\n" : ""),
                   body);
        auto answer = world.receive(other);
        if (start_line(answer) == "SIP/2.0 100 Trying") answer = world.receive(other);
        return form_of(answer);
    };
    const auto* spelling = GENERATE("sip:+4930111111%@example.org", "sip:030111111%@example.org",
                                    "sip:111111%@example.org;user=phone", "tel:+49-30-111111%");
    const auto told_of = [&](const char* last_digit) {
        const std::string text{spelling};
        return told(std::string{text}.replace(text.find('%'), 1, last_digit));
    };
    const auto offline = told_of("1");
    CHECK(offline.starts_with(*body != '\0' ? "SIP/2.0 488 " : "SIP/2.0 480 Temporarily Unavailable\n"));
    CHECK(told_of("2") == offline);
    CHECK(world.connects.empty());
}
