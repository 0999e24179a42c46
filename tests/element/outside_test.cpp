#include "element/world.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr std::string_view offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                   "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
                                   "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
                                   "55:66:77:88:99\r\na=setup:actpass\r\na=rtpmap:0 PCMU/8000\r\n";

CoreSettings with_routes()
{
    auto settings = World::defaults();
    settings.domains.front().numbers = {.country = "49", .area = "30"};
    settings.routes = {
        {.name = "friends", .domains = {"example.net"}},
        {.name = "carrier",
         .kind = Receiver::gateway,
         .prefixes = {"+"},
         .targets = {{"one.trunk.example"}, {"two.trunk.example"}},
         .username = "sotto",
         .password = "secret"},
        {.name = "sos",
         .kind = Receiver::emergency,
         .numbers = {"112"},
         .services = {"sos"},
         .targets = {{"psap.example"}}},
    };
    return settings;
}

struct Outgoing {
    std::string uri;
    std::string extra{};
    std::string tag{"a-tag"};
    std::string content_type{"application/sdp"};
    std::string body{offer};
};

/// INVITE, challenge, INVITE again; what comes back to Alice first after that is left for the test.
void dial(World& world, FlowId alice, const Outgoing& call)
{
    const auto invite = [&](const std::string& cseq, const std::string& extra) {
        return "INVITE " + call.uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + call.tag + cseq +
               "\nMax-Forwards: 70\nFrom: \"Alice\" <sip:alice@example.org>;tag=" + call.tag + "\nTo: <" + call.uri +
               ">\nCall-ID: " + call.tag + "@secret-host\nCSeq: " + cseq +
               " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\nContent-Type: " + call.content_type +
               "\n" + call.extra + extra;
    };
    world.send(alice, invite("1", ""), call.body);
    const auto challenge = world.receive(alice);
    REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
    world.send(alice, invite("2", world.credentials(challenge, "alice", "INVITE", call.uri)), call.body);
}

std::string answer(const std::string& request, const std::string& status, const std::string& extra = {})
{
    const auto to = header(request, "To");
    return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + to + (tag_in(to).empty() ? ";tag=g-tag" : "") + "\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\n" + extra;
}

const std::string contact = "Contact: <sip:gw@192.0.2.9:5071;transport=tls>\n";

std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

} // namespace

