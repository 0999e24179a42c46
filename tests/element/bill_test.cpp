#include "core/billing/parties.hpp"
#include "element/billed_call.hpp"

#include <array>

using namespace sotto;
using namespace sotto::test;
using namespace sotto::test::billed_call;
using namespace std::chrono_literals;

TEST_CASE("the answer to a billed call waits until the call is on the disk", "[billing]")
{
    Billed b;
    const auto request = b.call(number);
    REQUIRE_FALSE(request.empty());
    CHECK(b.world.ledger.waiting.empty()); // ringing is nobody's business
    b.world.send(b.callee, answer(request, "200 OK"));
    REQUIRE(b.world.ledger.waiting.size() == 1);
    const auto& recorded = b.world.ledger.waiting.front().first;
    CHECK(recorded.account == b.world.accounts->find("alice", "example.org")->id);
    CHECK(recorded.destination == "+4930123xxx");
    CHECK(recorded.tariff.name == "local");
    CHECK(recorded.caller.binding);
    CHECK(recorded.callee.flow == b.callee);
    CHECK(b.world.quiet(b.alice));

    b.world.send(b.callee, answer(request, "200 OK")); // repeated meanwhile (RFC 3261 13.3.1.4)
    CHECK(b.world.ledger.waiting.size() == 1);
    CHECK(b.world.quiet(b.alice));

    b.world.record(true);
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 200 OK");
    CHECK(b.world.quiet(b.alice));
    b.world.send(b.callee, answer(request, "200 OK")); // and later: the caller may have lost its connection
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 200 OK");
    CHECK(b.world.ledger.waiting.empty());
}

TEST_CASE("the devices of a billed call are kept for the next process, sealed, until its dialog ends", "[billing]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    const auto recorded = b.world.ledger.waiting.front().first;
    const auto kept = [&] { return billing::kept_parties(b.world.dialogs, b.world.cryptography, recorded.dialog); };
    CHECK_FALSE(kept().caller.binding); // should this process end now, nobody has heard of the call
    b.world.record(true);
    CHECK(kept().caller.binding == recorded.caller.binding);
    CHECK_FALSE(kept().caller.flow); // it ends with this process
    CHECK_FALSE(kept().callee.binding);
    CHECK_FALSE(kept().hanging_up);
    b.world.send(b.callee, bye(request));
    CHECK(kept().hanging_up); // should this process end now, no device is a sign of life to the next one
    b.world.receive(b.alice); // the answer
    b.world.send(b.alice, answer(b.world.receive(b.alice), "200 OK"));
    CHECK_FALSE(kept().caller.binding);
}

TEST_CASE("an answer that is repeated while a phone beside still rings leaves the devices of a billed call known",
          "[billing][rfc3261][13.3.1.4]")
{
    Billed b;
    const auto carol = b.world.phone("carol");
    b.world.accounts->attach(b.world.accounts->find("carol", "example.org")->id, "+49302222222", "example.org");
    auto moved = answer(b.call(number), "302 Moved Temporarily");
    const std::string both = "<sip:+49302222222@gw.example>, <sip:+49303333333@gw.example>";
    moved.replace(moved.find("<" + callee_contact), callee_contact.size() + 2, both);
    b.world.send(b.callee, moved);
    REQUIRE(start_line(b.world.receive(b.callee)).starts_with("ACK "));
    const auto beside = b.world.receive(carol);
    const auto request = b.world.receive(b.callee);
    b.world.send(b.callee, answer(request, "200 OK"));
    const auto recorded = b.world.ledger.waiting.front().first;
    const auto caller = [&] {
        return billing::kept_parties(b.world.dialogs, b.world.cryptography, recorded.dialog).caller.binding;
    };
    b.world.record(true);
    REQUIRE(caller() == recorded.caller.binding);
    REQUIRE(recorded.caller.binding);
    b.world.send(b.callee, answer(request, "200 OK"));
    CHECK(caller() == recorded.caller.binding);
}

