// RFC 8599: phones that sleep.
#include "core/privacy/anonymous_callers.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr auto parameters = ";pn-provider=fcm;pn-param=project;pn-prid=secret%2Dtoken";

CoreSettings with_push()
{
    auto settings = World::defaults();
    settings.push_providers = {"apns", "fcm"};
    settings.push_wait = seconds{20};
    return settings;
}

std::string contact(const std::string& push, const std::string& extra = "")
{
    return "<sip:bob-device@192.0.2.1:5555;transport=tls" + push + ">;+sip.instance=\"<urn:uuid:1>\"" + extra;
}

std::string answered(const std::string& invite, const std::string& with, const std::string& extra = "")
{
    return "SIP/2.0 " + with + "\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
           "\nTo: " + header(invite, "To") + ";tag=r\nCall-ID: " + header(invite, "Call-ID") +
           "\nCSeq: " + header(invite, "CSeq") + "\n" + extra;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

struct Sleep {
    World world{with_push()};
    FlowId alice{world.phone("alice")};
    FlowId bob{world.connect()};
    int number{0};

    std::string registers(const std::string& what, const std::string& extra = "")
    {
        return world.registers(bob, "bob", {.contact = what, .extra = extra});
    }
    void comes_back(const std::string& what)
    {
        bob = world.connect();
        CHECK(status(registers(what)) == "200");
    }
    /// Alice's INVITE, up to the 100.
    void calls(const std::string& whom = "bob", const std::string& headers = "")
    {
        const auto invite = [&](const std::string& credentials) {
            const auto n = std::to_string(++number);
            return "INVITE sip:" + whom + "@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKcall" + n +
                   "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <sip:" + whom +
                   "@example.org>\nCall-ID: call" + whom + "\nCSeq: " + n +
                   " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + headers + credentials;
        };
        while (!world.quiet(alice)) world.receive(alice);
        world.send(alice, invite(""));
        const auto challenge = world.receive(alice);
        world.send(alice, invite(world.credentials(challenge, "alice", "INVITE", "sip:" + whom + "@example.org")));
        CHECK(status(world.receive(alice)) == "100");
    }
};

} // namespace

TEST_CASE("a phone that registered for pushes is told that they will come", "[rfc8599][5.6.1.1]")
{
    Sleep sleep;
    const auto ok = sleep.registers(contact(parameters));
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Feature-Caps") == "*;+sip.pns=\"fcm\"");
    CHECK(header(ok, "Contact").find("pn-prid=secret%2Dtoken") != std::string::npos); // 5.3: it compares
    CHECK(header(sleep.world.registers(sleep.world.connect(), "carol", {.contact = contact("")}), "Feature-Caps")
              .empty());
}

