#include "element/requests.hpp"
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("what a peer asserts counts when it is trusted, for its own domain")
{
    auto settings = with_routes();
    settings.routes.front().trusted = GENERATE(true, false);
    const bool trusted = settings.routes.front().trusted;
    World world{settings};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto called = [&](const std::string& asserted) {
        static int calls = 0;
        const auto n = std::to_string(++calls);
        world.send(peer,
                   "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS example.net;branch=z9hG4bKp" + n +
                       "\nMax-Forwards: 60\nFrom: \"Bob\" <sip:bob@example.net>;tag=p\nTo: "
                       "<sip:alice@example.org>\nCall-ID: p" +
                       n + "\nCSeq: 7 INVITE\nContact: <sip:bob@192.0.2.8:5061>\nP-Asserted-Identity: " + asserted +
                       "\nContent-Type: application/sdp\n",
                   offer);
        const auto invite = world.receive(alice);
        CHECK(header(invite, "P-Asserted-Identity").empty());
        return header(invite, "From");
    };
    CHECK(called("<sip:robert@example.net>")
              .starts_with(trusted ? "<sip:robert@example.net>;tag=" : "\"Bob\" <sip:bob@example.net>;tag="));
    CHECK(called("<sip:king@example.com>").starts_with("\"Bob\" <sip:bob@example.net>;tag="));
}