TEST_CASE("a request in the dialog of a billed call is a sign of life, and a BYE its end", "[billing]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(true);
    b.world.send(b.callee, update(request));
    CHECK(b.world.ledger.lives == 1);
    CHECK(b.world.ledger.ends == 0);
    b.world.send(b.callee, bye(request));
    CHECK(b.world.ledger.ends == 0); // it may be refused
    b.world.pass(3s);
    auto heard = b.world.receive(b.alice);
    while (!start_line(heard).starts_with("BYE ")) heard = b.world.receive(b.alice);
    b.world.send(b.alice, response_to(heard, "200 OK"));
    CHECK(b.world.ledger.ends == 1);
    CHECK(b.world.ledger.ended_ago == 3s); // when it was said, not when it was agreed to
    CHECK_FALSE(b.world.ledger.recording());
}

TEST_CASE("a caller that knows session refreshes is asked for them in a billed call, and in no other",
          "[billing][rfc4028][8.1]")
{
    const auto asked = [](std::string_view dialled, const std::string& extra) {
        Billed b;
        return header(b.call(dialled, extra), "Session-Expires");
    };
    CHECK(asked(number, "Supported: timer\n") == "1800");
    CHECK(asked(number, "Supported: timer\nSession-Expires: 600\n") == "600"); // it has asked by itself
    CHECK(asked(number, "").empty());                                          // and goes without, where it cannot
    CHECK(asked("+498001234567", "Supported: timer\n").empty());
    CHECK(asked(number, "Supported: timer\nMin-SE: 3600\n") == "3600"); // never below what it says
    CHECK(asked(number, "Supported: timer\nMin-SE: 90\n") == "1800");
}

TEST_CASE("where only the caller knows session refreshes, the caller is told to do them", "[billing][rfc4028][8.2]")
{
    const auto told = [](std::string_view dialled, const std::string& extra, const std::string& answered = "") {
        Billed b;
        b.world.send(b.callee, answer(b.call(dialled, extra), "200 OK", answered));
        if (!b.world.ledger.waiting.empty()) b.world.record(true);
        const auto ok = b.world.receive(b.alice);
        return std::pair{header(ok, "Session-Expires"), header(ok, "Require")};
    };
    const std::pair<std::string, std::string> nothing;
    CHECK(told(number, "Supported: timer\n") == std::pair<std::string, std::string>{"1800;refresher=uac", "timer"});
    CHECK(told(number, "Supported: timer\nSession-Expires: 600\n") ==
          std::pair<std::string, std::string>{"600;refresher=uac", "timer"});
    CHECK(told(number, "") == nothing);
    CHECK(told("+498001234567", "Supported: timer\nSession-Expires: 600\n") == nothing); // nobody pays: its own affair
    CHECK(told(number, "Supported: timer\n", "Session-Expires: 900;refresher=uas\nRequire: timer\n") ==
          std::pair<std::string, std::string>{"900;refresher=uas", "timer"});
}

TEST_CASE("a caller that refreshes goes on with it, whatever the callee knows", "[billing][rfc4028][8.2]")
{
    Billed b;
    b.world.send(b.callee, answer(b.call(number, "Supported: timer\n"), "200 OK"));
    b.world.record(true);
    const auto ok = b.world.receive(b.alice);
    const auto refreshed = [&](int cseq, const std::string& asked) {
        const auto text = std::to_string(cseq);
        b.world.send(b.alice, "UPDATE " + uri_in(header(ok, "Contact")) +
                                  " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKupd" + text +
                                  "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: " +
                                  header(ok, "To") + "\nCall-ID: a-call-id\nCSeq: " + text +
                                  " UPDATE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" +
                                  "Supported: timer\nSession-Expires: " + asked + "\n");
        b.world.send(b.callee, answer(b.world.receive(b.callee), "200 OK"));
        return header(b.world.receive(b.alice), "Session-Expires");
    };
    CHECK(refreshed(3, "1800;refresher=uac") == "1800;refresher=uac");
    CHECK(refreshed(4, "1800;refresher=uas").empty()); // the callee cannot
}

TEST_CASE("a call that cannot be recorded ends on both sides", "[billing]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(false);
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 500 Server Internal Error");
    const auto ack = b.world.receive(b.callee);
    CHECK(start_line(ack) == "ACK " + callee_contact + " SIP/2.0");
    const auto bye_received = b.world.receive(b.callee);
    CHECK(start_line(bye_received) == "BYE " + callee_contact + " SIP/2.0");
    CHECK(header(bye_received, "Reason") == "SIP;cause=500");
    CHECK(header(bye_received, "To") == header(request, "To") + ";tag=b-tag");
}