TEST_CASE("what it registered reaches nobody, itself included, in a call", "[rfc8599][13]")
{
    Sleep sleep;
    sleep.registers(contact(parameters));
    sleep.calls();
    const auto invite = sleep.world.receive(sleep.bob);
    CHECK(start_line(invite) == "INVITE sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(invite.find("pn-") == std::string::npos);
    CHECK(sleep.world.woken.empty()); // 5.6.2: it is awake
}

TEST_CASE("a phone that sleeps is woken, and rings when it has come back", "[rfc8599][5.6.2]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    CHECK(world.location.size() == 1); // Alice's
    sleep.calls();
    REQUIRE(world.woken.size() == 1);
    const auto& wake = world.woken.front();
    CHECK(wake.provider == "fcm");
    CHECK(wake.parameter == "project");
    CHECK(wake.token == "secret-token");
    world.pass(seconds{19});
    CHECK(world.quiet(sleep.alice));
    sleep.comes_back(contact(parameters));
    const auto invite = world.receive(sleep.bob);
    CHECK(start_line(invite).starts_with("INVITE sip:bob-device@"));
    CHECK(world.woken.size() == 1);
    world.send(sleep.bob, "SIP/2.0 180 Ringing\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                              "\nTo: " + header(invite, "To") + ";tag=b\nCall-ID: " + header(invite, "Call-ID") +
                              "\nCSeq: " + header(invite, "CSeq") + "\n");
    CHECK(status(world.receive(sleep.alice)) == "180");
    world.pass(seconds{5}); // the wait is over and does not end the call
    CHECK(world.quiet(sleep.alice));
}

TEST_CASE("a phone that does not come back, or cannot be woken, is not there", "[rfc8599][5.6.2]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    sleep.calls();
    SECTION("in time")
    {
        world.pass(milliseconds{19'999});
        CHECK(world.quiet(sleep.alice));
        world.pass(milliseconds{1});
        CHECK(status(world.receive(sleep.alice)) == "480");
        sleep.comes_back(contact(parameters)); // too late
        CHECK(world.quiet(sleep.bob));
    }
    SECTION("the gateway fails")
    {
        world.cannot_wake(world.woken.front().ticket);
        CHECK(status(world.receive(sleep.alice)) == "480");
    }
    SECTION("the caller gives up")
    {
        const auto n = std::to_string(sleep.number);
        world.send(sleep.alice,
                   "CANCEL sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKcall" + n +
                       "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <sip:bob@example.org>\n"
                       "Call-ID: callbob\nCSeq: " +
                       n + " CANCEL\n");
        const auto one = status(world.receive(sleep.alice));
        const auto other = status(world.receive(sleep.alice));
        CHECK(((one == "200" && other == "487") || (one == "487" && other == "200")));
        sleep.comes_back(contact(parameters));
        CHECK(world.quiet(sleep.bob));
    }
}

TEST_CASE("however many callers have given up, the last one is told that the phone has come", "[rfc8599][limits]")
{
    Sleep sleep;
    auto& world = sleep.world;
    world.settings->push_wait = seconds{1};
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    for (int i = 0; i < 100; ++i) {
        sleep.calls();
        world.pass(seconds{1});
        CHECK(status(world.receive(sleep.alice)) == "480");
    }
    sleep.calls();
    sleep.comes_back(contact(parameters));
    CHECK(start_line(world.receive(sleep.bob)).starts_with("INVITE "));
}

TEST_CASE("a phone whose connection turns out to have ended is woken as well", "[rfc8599][5.6.2]")
{
    Sleep sleep;
    auto& world = sleep.world;
    const bool with_another = GENERATE(false, true);
    const auto tablet = world.connect();
    if (with_another) { // which is known to sleep
        const auto value = "<sip:tablet@192.0.2.3" + std::string{parameters} + ">;+sip.instance=\"<urn:uuid:2>\"";
        CHECK(status(world.registers(tablet, "bob", {.contact = value, .call_id = "tablet"})) == "200");
        world.disconnect(tablet);
    }
    sleep.registers(contact(parameters));
    sleep.calls();
    const std::size_t asked = with_another ? 1 : 0;
    CHECK(world.woken.size() == asked);
    CHECK(start_line(world.receive(sleep.bob)).starts_with("INVITE ")); // as far as the kernel takes it
    world.disconnect(sleep.bob);
    CHECK(world.woken.size() == asked + 1);
    CHECK(world.quiet(sleep.alice));
    SECTION("and rings when it has come back")
    {
        sleep.comes_back(contact(parameters));
        CHECK(start_line(world.receive(sleep.bob)).starts_with("INVITE sip:bob-device@"));
        CHECK(world.quiet(sleep.alice));
        CHECK(world.woken.size() == asked + 1);
    }
    SECTION("and waited for as long as any")
    {
        world.pass(milliseconds{19'999});
        CHECK(world.quiet(sleep.alice));
        world.pass(milliseconds{1});
        CHECK(status(world.receive(sleep.alice)) == "480");
    }
}

TEST_CASE("a second phone rings at once, and the sleeping one joins", "[rfc8599][5.6.2]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    const auto desk = world.connect();
    world.registers(desk, "bob", {.contact = "<sip:desk@192.0.2.2>;+sip.instance=\"<urn:uuid:2>\"", .call_id = "desk"});
    sleep.calls();
    const auto invite = world.receive(desk);
    CHECK(world.woken.size() == 1);
    SECTION("busy there does not end the wait")
    {
        world.send(desk, "SIP/2.0 486 Busy Here\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                             "\nTo: " + header(invite, "To") + ";tag=d\nCall-ID: " + header(invite, "Call-ID") +
                             "\nCSeq: " + header(invite, "CSeq") + "\n");
        CHECK(world.quiet(sleep.alice));
    }
    sleep.comes_back(contact(parameters));
    CHECK(start_line(world.receive(sleep.bob)).starts_with("INVITE sip:bob-device@"));
}

TEST_CASE("a phone that wakes after another one has declined for all does not ring", "[rfc8599][rfc3261][16.7]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    std::array<FlowId, 2> others{world.connect(), world.connect()};
    std::array<std::string, 2> invites;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto name = std::to_string(i);
        world.registers(others[i], "bob",
                        {.contact = "<sip:desk" + name + "@192.0.2.2>;+sip.instance=\"<urn:uuid:2" + name + ">\"",
                         .call_id = "desk" + name});
    }
    sleep.calls();
    for (std::size_t i = 0; i < 2; ++i) invites[i] = world.receive(others[i]);
    REQUIRE(world.woken.size() == 1);
    world.send(others[0], answered(invites[0], "180 Ringing"));
    CHECK(status(world.receive(sleep.alice)) == "180");
    world.send(others[1], answered(invites[1], "603 Decline")); // the first one is cancelled, and has not said so yet
    sleep.comes_back(contact(parameters));
    CHECK(world.quiet(sleep.bob));
    world.send(others[0], answered(invites[0], "487 Request Terminated"));
    CHECK(status(world.receive(sleep.alice)) == "603");
}

TEST_CASE("a push registration ends with its time, with a REGISTER without it, and with its device", "[rfc8599][4.1.2]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    SECTION("time")
    {
        world.disconnect(sleep.bob);
        world.pass(seconds{600});
    }
    SECTION("disabled")
    {
        sleep.registers(contact(""));
        world.disconnect(sleep.bob);
    }
    SECTION("unregistered")
    {
        sleep.registers(contact(parameters, ";expires=0"));
        world.disconnect(sleep.bob);
    }
    SECTION("unregistered after it had slept")
    {
        world.disconnect(sleep.bob);
        sleep.comes_back(contact("", ";expires=0"));
    }
    SECTION("unregistered by another device, for all")
    {
        world.disconnect(sleep.bob);
        CHECK(status(world.registers(world.connect(), "bob", {.contact = "*", .extra = "Expires: 0\n"})) == "200");
    }
    sleep.calls();
    CHECK(world.woken.empty());
    CHECK(status(world.receive(sleep.alice)) == "480");
}

TEST_CASE("a sleeping phone is woken before its registration ends, once", "[rfc8599][5.5]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    world.pass(milliseconds{479'999});
    CHECK(world.renewed == 0);
    world.pass(milliseconds{1});
    CHECK(world.renewed == 1);
    world.pass(seconds{119});
    world.pass(seconds{1});
    CHECK(world.renewed == 1);
    CHECK(world.push.accounts() == 0);
}

TEST_CASE("what is not served gets 555, a time too short to be woken in 423, a question its answer", "[rfc8599][5.6.1]")
{
    Sleep sleep;
    CHECK(status(sleep.registers(contact(";pn-provider=carrier-pigeon;pn-prid=x"))) == "555");
    const auto brief = sleep.registers(contact(parameters), "Expires: 120\n");
    CHECK(status(brief) == "423");
    CHECK(header(brief, "Min-Expires") == "121");
    CHECK(header(sleep.registers(contact(";pn-provider=apns")), "Feature-Caps") == "*;+sip.pns=\"apns\"");
    CHECK(header(sleep.registers(contact(";pn-provider")), "Feature-Caps") ==
          "*;+sip.pns=\"apns\", *;+sip.pns=\"fcm\"");
    CHECK(sleep.world.push.accounts() == 0); // 5.6.1.2: a question registers nothing
}

TEST_CASE("without a gateway the parameters are dropped and nothing is promised", "[rfc8599]")
{
    World world;
    const auto ok = world.registers(world.connect(), "bob", {.contact = contact(parameters)});
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Feature-Caps").empty());
    CHECK(world.push.accounts() == 0);
}

TEST_CASE("unknown addresses are waited for in the share of accounts that have such a phone", "[rfc8599][P10]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters)); // one of two accounts
    int waited = 0;
    for (int i = 0; i < 64; ++i) {
        const auto whom = "nobody" + std::to_string(i);
        sleep.calls(whom);
        const bool waits = world.quiet(sleep.alice);
        waited += waits ? 1 : 0;
        if (!waits) CHECK(status(world.receive(sleep.alice)) == "480");
        if (waits && i < 8) { // as long, and with the same answer; and each time
            world.pass(milliseconds{19'999});
            CHECK(world.quiet(sleep.alice));
            world.pass(milliseconds{1});
            CHECK(status(world.receive(sleep.alice)) == "480");
            sleep.calls(whom);
            CHECK(world.quiet(sleep.alice));
            world.pass(seconds{20});
        }
        world.pass(seconds{1});
    }
    CHECK(waited > 14);
    CHECK(waited < 50);
    CHECK(world.woken.empty());
}

TEST_CASE("a blocked caller wakes nobody, rings nobody and waits as for an unknown address", "[rfc8599][P4][P10]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    const auto bob = world.accounts->find("bob", "example.org")->id;
    const auto alice = world.accounts->find("alice", "example.org")->id;
    world.accounts->blocked.emplace(bob, pair_pseudonym(bob, alice, world.cryptography));
    world.disconnect(sleep.bob);
    sleep.calls("bob", "Privacy: id\n");
    CHECK(world.woken.empty());
    const bool waits = world.quiet(sleep.alice);
    sleep.comes_back(contact(parameters)); // by itself, while she waits
    CHECK(world.quiet(sleep.bob));
    if (waits) world.pass(seconds{20});
    CHECK(status(world.receive(sleep.alice)) == "480");
    CHECK(world.quiet(sleep.bob));

    world.accounts->blocked.clear(); // the keyed choice for that address, were it nobody's
    world.disconnect(sleep.bob);
    world.accounts->at(bob).password_needed = true;
    sleep.calls("bob", "Privacy: id\n");
    CHECK(world.quiet(sleep.alice) == waits);
}

TEST_CASE("whoever is reached by a redirection is woken too", "[rfc8599][5.6.2]")
{
    auto settings = with_push();
    settings.domains.front().numbers = {.country = "49"};
    settings.routes = {
        {.name = "carrier", .kind = Receiver::gateway, .prefixes = {"+"}, .targets = {{"trunk.example"}}}};
    World world{settings};
    const auto alice = world.phone("alice");
    auto bob = world.connect();
    world.registers(bob, "bob", {.contact = contact(parameters)});
    world.disconnect(bob);
    const auto trunk = world.domain("trunk.example");
    const auto carol = world.phone("carol");
    const bool by_carrier = GENERATE(true, false);
    const std::string dialled = by_carrier ? "sip:+44207946000@example.org" : "sip:carol@example.org";
    const auto redirects = by_carrier ? trunk : carol;
    const auto invite = [&](int n, const std::string& credentials) {
        return "INVITE " + dialled + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKc" + std::to_string(n) +
               "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <" + dialled +
               ">\nCall-ID: c\nCSeq: " + std::to_string(n) +
               " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + credentials;
    };
    world.send(alice, invite(1, ""));
    world.send(alice, invite(2, world.credentials(world.receive(alice), "alice", "INVITE", dialled)));
    CHECK(status(world.receive(alice)) == "100");
    const auto first = world.receive(redirects);
    CHECK(world.woken.empty());
    world.send(redirects, "SIP/2.0 302 Moved Temporarily\nVia: " + header(first, "Via") +
                              "\nFrom: " + header(first, "From") + "\nTo: " + header(first, "To") +
                              ";tag=r\nCall-ID: " + header(first, "Call-ID") + "\nCSeq: " + header(first, "CSeq") +
                              "\nContact: <sip:bob@example.org>\n");
    REQUIRE(world.woken.size() == 1);
    CHECK(world.woken.front().token == "secret-token");
    CHECK(world.quiet(alice));
    SECTION("and rings when it comes")
    {
        bob = world.connect();
        CHECK(status(world.registers(bob, "bob", {.contact = contact(parameters)})) == "200");
        CHECK(start_line(world.receive(bob)).starts_with("INVITE sip:bob-device@192.0.2.1:5555"));
        CHECK(world.woken.size() == 1);
    }
    SECTION("and is waited for no longer than others")
    {
        world.pass(seconds{19});
        CHECK(world.quiet(alice));
        world.pass(seconds{2});
        CHECK(status(world.receive(alice)) == "480");
    }
}

TEST_CASE("a second redirection to the same address lengthens no wait, whoever is there", "[rfc8599][P4][P10]")
{
    Sleep sleep;
    auto& world = sleep.world;
    sleep.registers(contact(parameters));
    world.disconnect(sleep.bob);
    const auto asks = [&](FlowId flow, const std::string& user, const std::string& device) {
        const auto value = "<sip:" + device + "@192.0.2.3;transport=tls" + parameters +
                           ">;+sip.instance=\"<urn:uuid:" + device + ">\"";
        CHECK(status(world.registers(flow, user, {.contact = value, .call_id = device})) == "200");
        return flow;
    };
    asks(sleep.alice, "alice", "own"); // every account has such a phone: whoever is not there seems to sleep
    const std::array phones{asks(world.connect(), "carol", "one"), asks(world.connect(), "carol", "other")};
    const auto bob = world.accounts->find("bob", "example.org")->id;
    const auto alice = world.accounts->find("alice", "example.org")->id;
    const auto& [whom, blocked] =
        GENERATE(table<std::string, bool>({{"bob", false}, {"bob", true}, {"nobody", false}}));
    CAPTURE(whom, blocked);
    if (blocked) world.accounts->blocked.emplace(bob, pair_pseudonym(bob, alice, world.cryptography));
    sleep.calls("carol", "Privacy: id\n");
    for (const auto phone : phones) {
        world.send(phone, answered(world.receive(phone), "302 Moved Temporarily",
                                   "Contact: <sip:" + whom + "@example.org>\n"));
        CHECK(world.woken.size() == (whom == "bob" && !blocked ? 1U : 0U));
        world.pass(milliseconds{9'999});
        CHECK(world.quiet(sleep.alice));
    }
    world.pass(milliseconds{1});
    CHECK(world.quiet(sleep.alice)); // 1 ms is left of 20 s
    world.pass(milliseconds{1});
    CHECK(status(world.receive(sleep.alice)) == "480");
}

TEST_CASE("a phone that waits its turn is invited once", "[rfc3261][16.5]")
{
    Sleep sleep;
    auto& world = sleep.world;
    const auto registers = [&](const std::string& device, const std::string& q) {
        const auto flow = world.connect();
        const auto value = "<sip:" + device + "@192.0.2.2>;q=" + q + ";+sip.instance=\"<urn:uuid:" + device + ">\"";
        CHECK(status(world.registers(flow, "bob", {.contact = value, .call_id = device})) == "200");
        return flow;
    };
    const auto tablet = registers("tablet", "1.0");
    const auto desk = registers("desk", "0.5");
    const auto invited = [&](FlowId phone) {
        const auto invite = world.receive(phone);
        CHECK(start_line(invite).starts_with("INVITE "));
        CHECK(world.quiet(phone));
        return invite;
    };
    const auto declines = [&](FlowId phone, const std::string& invite) {
        world.send(phone, answered(invite, "486 Busy Here"));
        CHECK(start_line(world.receive(phone)).starts_with("ACK "));
        CHECK(world.quiet(phone));
    };
    SECTION("while another wakes")
    {
        sleep.registers(contact(parameters));
        world.disconnect(sleep.bob);
        sleep.calls();
        const auto first = invited(tablet);
        CHECK(world.quiet(desk));
        sleep.comes_back(contact(parameters));
        const auto second = invited(sleep.bob);
        CHECK(world.quiet(desk));
        declines(tablet, first);
        CHECK(world.quiet(desk));
        declines(sleep.bob, second);
    }
    SECTION("when two addresses lead to it")
    {
        world.accounts->attach(world.accounts->find("bob", "example.org")->id, "robert", "example.org");
        const auto carol = world.phone("carol");
        sleep.calls("carol");
        const auto moved = world.receive(carol);
        world.send(carol, answered(moved, "302 Moved Temporarily",
                                   "Contact: <sip:bob@example.org>, <sip:robert@example.org>\n"));
        declines(tablet, invited(tablet));
    }
    declines(desk, invited(desk));
    CHECK(world.quiet(tablet));
    CHECK(status(world.receive(sleep.alice)) == "486");
}