TEST_CASE("a withheld caller from elsewhere can be blocked where somebody answers for it")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto alice_id = world.accounts->find("alice", "example.org")->id;
    const auto trunk = world.domain("two.trunk.example");
    int calls = 0;
    const auto called = [&](const std::string& who) {
        const auto n = std::to_string(++calls);
        world.send(trunk,
                   "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS two.trunk.example;branch=z9hG4bKw" + n +
                       "\nMax-Forwards: 60\nFrom: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=w\nTo: "
                       "<sip:alice@example.org>\nCall-ID: w" +
                       n + "\nCSeq: 7 INVITE\nContact: <sip:gw@192.0.2.8:5061>\n" + who +
                       "Content-Type: application/sdp\n",
                   offer);
        CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
        if (world.quiet(alice)) return start_line(world.receive(trunk));
        CHECK(header(world.receive(alice), "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
        return std::string{"rings"};
    };
    const std::string one = "P-Asserted-Identity: <tel:+44207946000>\nPrivacy: id\n";
    const std::string other = "P-Asserted-Identity: <tel:+44207946111>\nPrivacy: id\n";
    CHECK(called(one) == "rings");
    const auto last = world.anonymous_callers.last(alice_id, world.now);
    REQUIRE(last);
    world.accounts->blocked.emplace(alice_id, *last);
    CHECK(called(one) == "SIP/2.0 480 Temporarily Unavailable");
    CHECK(called(other) == "rings");
    // Whoever nobody answers for was last: the callee must not block the one before in its place.
    CHECK(called({}) == "rings");
    CHECK_FALSE(world.anonymous_callers.last(alice_id, world.now));
}

TEST_CASE("a caller whom a gateway does not name is a withheld one, as its callee is shown", "[privacy][rfc5079]")
{
    auto settings = with_routes();
    if (GENERATE(false, true)) settings.domains.front().numbers = {.country = "44", .national = ""}; // Italy has none
    World world{settings};
    const auto alice = world.phone("alice");
    const auto alice_id = world.accounts->find("alice", "example.org")->id;
    const auto trunk = world.domain("two.trunk.example");
    const std::string from =
        GENERATE("sip:anonymous@carrier.example", "sip:44207946000@carrier.example"); // none, or without its +
    INFO(from);
    const auto call = [&](const std::string& n) {
        world.send(trunk,
                   "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS two.trunk.example;branch=z9hG4bKn" + n +
                       "\nMax-Forwards: 60\nFrom: <" + from + ">;tag=n\nTo: <sip:alice@example.org>\nCall-ID: n" + n +
                       "\nCSeq: 7 INVITE\nContact: <sip:gw@192.0.2.8:5061>\nContent-Type: application/sdp\n",
                   offer);
        CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
    };
    world.anonymous_callers.called(alice_id, KeyedHash{.high = 1, .low = 2}, world.now); // somebody else, before
    call("1");
    CHECK(header(world.receive(alice), "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
    CHECK_FALSE(world.anonymous_callers.last(alice_id, world.now)); // who is not blocked in its place

    world.accounts->at(alice_id).refuse_anonymous = true;
    call("2");
    CHECK(start_line(world.receive(trunk)).starts_with("SIP/2.0 433 "));
    CHECK(world.quiet(alice));
}

TEST_CASE("whoever was called shows the telephone network the number that was dialled, and no other")
{
    World world{with_routes()};
    const auto carol = world.phone("carol");
    const auto id = world.accounts->find("carol", "example.org")->id;
    world.accounts->at(id).number = "+49302222222";
    world.accounts->attach(id, "+49302222222", "example.org");
    world.accounts->attach(id, "+442071234567", "example.org");
    const auto trunk = world.domain("one.trunk.example");
    const auto& [dialled, shown] =
        GENERATE(table<std::string, std::string>({{"+49302222222", "<sip:+49302222222@example.org;user=phone>"},
                                                  {"+442071234567", "<sip:+442071234567@example.org;user=phone>"},
                                                  {"carol", "\"Anonymous\" <sip:anonymous@anonymous.invalid>"}}));
    const auto address = "sip:" + dialled + "@example.org";
    const std::string caller = "<sip:+33123456789@one.trunk.example>;tag=g";
    world.send(trunk,
               "INVITE " + address +
                   " SIP/2.0\nVia: SIP/2.0/TLS one.trunk.example;branch=z9hG4bKg\nMax-Forwards: 60\nFrom: " + caller +
                   "\nTo: <" + address +
                   ">\nCall-ID: g\nCSeq: 7 INVITE\nContact: <sip:gw@192.0.2.8:5061>\nContent-Type: application/sdp\n",
               offer);
    const auto invite = world.receive(carol);
    world.send(carol, answer(invite, "200 OK", "Contact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n"));
    CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
    CHECK(start_line(world.receive(trunk)) == "SIP/2.0 200 OK");
    world.send(carol, "BYE " + uri_in(header(invite, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKb\nMax-Forwards: 70\nFrom: " +
                          header(invite, "To") + ";tag=g-tag\nTo: " + header(invite, "From") +
                          "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 1 BYE\n");
    const auto bye = world.receive(trunk);
    CHECK(start_line(bye) == "BYE sip:gw@192.0.2.8:5061 SIP/2.0");
    CHECK(header(bye, "From").starts_with(shown + ";tag="));
    CHECK((bye.find("2222222") != std::string::npos) == (dialled == "+49302222222"));
}

TEST_CASE("a request inside a call that names none of its sender's addresses shows another domain no further one",
          "[rfc3323][rfc3261][12.2.1.1][P4]")
{
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto id = world.accounts->find("alice", "example.org")->id;
    world.accounts->at(id).number = "+49301111111";
    world.accounts->attach(id, "sales", "example.org");
    const auto& [host, uri, called_as] = GENERATE(table<std::string, std::string, std::string>(
        {{"example.net", "sip:bob@example.net", "sip:sales@example.org"},
         {"one.trunk.example", "sip:+44207946000@example.org", "sip:+49301111111@example.org;user=phone"}}));
    const auto other = world.domain(host);
    alice.send({.to = uri, .from = "<sip:sales@example.org>"});
    const auto invite = world.receive(other);
    CHECK(uri_in(header(invite, "From")) == called_as);
    world.send(other, answer(invite, "200 OK", contact));
    const auto ok = world.receive(alice.flow);
    const std::string from = GENERATE("anonymous@anonymous.invalid", "alice@192.0.2.1", "bob@example.org");
    world.send(alice.flow,
               "INFO " + uri_in(header(ok, "Contact")) +
                   " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKi\nMax-Forwards: 70\nFrom: <sip:" + from +
                   ">;tag=tag-of-alice\nTo: " + header(ok, "To") + "\nCall-ID: " + header(ok, "Call-ID") +
                   "\nCSeq: 3 INFO\n");
    CHECK(uri_in(header(world.receive(other), "From")) == "sip:anonymous@anonymous.invalid");
}

TEST_CASE("a BYE of ours shows the telephone network what the call has shown")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:+44207946000@example.org", .body = {}});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(trunk);
    world.send(trunk, answer(invite, "200 OK", contact + described), offer);
    const auto ok = world.receive(alice);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    world.send(alice,
               "ACK " + uri_in(header(ok, "Contact")) +
                   " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKack\nMax-Forwards: 70\nFrom: \"Alice\" "
                   "<sip:alice@example.org>;tag=a-tag\nTo: " +
                   header(ok, "To") + "\nCall-ID: a-tag@secret-host\nCSeq: 2 ACK\n" + described,
               "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n");
    const auto bye = world.receive(trunk);
    CHECK(start_line(bye) == "BYE sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
    CHECK(header(bye, "From") == header(invite, "From"));
    CHECK(header(bye, "To") == header(invite, "To") + ";tag=g-tag");
    CHECK(start_line(world.receive(alice)).starts_with("BYE "));
}

TEST_CASE("a Call-ID of another domain's is named to nobody there: whose it is, that domain alone knows",
          "[rfc3261][20.21][P4]")
{
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto peer = world.domain("example.net");
    world.send(peer, "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS example.net;branch=z9hG4bKx\n"
                     "Max-Forwards: 60\nFrom: <sip:x@example.net>;tag=x\nTo: <sip:alice@example.org>\n"
                     "Call-ID: 1234@phone-of-x\nCSeq: 7 INVITE\nContact: <sip:x@192.0.2.9>\nPrivacy: id\n");
    const auto invite = world.receive(alice.flow);
    REQUIRE(start_line(invite).starts_with("INVITE "));
    alice.send({.to = "sip:accomplice@example.net", .headers = "In-Reply-To: " + header(invite, "Call-ID") + "\n"});
    CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
    const auto call = world.receive(peer);
    CHECK(start_line(call).starts_with("INVITE "));
    CHECK(header(call, "In-Reply-To").empty());
}