TEST_CASE("a call counts as answered when its caller hears of the answer, and as failed when not", "[billing][metrics]")
{
    Billed b;
    const auto counted = [&] {
        const auto& counters = b.world.element.counters();
        return std::pair{counters.calls_answered, counters.calls_failed};
    };
    using Counted = std::pair<std::uint64_t, std::uint64_t>;
    const auto request = b.call(number);
    SECTION("once, however often it is repeated")
    {
        b.world.send(b.callee, answer(request, "200 OK"));
        CHECK(counted() == Counted{0, 0});
        b.world.record(true);
        b.world.send(b.callee, answer(request, "200 OK"));
        CHECK(counted() == Counted{1, 0});
    }
    SECTION("when it cannot be recorded")
    {
        b.world.send(b.callee, answer(request, "200 OK"));
        b.world.record(false);
        CHECK(counted() == Counted{0, 1});
    }
    SECTION("when the answer may not pass")
    {
        b.world.send(b.callee, answer(request, "200 OK", "Content-Type: text/html\n"), "<p>yes</p>");
        CHECK(counted() == Counted{0, 1});
    }
}

TEST_CASE("a callee that has had other requests since the INVITE takes our BYE for a new one",
          "[billing][rfc3261][12.2.2]")
{
    Billed b;
    const auto request = b.call(number, "Supported: 100rel\n");
    b.world.send(b.callee, answer(request, "183 Session Progress", "Require: 100rel\nRSeq: 1\n"));
    const auto early = b.world.receive(b.alice);
    b.world.send(b.alice, "PRACK " + uri_in(header(early, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKprack\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=a-tag\nTo: " +
                              header(early, "To") +
                              "\nCall-ID: a-call-id\nCSeq: 9 PRACK\nRAck: " + header(early, "RSeq") + " 2 INVITE\n");
    const auto prack = b.world.receive(b.callee);
    REQUIRE(start_line(prack).starts_with("PRACK "));
    b.world.send(b.callee, answer(prack, "200 OK"));
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(false);
    CHECK(header(b.world.receive(b.callee), "CSeq") == std::to_string(std::stoul(header(request, "CSeq"))) + " ACK");
    CHECK(std::stoul(header(b.world.receive(b.callee), "CSeq")) > std::stoul(header(prack, "CSeq")));
}

TEST_CASE("a CANCEL that comes while the call is being recorded is too late", "[billing][rfc3261][9.2]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.send(b.alice, "CANCEL " + uri_of(number) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv2\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=a-tag\nTo: <" +
                              uri_of(number) + ">\nCall-ID: a-call-id\nCSeq: 2 CANCEL\n");
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 200 OK"); // of the CANCEL
    CHECK(b.world.quiet(b.alice));
    CHECK(b.world.quiet(b.callee));
    b.world.record(true);
    CHECK(header(b.world.receive(b.alice), "CSeq") == "2 INVITE");
}

TEST_CASE("no billed call begins while nothing can be written; calls that nobody bills go on", "[billing]")
{
    Billed b;
    b.world.ledger.takes_calls = false;
    CHECK(b.call(number).empty());
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 503 Service Unavailable");
    const auto bob = b.world.phone("bob");
    b.world.send(b.alice, invite("bob", 3));
    const auto challenge = b.world.receive(b.alice);
    b.world.send(b.alice, invite("bob", 4, b.world.credentials(challenge, "alice", "INVITE", uri_of("bob"))));
    CHECK(start_line(b.world.receive(bob)).starts_with("INVITE "));
}

TEST_CASE("a call between subscribers is billed where its number has a tariff", "[billing]")
{
    auto settings = World::defaults();
    settings.billed_inside = {{.prefix = "+49", .tariff = {.name = "standard", .route = "inside"}},
                              {.prefix = "+49900", .tariff = {.name = "premium", .route = "inside"}}};
    World world{settings};
    const auto alice = world.phone("alice");
    const auto service = world.phone("+49900123");
    world.send(alice, invite("+49900123", 1));
    const auto challenge = world.receive(alice);
    world.send(alice, invite("+49900123", 2, world.credentials(challenge, "alice", "INVITE", uri_of("+49900123"))));
    world.send(service, answer(world.receive(service), "200 OK"));
    REQUIRE(world.ledger.waiting.size() == 1);
    CHECK(world.ledger.waiting.front().first.tariff.name == "premium"); // the longest one counts
    CHECK(world.ledger.waiting.front().first.callee.binding);
}

TEST_CASE("of two phones that answer, one that cannot be recorded takes nothing from the other",
          "[billing][rfc3261][16.7]")
{
    auto settings = World::defaults();
    settings.billed_inside = {{.prefix = "+49", .tariff = {.name = "standard", .route = "inside"}}};
    World world{settings};
    const auto alice = world.phone("alice");
    const std::array phones{world.phone("+49900123"), world.connect()};
    world.registers(phones[1], "+49900123", {.contact = "<sip:second@192.0.2.2:5555;transport=tls>"});
    world.send(alice, invite("+49900123", 1));
    const auto challenge = world.receive(alice);
    world.send(alice, invite("+49900123", 2, world.credentials(challenge, "alice", "INVITE", uri_of("+49900123"))));
    world.receive(alice); // 100
    std::vector<std::string> rung;
    for (const auto phone : phones) rung.push_back(world.receive(phone));
    for (std::size_t i = 0; i < phones.size(); ++i) world.send(phones[i], answer(rung[i], "200 OK"));
    REQUIRE(world.ledger.waiting.size() == 2);
    auto other = std::move(world.ledger.waiting.back());
    world.ledger.waiting.pop_back();
    world.record(false);
    CHECK(world.quiet(alice));
    world.ledger.waiting.push_back(std::move(other));
    world.record(true);
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    CHECK(world.ledger.recording());
}

TEST_CASE("a call that its route sends back to a subscriber is not billed as one of the route",
          "[billing][rfc3261][16.5]")
{
    Billed b;
    const auto bob = b.world.phone("bob");
    auto moved = answer(b.call(number), "302 Moved Temporarily");
    moved.replace(moved.find(callee_contact), callee_contact.size(), uri_of("bob"));
    b.world.send(b.callee, moved);
    b.world.send(bob, answer(b.world.receive(bob), "200 OK"));
    CHECK(b.world.ledger.waiting.empty());
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 200 OK");
}

TEST_CASE("a subscriber's phone sends no caller to a number that costs", "[billing]")
{
    auto settings = World::defaults();
    settings.billed_inside = {{.prefix = "+49900", .tariff = {.name = "premium", .route = "inside"}}};
    World world{settings};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto service = world.phone("+49900123");
    world.send(alice, invite("bob", 1));
    world.send(alice, invite("bob", 2, world.credentials(world.receive(alice), "alice", "INVITE", uri_of("bob"))));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    auto moved = answer(world.receive(bob), "302 Moved Temporarily");
    moved.replace(moved.find(callee_contact), callee_contact.size(), uri_of("+49900123"));
    world.send(bob, moved);
    CHECK(world.quiet(service));
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 480"));
    CHECK(world.ledger.waiting.empty());
}

TEST_CASE("failed attempts and calls on no billed route are never told to the ledger", "[billing]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "486 Busy Here"));
    CHECK(b.world.ledger.waiting.empty());
    Billed on_the_other;
    const auto free_call = on_the_other.call("+498001234567");
    on_the_other.world.send(on_the_other.callee, answer(free_call, "200 OK"));
    CHECK(on_the_other.world.ledger.waiting.empty());
    CHECK(start_line(on_the_other.world.receive(on_the_other.alice)) == "SIP/2.0 200 OK");
    World free{World::defaults()};
    const auto alice = free.phone("alice");
    const auto bob = free.phone("bob");
    free.send(alice, invite("bob", 1));
    const auto challenge = free.receive(alice);
    free.send(alice, invite("bob", 2, free.credentials(challenge, "alice", "INVITE", uri_of("bob"))));
    free.send(bob, answer(free.receive(bob), "200 OK"));
    CHECK(free.ledger.waiting.empty());
    CHECK(start_line(free.receive(alice)) == "SIP/2.0 100 Trying");
    CHECK(start_line(free.receive(alice)) == "SIP/2.0 200 OK");
}