TEST_CASE("a call to another domain and its end, with a route set on the other side")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    dial(world, alice, {.uri = "sip:bob@example.net"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(peer);
    CHECK(start_line(invite) == "INVITE sip:bob@example.net SIP/2.0");
    CHECK(header(invite, "From").starts_with("\"Alice\" <sip:alice@example.org>;tag="));
    CHECK(header(invite, "Via").find(";alias;") != std::string::npos);
    for (const auto* secret : {"secret-host", "alice-device", "a-tag", "192.0.2.1:5555", "host.invalid"})
        CHECK(invite.find(secret) == std::string::npos);
    world.send(peer,
               answer(invite, "200 OK", "Record-Route: <sip:p2.example.net;lr>, <sip:p1.example.net;lr>\n" + contact));
    const auto ok = world.receive(alice);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    CHECK(header(ok, "Record-Route").empty());
    CHECK(header(ok, "Call-Protection").empty());
    const auto in_dialog = [&](const std::string& method, int cseq) {
        return method + " " + uri_in(header(ok, "Contact")) + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" +
               method + "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: " + header(ok, "To") +
               "\nCall-ID: a-tag@secret-host\nCSeq: " + std::to_string(cseq) + " " + method + "\n";
    };
    world.send(alice, in_dialog("ACK", 2));
    const auto ack = world.receive(peer);
    CHECK(start_line(ack) == "ACK sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
    CHECK(header(ack, "Route") == "<sip:p1.example.net;lr>, <sip:p2.example.net;lr>");
    CHECK(header(ack, "CSeq") == header(invite, "CSeq").substr(0, header(invite, "CSeq").find(' ')) + " ACK");
    SECTION("Alice hangs up")
    {
        world.send(alice, in_dialog("BYE", 3));
        const auto bye = world.receive(peer);
        CHECK(header(bye, "To") == "<sip:bob@example.net>;tag=g-tag");
        CHECK(header(bye, "Call-ID") == header(invite, "Call-ID"));
        world.send(peer, answer(bye, "200 OK"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
    SECTION("Bob hangs up, over another connection of his domain")
    {
        const auto again = world.domain("example.net");
        world.send(again, "BYE " + uri_in(header(invite, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS p1.example.net;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                              header(invite, "To") + ";tag=g-tag\nTo: " + header(invite, "From") +
                              "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 1 BYE\n");
        CHECK(start_line(world.receive(alice)).starts_with("BYE sip:alice-device@192.0.2.1:5555"));
    }
    SECTION("nobody else's connection can")
    {
        const auto stranger = world.domain("example.com");
        world.send(stranger,
                   "BYE " + uri_in(header(invite, "Contact")) +
                       " SIP/2.0\nVia: SIP/2.0/TLS x.example.com;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                       header(invite, "To") + ";tag=g-tag\nTo: " + header(invite, "From") +
                       "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 1 BYE\n");
        CHECK(start_line(world.receive(stranger)).starts_with("SIP/2.0 481"));
        CHECK(world.quiet(alice));
    }
    SECTION("the connection is gone: another one is made for the BYE")
    {
        world.disconnect(peer);
        const auto fresh = world.domain("example.net");
        world.send(alice, in_dialog("BYE", 3));
        CHECK(start_line(world.receive(fresh)).starts_with("BYE sip:gw@192.0.2.9:5071"));
    }
}

TEST_CASE("a call from another domain")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto invite = [&](const std::string& from, const std::string& to, const std::string& branch) {
        return "INVITE " + to + " SIP/2.0\nVia: SIP/2.0/TLS p1.example.net;branch=z9hG4bK" + branch +
               "\nRecord-Route: <sip:p1.example.net;lr>\nMax-Forwards: 60\nFrom: " + from + ";tag=" + branch +
               "\nTo: <" + to + ">\nCall-ID: b-" + branch +
               "\nCSeq: 7 INVITE\nContact: <sip:bob@192.0.2.8:5061;transport=tls>\nContent-Type: application/sdp\n";
    };
    world.send(peer, invite("\"Bob\" <sip:bob@example.net>", "sip:alice@example.org", "in"), offer);
    CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
    const auto received = world.receive(alice);
    CHECK(header(received, "From").starts_with("\"Bob\" <sip:bob@example.net>;tag="));
    CHECK(header(received, "Record-Route").empty());
    world.send(alice, answer(received, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(peer);
    CHECK(header(ok, "Record-Route") == "<sip:p1.example.net;lr>");
    CHECK(ok.find("alice-device") == std::string::npos);

    SECTION("Alice hangs up: along the route set that she never saw")
    {
        world.send(peer, "ACK " + uri_in(header(ok, "Contact")) +
                             " SIP/2.0\nVia: SIP/2.0/TLS p1.example.net;branch=z9hG4bKack\nMax-Forwards: 60\nFrom: "
                             "<sip:bob@example.net>;tag=in\nTo: " +
                             header(ok, "To") + "\nCall-ID: b-in\nCSeq: 7 ACK\n");
        CHECK(start_line(world.receive(alice)).starts_with("ACK "));
        world.send(alice, "BYE " + uri_in(header(received, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKb\nMax-Forwards: 70\nFrom: " +
                              header(received, "To") + ";tag=g-tag\nTo: " + header(received, "From") +
                              "\nCall-ID: " + header(received, "Call-ID") + "\nCSeq: 1 BYE\n");
        const auto bye = world.receive(peer);
        CHECK(start_line(bye) == "BYE sip:bob@192.0.2.8:5061;transport=tls SIP/2.0");
        CHECK(header(bye, "Route") == "<sip:p1.example.net;lr>");
        CHECK(header(bye, "To") == "\"Bob\" <sip:bob@example.net>;tag=in");
    }
    SECTION("a domain speaks for itself only")
    {
        world.send(peer, invite("<sip:carol@example.org>", "sip:alice@example.org", "x1"), offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 403 From Is Not Yours");
        world.send(peer, invite("<sip:bob@example.com>", "sip:alice@example.org", "x2"), offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 403 From Is Not Yours");
    }
    SECTION("it gets to our subscribers and nowhere else")
    {
        int n = 0;
        for (const auto* to : {"sip:+49301234567@example.org", "sip:carol@example.net", "sip:112@example.org"}) {
            world.send(peer, invite("<sip:bob@example.net>", to, "t" + std::to_string(n++)), offer);
            CHECK(start_line(world.receive(peer)) == "SIP/2.0 403 Forbidden");
        }
    }
    SECTION("a domain that no route names stays outside")
    {
        const auto stranger = world.domain("example.com");
        world.send(stranger, invite("<sip:bob@example.com>", "sip:alice@example.org", "s"), offer);
        CHECK(start_line(world.receive(stranger)) == "SIP/2.0 403 Forbidden");
    }
    SECTION("too many calls of one domain")
    {
        auto fewer = with_routes();
        fewer.peer_calls_per_minute = 2;
        world.element.use(std::make_shared<const CoreSettings>(fewer));
        world.send(peer, invite("<sip:bob@example.net>", "sip:nobody@example.org", "m1"), offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 480"));
        world.send(peer, invite("<sip:bob@example.net>", "sip:nobody@example.org", "m2"), offer);
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 503"));
    }
}

TEST_CASE("a call to the telephone network")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:0044207946000@example.org", .extra = "Accept-Language: de\n"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(trunk);
    CHECK(start_line(invite) == "INVITE sip:+44207946000@one.trunk.example;user=phone SIP/2.0");
    CHECK(header(invite, "From").starts_with("<sip:+49301111111@example.org;user=phone>;tag="));
    CHECK(header(invite, "To") == "<sip:+44207946000@one.trunk.example;user=phone>");
    CHECK(invite.find("lice") == std::string::npos);
    CHECK(header(invite, "Authorization").empty());

    SECTION("the trunk asks for the password")
    {
        world.send(trunk,
                   answer(invite, "401 Unauthorized",
                          "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        const auto again = world.receive(trunk);
        CHECK(header(again, "Authorization").starts_with("Digest username=\"sotto\", realm=\"trunk\", nonce=\"n1\""));
        CHECK(header(again, "Call-ID") != header(invite, "Call-ID"));
        SECTION("a second refusal is the end")
        {
            world.send(trunk, answer(again, "401 Unauthorized",
                                     "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n2\", algorithm=MD5\n"));
            CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 403 Forbidden");
        }
    }
    SECTION("the caller is told that the call leaves the protected network")
    {
        world.send(trunk, answer(invite, "183 Session Progress", contact));
        const auto progress = world.receive(alice);
        CHECK(header(progress, "Call-Protection") == "gateway;hops=1");
        CHECK(header(progress, "Warning").starts_with("399 example.org \"Dieser Anruf"));
    }
    SECTION("the first target says that it cannot: the second is tried")
    {
        const auto second = world.domain("two.trunk.example");
        world.send(trunk, answer(invite, "503 Service Unavailable"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(second)) == "INVITE sip:+44207946000@two.trunk.example;user=phone SIP/2.0");
    }
    SECTION("both are gone")
    {
        world.send(trunk, answer(invite, "503 Service Unavailable"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 503"));
        CHECK(world.connects.back() == "two.trunk.example");
    }
    SECTION("declined by the person who was called")
    {
        world.send(trunk, answer(invite, "603 Decline"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 603 Decline");
    }
    SECTION("redirected to another number")
    {
        world.send(trunk, answer(invite, "302 Moved Temporarily",
                                 "Contact: <sip:+44207946111@one.trunk.example;user=phone>\n"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        const auto moved = world.receive(trunk);
        CHECK(start_line(moved) == "INVITE sip:+44207946111@one.trunk.example;user=phone SIP/2.0");
        CHECK(header(moved, "History-Info") == "<sip:anonymous@anonymous.invalid>;index=1, "
                                               "<sip:+44207946111@one.trunk.example;user=phone>;index=1.1;mp=1");
    }
    SECTION("redirected to a stranger: not followed")
    {
        world.send(trunk, answer(invite, "302 Moved Temporarily", "Contact: <sip:bob@example.net>\n"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 480"));
    }
}

TEST_CASE("a call that must not leave protection is refused")
{
    auto settings = with_routes();
    settings.routes[1].when_weaker = WhenWeaker::refuse;
    World world{settings};
    const auto alice = world.phone("alice");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    const auto refused = world.receive(alice);
    CHECK(start_line(refused) == "SIP/2.0 403 Forbidden");
    CHECK(header(refused, "Warning").starts_with("399 example.org \"This call leaves"));
    CHECK(world.connects.empty());
}

TEST_CASE("a media server says so first")
{
    auto settings = with_routes();
    settings.routes[1].when_weaker = WhenWeaker::announce;
    settings.routes[1].announcement = "speaker@example.org";
    World world{settings};
    const auto alice = world.phone("alice");
    const auto speaker = world.phone("speaker");
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto announced = world.receive(speaker);
    CHECK(world.quiet(trunk));
    world.send(speaker, answer(announced, "480 Temporarily Unavailable"));
    CHECK(start_line(world.receive(trunk)).starts_with("INVITE sip:+44207946000@one.trunk.example"));
}

TEST_CASE("a call from the telephone network")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("two.trunk.example");
    world.send(trunk,
               "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS two.trunk.example;branch=z9hG4bKg\nVia: "
               "SIP/2.0/TLS inner.trunk.example;branch=z9hG4bKi\nMax-Forwards: 60\nFrom: "
               "<sip:anybody@trunk.example>;tag=g\nTo: <sip:alice@example.org>\nCall-ID: g\nCSeq: 7 INVITE\nContact: "
               "<sip:gw@192.0.2.8:5061>\nP-Asserted-Identity: <tel:+44-20-7946000>\nContent-Type: application/sdp\n",
               offer);
    const auto received = world.receive(alice);
    CHECK(header(received, "From").starts_with("<sip:+44207946000@example.org;user=phone>;tag="));
    CHECK(header(received, "Call-Protection") == "gateway;hops=2");
    CHECK(header(received, "P-Asserted-Identity").empty());
}

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

TEST_CASE("an emergency call is carried in every state")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    auto& account = world.accounts->at(world.accounts->find("alice", "example.org")->id);
    const auto psap = world.domain("psap.example");
    const auto carried = [&](const std::string& uri, const std::string& extra = {}) {
        dial(world, alice, {.uri = uri, .extra = extra, .tag = "sos"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        return world.receive(psap);
    };
    SECTION("as it is")
    {
        const auto invite = carried("sip:112@example.org");
        CHECK(start_line(invite) == "INVITE urn:service:sos SIP/2.0");
        CHECK(header(invite, "Route") == "<sip:psap.example;transport=tls;lr>");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:alice@example.org>");
        CHECK(world.reports == std::vector<std::string>{"sos"});
    }
    SECTION("the identity that is asserted is the caller's choice among its own")
    {
        world.accounts->attach(account.id, "+4930123", "example.org");
        const auto invite = carried("sip:112@example.org", "P-Preferred-Identity: <sip:+4930123@example.org>\n");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:+4930123@example.org>");
        CHECK(header(invite, "From").starts_with("\"Alice\" <sip:alice@example.org>;tag="));
        CHECK(header(invite, "P-Preferred-Identity").empty());
    }
    SECTION("nobody else's identity is asserted")
    {
        world.accounts->add("bob", "example.org");
        const auto invite = carried("sip:112@example.org", "P-Preferred-Identity: <sip:bob@example.org>\n");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:alice@example.org>");
    }
    SECTION("by its service")
    {
        CHECK(start_line(carried("urn:service:sos.fire")) == "INVITE urn:service:sos.fire SIP/2.0");
    }
    SECTION("from a suspended account")
    {
        account.status = AccountStatus::suspended;
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("while the server drains")
    {
        world.element.drain();
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("withheld: the service is told who calls all the same")
    {
        account.withhold_identity = true;
        const auto invite = carried("sip:%2331%23112@example.org", "Privacy: id;critical\n");
        CHECK(header(invite, "From").starts_with("\"Alice\" <sip:alice@example.org>;tag="));
        CHECK(header(invite, "Privacy").empty());
    }
    SECTION("beyond every limit")
    {
        auto strict = with_routes();
        strict.auth_failures_per_minute = 1;
        strict.transactions_per_flow = 0;
        world.element.use(std::make_shared<const CoreSettings>(strict));
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("under extreme strain")
    {
        world.element.strained(Strain::extreme);
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("while nothing can be billed")
    {
        auto billed = with_routes();
        billed.routes[1].tariff = billing::Tariff{.name = "local", .route = "carrier"};
        world.element.use(std::make_shared<const CoreSettings>(billed));
        world.ledger.takes_calls = false;
        world.domain("one.trunk.example");
        dial(world, alice, {.uri = "sip:+4930123456@example.org", .tag = "billed"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 503 Service Unavailable");
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("before a prefix that would match, and before whoever has the number as an address")
    {
        auto town = with_routes();
        town.routes.back().numbers = {"110"};
        world.element.use(std::make_shared<const CoreSettings>(town));
        const auto carrier = world.domain("one.trunk.example");
        dial(world, alice, {.uri = "sip:113@example.org", .tag = "town"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(carrier)) == "INVITE sip:+4930113@one.trunk.example;user=phone SIP/2.0");
        const auto namesake = world.phone("110");
        CHECK(start_line(carried("sip:110@example.org")) == "INVITE urn:service:sos SIP/2.0");
        CHECK(world.quiet(namesake));
    }
    SECTION("past whatever the caller's words would stop or change")
    {
        auto dialled_so = with_routes();
        dialled_so.block_code = "112"; // an operator's mistake must not cost a life
        world.element.use(std::make_shared<const CoreSettings>(dialled_so));
        const auto* extra = GENERATE("", "Privacy: critical;unheard-of\n");
        CHECK(start_line(carried("sip:112@example.org", extra)) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("with the place of the caller")
    {
        const std::string pidf = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\">somewhere</presence>";
        const auto body = "--b\r\nContent-Type: application/sdp\r\n\r\n" + std::string{offer} +
                          "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <place@phone.invalid>\r\n\r\n" +
                          pidf + "\r\n--b--\r\n";
        const Outgoing call{.uri = "urn:service:sos",
                            .extra = "Geolocation: <cid:place@phone.invalid>, <https://spy.example/1>\n",
                            .tag = "loc",
                            .content_type = "multipart/mixed;boundary=b",
                            .body = body};
        dial(world, alice, call);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(header(invite, "Geolocation") == "<cid:place@phone.invalid>");
        CHECK(header(invite, "Geolocation-Routing") == "yes");
        CHECK(body_of(invite).find("Content-ID: <place@phone.invalid>\r\n") != std::string::npos);
        CHECK(body_of(invite).find(pidf) != std::string::npos);
        // and never to anybody else
        const auto peer = world.domain("example.net");
        auto other = call;
        other.uri = "sip:bob@example.net";
        other.tag = "elsewhere";
        dial(world, alice, other);
        const auto leaked = world.receive(peer);
        CHECK(header(leaked, "Geolocation").empty());
        CHECK(leaked.find("somewhere") == std::string::npos);
    }
}

TEST_CASE("a suspended account's call for help, over a connection of its own, goes on to its end and nothing else does")
{
    World world{with_routes()};
    const auto registered = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto psap = world.domain("psap.example");
    const auto inside = [&](FlowId flow, const std::string& ok, const std::string& method, int cseq,
                            const std::string& extra = {}) {
        const auto number = std::to_string(cseq);
        const auto tag = tag_in(header(ok, "From"));
        world.send(flow, method + " " + uri_in(header(ok, "Contact")) +
                             " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + tag + method + number +
                             "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                             "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: " + number + " " + method +
                             "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra);
    };
    dial(world, registered, {.uri = "sip:bob@example.net", .tag = "before"});
    CHECK(start_line(world.receive(registered)) == "SIP/2.0 100 Trying");
    world.send(peer, answer(world.receive(peer), "200 OK", contact));
    const auto before = world.receive(registered);

    world.accounts->at(world.accounts->find("alice", "example.org")->id).status = AccountStatus::suspended;
    const auto alice = world.connect();
    dial(world, alice, {.uri = "sip:112@example.org", .tag = "sos"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    world.send(psap, answer(world.receive(psap), "200 OK", contact));
    const auto ok = world.receive(alice);
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    inside(alice, ok, "ACK", 2);
    CHECK(start_line(world.receive(psap)).starts_with("ACK "));
    inside(alice, ok, "INFO", 3);
    const auto info = world.receive(psap);
    CHECK(start_line(info).starts_with("INFO "));
    world.send(psap, answer(info, "200 OK"));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    SECTION("over the same connection")
    {
        inside(alice, ok, "BYE", 4);
        CHECK(start_line(world.receive(psap)).starts_with("BYE "));
    }
    SECTION("over another one, with its password")
    {
        const auto again = world.connect();
        inside(again, ok, "BYE", 4);
        const auto challenge = world.receive(again);
        REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
        inside(again, ok, "BYE", 5, world.credentials(challenge, "alice", "BYE", uri_in(header(ok, "Contact"))));
        CHECK(start_line(world.receive(psap)).starts_with("BYE "));
    }
    SECTION("another call")
    {
        world.send(alice, "INVITE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKno"
                          "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=no\nTo: <sip:bob@example.net>"
                          "\nCall-ID: no\nCSeq: 1 INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n");
        const auto challenge = world.receive(alice);
        world.send(alice, "INVITE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKno2"
                          "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=no\nTo: <sip:bob@example.net>"
                          "\nCall-ID: no\nCSeq: 2 INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n" +
                              world.credentials(challenge, "alice", "INVITE", "sip:bob@example.net"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 407 Proxy Authentication Required");
        CHECK(world.quiet(peer));
    }
    SECTION("a call from before: only over the connection that it had")
    {
        inside(alice, before, "INFO", 3);
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 481 "));
        inside(registered, before, "INFO", 4);
        CHECK(start_line(world.receive(peer)).starts_with("INFO "));
    }
}

TEST_CASE("a connection that answers no OPTIONS is closed")
{
    World world{with_routes()};
    const auto trunk = world.domain("one.trunk.example");
    world.pass(seconds{31});
    const auto probe = world.receive(trunk);
    CHECK(start_line(probe) == "OPTIONS sip:one.trunk.example SIP/2.0");
    SECTION("answered: asked again later")
    {
        world.send(trunk, answer(probe, "200 OK"));
        world.pass(seconds{29});
        CHECK(world.closed.empty());
        world.pass(seconds{2});
        CHECK(start_line(world.receive(trunk)).starts_with("OPTIONS"));
    }
    SECTION("silent")
    {
        world.pass(seconds{10});
        CHECK(world.closed == std::vector<FlowId>{trunk});
    }
}
