#include "element/requests.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

std::string invite(const std::string& cseq, const std::string& extra = "")
{
    return "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv" + cseq +
           "\nMax-Forwards: 70\nFrom: \"Alice\" <sip:alice@example.org>;tag=a-tag\nTo: <sip:bob@example.org>\n"
           "Call-ID: a-call-id@secret-host\nCSeq: " +
           cseq +
           " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"
           "User-Agent: Secret Phone\nX-Secret: 1\n" +
           extra;
}

/// A response of a phone to the request that it received.
std::string answer(const std::string& request, const std::string& status, const std::string& contact)
{
    const auto to = header(request, "To");
    return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + to + (tag_in(to).empty() ? ";tag=b-tag" : "") + "\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\n" + (contact.empty() ? "" : "Contact: <" + contact + ">\n");
}

struct Call {
    std::string invite_at_bob, ok_at_alice;
};

Call establish(World& world, FlowId alice, FlowId bob)
{
    world.send(alice, invite("1"));
    const auto challenge = world.receive(alice);
    REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
    world.send(alice,
               "ACK sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv1\nMax-Forwards: 70\n"
               "From: <sip:alice@example.org>;tag=a-tag\nTo: " +
                   header(challenge, "To") + "\nCall-ID: a-call-id@secret-host\nCSeq: 1 ACK\n");
    world.send(alice, invite("2", world.credentials(challenge, "alice", "INVITE", "sip:bob@example.org")));
    REQUIRE(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    auto received = world.receive(bob);
    world.send(bob, answer(received, "180 Ringing", "sip:bob-device@192.0.2.1:5555;transport=tls"));
    REQUIRE(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
    world.send(bob, answer(received, "200 OK", "sip:bob-device@192.0.2.1:5555;transport=tls"));
    auto ok = world.receive(alice);
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    world.send(alice, "ACK " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKack\n"
                          "Max-Forwards: 70\nFrom: \"Alice\" <sip:alice@example.org>;tag=a-tag\nTo: " +
                          header(ok, "To") + "\nCall-ID: a-call-id@secret-host\nCSeq: 2 ACK\n");
    const auto ack = world.receive(bob);
    CHECK(start_line(ack) == "ACK sip:bob-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(ack, "Call-ID") == header(received, "Call-ID"));
    CHECK(header(ack, "From") == header(received, "From").substr(8)); // a name is said once, where it rings
    return {received, ok};
}

std::string bye_from_bob(const Call& call)
{
    return "BYE " + uri_in(header(call.invite_at_bob, "Contact")) +
           " SIP/2.0\nVia: SIP/2.0/TLS b.invalid;branch=z9hG4bKbye\n"
           "Max-Forwards: 70\nFrom: " +
           header(call.invite_at_bob, "To") + ";tag=b-tag\nTo: " + header(call.invite_at_bob, "From") +
           "\nCall-ID: " + header(call.invite_at_bob, "Call-ID") + "\nCSeq: 7 BYE\n";
}

} // namespace

TEST_CASE("a call is carried, and each side sees only its own identifiers", "[rfc3665][3.2]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob);
    for (const auto* secret : {"a-call-id", "a-tag", "secret-host", "alice-device", "host.invalid", "Secret",
                               "192.0.2.1:5555>", "z9hG4bKinv", "Proxy-Authorization", "X-Secret"})
        CHECK(call.invite_at_bob.find(secret) == std::string::npos);
    CHECK(call.ok_at_alice.find("bob-device") == std::string::npos);
    CHECK(call.ok_at_alice.find("b-tag") == std::string::npos);
    CHECK(header(call.ok_at_alice, "Call-ID") == "a-call-id@secret-host");

    world.send(bob, bye_from_bob(call));
    const auto bye = world.receive(alice);
    CHECK(start_line(bye) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(bye, "Call-ID") == "a-call-id@secret-host");
    CHECK(tag_in(header(bye, "To")) == "a-tag");
    CHECK(header(bye, "From") == header(call.ok_at_alice, "To"));
    world.send(alice, answer(bye, "200 OK", ""));
    CHECK(start_line(world.receive(bob)) == "SIP/2.0 200 OK");

    world.send(bob, bye_from_bob(call)); // the dialog has ended
    CHECK(start_line(world.receive(bob)) == "SIP/2.0 481 Call/Transaction Does Not Exist");
}

TEST_CASE("a BYE goes on without a body that may not pass", "[rfc3261][15.1]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob);
    world.send(bob, bye_from_bob(call) + "Content-Type: text/html\n", "<p>Bye</p>");
    const auto bye = world.receive(alice);
    CHECK(start_line(bye) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(bye, "Content-Type").empty());
    CHECK(bye.ends_with("Content-Length: 0\r\n\r\n"));
    world.send(alice, answer(bye, "200 OK", ""));
    CHECK(start_line(world.receive(bob)) == "SIP/2.0 200 OK");
}

TEST_CASE("an OPTIONS that may go no further is answered here, but inside a dialog", "[rfc3261][16.3]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob);
    const auto asks = [&](const std::string& uri, const std::string& to, const std::string& forwards) {
        world.send(alice, "OPTIONS " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKask" + forwards +
                              "\nMax-Forwards: " + forwards + "\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: " + to +
                              "\nCall-ID: a-call-id@secret-host\nCSeq: 3 OPTIONS\n");
    };
    const auto inside = uri_in(header(call.ok_at_alice, "Contact"));
    SECTION("at its other side it has not arrived")
    {
        asks(inside, header(call.ok_at_alice, "To"), "0");
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 483 Too Many Hops");
        CHECK(world.quiet(bob));
        asks(inside, header(call.ok_at_alice, "To"), "1");
        CHECK(start_line(world.receive(bob)).starts_with("OPTIONS "));
    }
    SECTION("of what the server itself can")
    {
        asks("sip:example.org", "<sip:example.org>", "0");
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
        CHECK(world.quiet(bob));
    }
}

TEST_CASE("a call goes on over the device's new flow", "[rfc5626][4.5]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob);
    world.disconnect(alice);
    const auto again = world.phone("alice");
    world.send(bob, bye_from_bob(call));
    CHECK(start_line(world.receive(again)) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
}

TEST_CASE("unknown and offline addresses get one answer", "[P10]")
{
    World world;
    const auto alice = world.phone("alice");
    world.accounts->add("bob", "example.org");
    const auto ask = [&](const std::string& who, const std::string& cseq) {
        const auto to = [&](std::string text) {
            for (auto at = text.find("bob"); at != std::string::npos; at = text.find("bob", at + who.size()))
                text.replace(at, 3, who);
            return text;
        };
        world.send(alice, to(invite(cseq)));
        const auto challenge = world.receive(alice);
        const auto credentials = world.credentials(challenge, "alice", "INVITE", "sip:" + who + "@example.org");
        world.send(alice, to(invite(cseq + "1", credentials)));
        REQUIRE(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        return world.receive(alice);
    };
    const auto offline = ask("bob", "1");
    const auto unknown = ask("eve", "2");
    CHECK(start_line(offline) == "SIP/2.0 480 Temporarily Unavailable");
    CHECK(start_line(unknown) == start_line(offline));
    CHECK(unknown.size() == offline.size());
    // Registered before its algorithm was changed: unknown until it has a new password.
    const auto dora = world.phone("dan");
    world.accounts->at(world.accounts->find("dan", "example.org")->id).password_needed = true;
    const auto stale = ask("dan", "3");
    CHECK(world.quiet(dora));
    CHECK(start_line(stale) == start_line(offline));
    CHECK(stale.size() == offline.size());
}

TEST_CASE("a call comes from any of the caller's own addresses", "[rfc3261][16.6]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    world.accounts->attach(world.accounts->find("alice", "example.org")->id, "sales", "example.org");
    alice.send({.to = "sip:bob@example.org", .from = "<sip:sales@example.org>"});
    CHECK(header(world.receive(bob), "From").starts_with("<sip:sales@example.org>;tag="));
    CHECK(start_line(alice.refused({.to = "sip:bob@example.org", .from = "<sip:bob@example.org>"})).substr(8, 3) ==
          "403");
}

TEST_CASE("a server that drains begins no calls and brings those that ring to their end", "[9]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = "sip:bob@example.org", .from = {}});
    const auto ringing = world.receive(bob);
    world.element.drain();
    const auto refused = alice.refused({.to = "sip:bob@example.org", .from = {}});
    CHECK(start_line(refused).substr(8, 3) == "503");
    CHECK_FALSE(header(refused, "Retry-After").empty());
    CHECK(world.quiet(bob));
    world.send(bob, response_to(ringing, "200 OK", "Contact: <sip:bob@192.0.2.1>\n"));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 200 OK");
}

TEST_CASE("the best of two refusals is one whatever their order", "[rfc3261][16.7]")
{
    struct Case {
        std::string one, other, best;
    };
    const auto row =
        GENERATE(Case{"486 x", "480 x", "486"}, Case{"486 x", "488 x", "488"}, Case{"404 x", "603 x", "603"},
                 Case{"503 x", "486 x", "486"}, Case{"500 x", "486 x", "486"}, Case{"503 x", "503 x", "480"},
                 Case{"486 x", "302 x", "480"}, Case{"415 x", "486 x", "415"}, Case{"408 x", "486 x", "486"});
    const bool turned = GENERATE(false, true);
    CAPTURE(row.one, row.other, turned);
    World world;
    Sender alice{world, "alice"};
    world.accounts->add("bob", "example.org");
    std::vector<FlowId> phones;
    for (const auto* name : {"desk", "mobile"}) {
        phones.push_back(world.connect());
        world.registers(phones.back(), "bob",
                        {.contact = std::string{"<sip:"} + name + "@192.0.2.1>", .call_id = name});
    }
    alice.send({.to = "sip:bob@example.org", .from = {}});
    const std::vector<std::string> invites{world.receive(phones[0]), world.receive(phones[1])};
    const auto says = [&](std::size_t phone, const std::string& status) {
        world.send(phones[phone], response_to(invites[phone], status));
    };
    says(turned ? 1 : 0, row.one);
    CHECK((row.one.starts_with('6') || world.quiet(alice.flow)));
    says(turned ? 0 : 1, row.other);
    if (row.other.starts_with('6') && !world.quiet(phones[0])) world.receive(phones[0]);
    CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == row.best);
}

TEST_CASE("no answer within the ring timeout cancels the phone and tells the caller", "[rfc3261][16.8]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.send(alice, invite("1"));
    world.send(alice, invite("2", world.credentials(world.receive(alice), "alice", "INVITE", "sip:bob@example.org")));
    world.receive(alice);
    const auto received = world.receive(bob);
    world.send(bob, answer(received, "180 Ringing", ""));
    world.receive(alice);
    world.pass(seconds{61});
    const auto cancel = world.receive(bob);
    CHECK(start_line(cancel).starts_with("CANCEL "));
    CHECK(header(cancel, "Via") == header(received, "Via"));
    world.send(bob, answer(received, "487 Request Terminated", ""));
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 480 Temporarily Unavailable");
    world.send(
        alice,
        "ACK sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv2\nMax-Forwards: 70\n"
        "From: <sip:alice@example.org>;tag=a-tag\nTo: <sip:bob@example.org>;tag=x\nCall-ID: a-call-id@secret-host\n"
        "CSeq: 2 ACK\n");
    world.pass(seconds{60});
    CHECK(world.element.idle());
}

TEST_CASE("a phone whose connection ends before it has said anything is not waited for", "[rfc5626][7]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.send(alice, invite("1"));
    world.send(alice, invite("2", world.credentials(world.receive(alice), "alice", "INVITE", "sip:bob@example.org")));
    world.receive(alice);
    world.disconnect(bob);
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 480 Temporarily Unavailable");
}

TEST_CASE("a call whose phones have both gone is nobody's any more", "[P9]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.send(alice, invite("1"));
    world.send(alice, invite("2", world.credentials(world.receive(alice), "alice", "INVITE", "sip:bob@example.org")));
    world.receive(alice);
    world.send(bob, answer(world.receive(bob), "180 Ringing", ""));
    world.receive(alice);
    world.disconnect(bob);
    CHECK_FALSE(world.element.idle()); // the phone may come back and answer
    world.disconnect(alice);
    CHECK(
        world.element.idle()); // at once: neither the call nor the challenge that nobody acknowledges waits for a timer
}

TEST_CASE("a request that takes long is said to be worked on, once", "[rfc4320][4.1]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.method = "MESSAGE", .to = "sip:bob@example.org"});
    const auto received = world.receive(bob);
    CHECK(start_line(received).starts_with("MESSAGE "));
    world.pass(milliseconds{3'400});
    CHECK(world.quiet(alice.flow));
    world.pass(milliseconds{200});
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 100 Trying");
    world.pass(seconds{10});
    CHECK(world.quiet(alice.flow));
    world.send(bob, response_to(received, "200 OK"));
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 200 OK");
}

TEST_CASE("a refusal with a header that cannot be read is a refusal all the same", "[rfc3261][16.7]")
{
    for (const std::string header : {"Contact: <sip:x\n", "Record-Route: zz\n"}) {
        INFO(header);
        World world;
        Sender alice{world, "alice"};
        const auto bob = world.phone("bob");
        alice.send({.to = "sip:bob@example.org"});
        world.send(bob, response_to(world.receive(bob), "486 Busy Here", header));
        CHECK(start_line(world.receive(bob)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 486 Busy Here");
    }
}

TEST_CASE("who calls back names the call as its other party knows it, and as nobody else does", "[rfc3261][20.21]")
{
    World world;
    Sender alice{world, "alice"}, bob{world, "bob"}, carol{world, "carol"};
    alice.send({.to = "sip:bob@example.org"});
    const auto first = world.receive(bob.flow);
    world.send(bob.flow, response_to(first, "486 Busy Here"));
    world.receive(bob.flow); // ACK
    const auto own = header(world.receive(alice.flow), "Call-ID");
    const auto reply = "In-Reply-To: " + header(first, "Call-ID") + "\n";
    bob.send({.to = "sip:alice@example.org", .headers = reply});
    CHECK(header(world.receive(alice.flow), "In-Reply-To") == own);
    bob.send({.to = "sip:carol@example.org", .headers = reply});
    CHECK(header(world.receive(carol.flow), "In-Reply-To").empty());
    bob.send({.to = "sip:alice@example.org", .headers = reply + "Privacy: user\n"});
    CHECK(header(world.receive(alice.flow), "In-Reply-To").empty());
}
