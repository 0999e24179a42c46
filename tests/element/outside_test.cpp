#include "element/dialogs.hpp"
#include "element/requests.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("a call to another domain and its end, with a route set on the other side")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto invite = call_out(world, alice, peer);
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
        world.domain("one.trunk.example");
        int n = 0;
        for (const auto* to : {"sip:carol@example.net", "sip:112@example.org"}) {
            world.send(peer, invite("<sip:bob@example.net>", to, "t" + std::to_string(n++)), offer);
            CHECK(start_line(world.receive(peer)) == "SIP/2.0 403 Forbidden");
        }
        for (const auto* to : {"sip:+49301234567@example.org", "sip:0044207946000@example.org", "tel:+49-30-1234567"}) {
            world.send(peer, invite("<sip:bob@example.net>", to, "t" + std::to_string(n++)), offer);
            CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
            CHECK(start_line(world.receive(peer)) == "SIP/2.0 480 Temporarily Unavailable");
        }
        CHECK(world.connects.empty());
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

TEST_CASE("a domain with the dot of a whole name is the same domain", "[rfc3261][25.1]")
{
    auto settings = with_routes();
    settings.routes.front().domains = {"example.net", "*"};
    World world{settings};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto peer = world.domain("example.net");
    SECTION("ours")
    {
        dial(world, alice, {.uri = "sip:bob@example.org."});
        const auto trying = world.receive(alice);
        CHECK(start_line(trying) == "SIP/2.0 100 Trying");
        CHECK(header(trying, "To").starts_with("<sip:bob@example.org.>")); // as the caller wrote it (8.2.6.2)
        const auto invite = world.receive(bob);
        CHECK(header(invite, "To") == "<sip:bob@example.org>");
        CHECK(invite.find("org.") == std::string::npos);
        CHECK(world.connects.empty());
    }
    SECTION("another one")
    {
        const auto invite = call_out(world, alice, peer, "sip:bob@example.net.");
        CHECK(start_line(invite) == "INVITE sip:bob@example.net SIP/2.0");
        CHECK(header(invite, "To") == "<sip:bob@example.net>");
        CHECK(invite.find("net.") == std::string::npos);
    }
    SECTION("a number")
    {
        const auto trunk = world.domain("one.trunk.example");
        const auto invite = call_out(world, alice, trunk, "sip:+44207946000@example.org.");
        CHECK(start_line(invite) == "INVITE sip:+44207946000@one.trunk.example;user=phone SIP/2.0");
    }
    SECTION("whoever calls from another one")
    {
        world.send(peer,
                   "INVITE sip:alice@example.org. SIP/2.0\nVia: SIP/2.0/TLS p1.example.net;branch=z9hG4bKin\n"
                   "Max-Forwards: 60\nFrom: \"Bob\" <sip:bob@example.net.>;tag=in\nTo: <sip:alice@example.org.>\n"
                   "Call-ID: b-in\nCSeq: 7 INVITE\nContact: <sip:bob@192.0.2.8:5061;transport=tls>\n" +
                       described,
                   offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        CHECK(header(world.receive(alice), "From").starts_with("\"Bob\" <sip:bob@example.net>;tag="));
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
    SECTION("it asks two calls for the password with the same nonce")
    {
        const std::string challenge =
            "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n";
        dial(world, alice, {.uri = "sip:+44207946001@example.org", .tag = "b-tag"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto other = world.receive(trunk);
        int count = 0;
        for (const auto& one : {invite, other}) {
            world.send(trunk, answer(one, "401 Unauthorized", challenge));
            CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
            const auto again = world.receive(trunk);
            CHECK(start_line(again) == start_line(one));
            CHECK(header(again, "Authorization").find("nc=0000000" + std::to_string(++count)) != std::string::npos);
        }
        CHECK(world.quiet(alice));
    }
    SECTION("each of two trunks asks for the password")
    {
        const auto second = world.domain("two.trunk.example");
        const auto challenge = [](const std::string& nonce) {
            return "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"" + nonce +
                   "\", algorithm=SHA-256, qop=\"auth\"\n";
        };
        world.send(trunk, answer(invite, "407 Proxy Authentication Required", challenge("of-one")));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        const auto again = world.receive(trunk);
        CHECK(header(again, "Proxy-Authorization").find("nonce=\"of-one\"") != std::string::npos);
        world.send(trunk, answer(again, "503 Service Unavailable"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        const auto there = world.receive(second);
        CHECK(header(there, "Proxy-Authorization").empty()); // what one trunk has asked is none of the other's business
        world.send(second, answer(there, "407 Proxy Authentication Required", challenge("of-two")));
        CHECK(start_line(world.receive(second)).starts_with("ACK "));
        const auto there_again = world.receive(second);
        CHECK(start_line(there_again) == "INVITE sip:+44207946000@two.trunk.example;user=phone SIP/2.0");
        CHECK(header(there_again, "Proxy-Authorization").find("nonce=\"of-two\"") != std::string::npos);
        CHECK(world.quiet(alice));
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
    SECTION("the first target says nothing at all: the second is tried")
    {
        const auto second = world.domain("two.trunk.example");
        world.pass(seconds{33});                                          // RFC 3261 17.1.1.2, timer B
        CHECK(start_line(world.receive(second)).starts_with("OPTIONS ")); // whether it lives, meanwhile
        CHECK(start_line(world.receive(second)) == "INVITE sip:+44207946000@two.trunk.example;user=phone SIP/2.0");
        CHECK(world.quiet(alice));
    }
    SECTION("another host of its name comes before the second target")
    {
        const auto second = world.domain("two.trunk.example");
        const auto host = world.domain("one.trunk.example");
        world.connects.clear();
        enum class Fails { says_so, hangs_up, is_silent };
        using enum Fails;
        const auto how = GENERATE(says_so, hangs_up, is_silent);
        if (how == says_so) {
            world.send(trunk, answer(invite, "503 Service Unavailable"));
            CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        } else if (how == hangs_up) {
            world.disconnect(trunk);
        } else {
            world.pass(seconds{33});
            for (auto probed : {host, second}) CHECK(start_line(world.receive(probed)).starts_with("OPTIONS "));
        }
        CHECK(world.connects == std::vector<std::string>{"one.trunk.example"});
        const auto there = world.receive(host);
        CHECK(start_line(there) == start_line(invite));
        for (const auto* name : {"Call-ID", "From", "Via"}) CHECK(header(there, name) != header(invite, name));
        CHECK(world.quiet(second));
        SECTION("and carries the call")
        {
            world.send(host, answer(there, "200 OK", contact));
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
        }
        SECTION("and fails as well")
        {
            world.send(host, answer(there, "503 Service Unavailable"));
            CHECK(start_line(world.receive(host)).starts_with("ACK "));
            CHECK(start_line(world.receive(second)).starts_with("INVITE sip:+44207946000@two.trunk.example"));
        }
        SECTION("and says 503 after it has rung")
        {
            world.send(host, answer(there, "180 Ringing", contact));
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
            world.send(host, answer(there, "503 Service Unavailable"));
            CHECK(start_line(world.receive(host)).starts_with("ACK "));
            CHECK(start_line(world.receive(second)).starts_with("INVITE sip:+44207946000@two.trunk.example"));
        }
        SECTION("and rings: the call stays there")
        {
            world.send(host, answer(there, "180 Ringing", contact));
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
            world.disconnect(host); // whoever rings may come back over another connection
            CHECK(world.quiet(second));
        }
    }
    SECTION("no more than four hosts of a name are tried")
    {
        auto last = trunk;
        auto asked = invite;
        for (int i = 0; i < 3; ++i) {
            const auto next = world.domain("one.trunk.example");
            world.send(last, answer(asked, "503 Service Unavailable"));
            asked = world.receive(next);
            last = next;
        }
        const auto one_more = world.domain("one.trunk.example");
        world.send(last, answer(asked, "503 Service Unavailable"));
        CHECK(world.quiet(one_more));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 503"));
    }
    SECTION("the first target is busy: whoever was called is, and the second would say the same")
    {
        const auto second = world.domain("two.trunk.example");
        world.send(trunk, answer(invite, "486 Busy Here"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 486 Busy Here");
        CHECK(world.quiet(second));
    }
    SECTION("the first target gives it up after it has rung: it was reached, and the second is not asked")
    {
        const auto second = world.domain("two.trunk.example");
        const std::string said = GENERATE("408 Request Timeout", "430 Flow Failed");
        world.send(trunk, answer(invite, "180 Ringing", contact));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
        world.send(trunk, answer(invite, said));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 " + said);
        CHECK(world.quiet(second));
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
    SECTION("redirected to a number of ours, as the trunk writes it")
    {
        const auto carol = world.phone("carol");
        world.accounts->attach(world.accounts->find("carol", "example.org")->id, "+49302222222", "example.org");
        const auto* to = GENERATE("<sip:+49302222222@one.trunk.example;user=phone>", "<tel:+49-30-2222222>");
        world.send(trunk, answer(invite, "302 Moved Temporarily", std::string{"Contact: "} + to + "\n"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(carol)).starts_with("INVITE "));
        CHECK(world.quiet(trunk));
    }
    SECTION("redirected to a stranger: not followed")
    {
        world.send(trunk, answer(invite, "302 Moved Temporarily", "Contact: <sip:bob@example.net>\n"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 480"));
    }
}

TEST_CASE("a number that is dialled with sips: is asked for with sips:", "[rfc3261][16.6][26.2.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto trunk = world.domain("one.trunk.example");
    const auto invite = call_out(world, alice, trunk, "sips:0044207946000@example.org");
    CHECK(start_line(invite) == "INVITE sips:+44207946000@one.trunk.example;user=phone SIP/2.0");
    CHECK(header(invite, "To") == "<sips:+44207946000@one.trunk.example;user=phone>");
    CHECK(header(invite, "Contact").starts_with("<sips:"));
    CHECK(header(invite, "From").starts_with("<sip:+49301111111@example.org;user=phone>;tag="));
    world.send(trunk, answer(invite, "401 Unauthorized",
                             "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n"));
    CHECK(start_line(world.receive(trunk)).starts_with("ACK sips:"));
    const auto again = world.receive(trunk);
    CHECK(start_line(again) == start_line(invite));
    CHECK(header(again, "Authorization").find("uri=\"sips:+44207946000@one.trunk.example;user=phone\"") !=
          std::string::npos);
    SECTION("also at the second trunk")
    {
        const auto second = world.domain("two.trunk.example");
        world.send(trunk, answer(again, "503 Service Unavailable"));
        CHECK(start_line(world.receive(trunk)).starts_with("ACK sips:"));
        CHECK(start_line(world.receive(second)) == "INVITE sips:+44207946000@two.trunk.example;user=phone SIP/2.0");
    }
}

TEST_CASE("whoever redirects names a number as it would dial it itself", "[rfc3261][16.7][rfc3966]")
{
    auto settings = with_routes(); // whose first domain has numbers of another country
    settings.domains.front().numbers = {.country = "44", .area = "20"};
    settings.domains.push_back(
        {.name = "second.example",
         .numbers = {.country = "49", .area = "30", .extension_base = "+493077777", .extension_digits = 1}});
    World world{settings};
    const auto alice = world.phone("alice");
    const auto carol = world.phone("carol");
    const auto bob = world.phone("bob");
    const auto trunk = world.domain("one.trunk.example");
    for (const auto* number : {"+49302222222", "+4930777774"})
        world.accounts->attach(world.accounts->find("carol", "example.org")->id, number, "second.example");
    world.accounts->at(world.accounts->find("bob", "example.org")->id).domain = "second.example";
    dial(world, alice, {.uri = "sip:bob@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto moved = [&](const std::string& to) {
        world.send(bob, answer(world.receive(bob), "302 Moved Temporarily", "Contact: <" + to + ">\n"));
        CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    };
    SECTION("of ours")
    {
        const auto* to = GENERATE("sip:0302222222@second.example", "sip:2222222@second.example;user=phone",
                                  "sip:4@second.example", "tel:+49-30-2222222",
                                  "tel:030-2222222;phone-context=second.example", "sip:+49302222222@example.org");
        INFO(to);
        moved(to);
        CHECK(start_line(world.receive(carol)).starts_with("INVITE "));
    }
    SECTION("of nobody's, or of the telephone network, whom no redirection of a phone leads to")
    {
        moved(GENERATE("sip:0305@second.example", "sip:0301111111@second.example", "sip:112@second.example"));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 480"));
        CHECK(world.quiet(trunk));
    }
}

TEST_CASE("a server that is open to all domains knocks at no door that a message names")
{
    auto settings = with_routes();
    settings.routes.front().domains = {"named.example", "*"};
    World world{settings};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("far.example");
    SECTION("a port counts for domains that the operator has named")
    {
        for (const auto* host : {"other.example:22", "named.example:5071"}) {
            dial(world, alice, {.uri = std::string{"sip:bob@"} + host, .tag = std::string{host, 5}});
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
            CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 503"));
        }
        CHECK(world.connects == std::vector<std::string>{"other.example", "named.example:5071"});
    }
    SECTION("nor a redirection")
    {
        dial(world, alice, {.uri = "sip:bob@far.example"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(peer);
        const auto* to = GENERATE("<sip:x@10.0.0.5:22>", "<sip:x@localhost>", "<sip:x@[::1]>");
        world.send(peer, answer(invite, "302 Moved Temporarily", std::string{"Contact: "} + to + "\n"));
        CHECK(start_line(world.receive(peer)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 480"));
        CHECK(world.connects == std::vector<std::string>{"far.example"});
    }
}

TEST_CASE("a call from the telephone network")
{
    const std::string asserted =
        GENERATE("<tel:+44-20-7946000>", "<sip:+44207946000;cpc=ordinary@two.trunk.example;user=phone>");
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("two.trunk.example");
    world.send(trunk,
               "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS two.trunk.example;branch=z9hG4bKg\nVia: "
               "SIP/2.0/TLS inner.trunk.example;branch=z9hG4bKi\nMax-Forwards: 60\nFrom: "
               "<sip:anybody@trunk.example>;tag=g\nTo: <sip:alice@example.org>\nCall-ID: g\nCSeq: 7 INVITE\nContact: "
               "<sip:gw@192.0.2.8:5061>\nP-Asserted-Identity: " +
                   asserted + "\nContent-Type: application/sdp\n",
               offer);
    const auto received = world.receive(alice);
    CHECK(header(received, "From").starts_with("<sip:+44207946000@example.org;user=phone>;tag="));
    CHECK(header(received, "Call-Protection") == "gateway;hops=2");
    CHECK(header(received, "P-Asserted-Identity").empty());
}

TEST_CASE("a caller whom a carrier names as the dialled domain would dial it is no anonymous one")
{
    auto settings = with_routes();
    settings.domains.push_back({.name = "example.fr", .numbers = {.country = "33", .area = "1"}});
    World world{settings};
    const auto alice = world.phone("alice");
    world.accounts->attach(world.accounts->find("alice", "example.org")->id, "alice", "example.fr");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).refuse_anonymous = true;
    const auto trunk = world.domain("two.trunk.example");
    const auto call = [&](const std::string& from, const std::string& dialled) {
        world.send(trunk,
                   "INVITE sip:alice@" + dialled +
                       " SIP/2.0\nVia: SIP/2.0/TLS two.trunk.example;branch=z9hG4bKg\nMax-Forwards: 60\nFrom: " + from +
                       ";tag=g\nTo: <sip:alice@" + dialled +
                       ">\nCall-ID: g\nCSeq: 7 INVITE\nContact: <sip:gw@192.0.2.8:5061>\nContent-Type: "
                       "application/sdp\n",
                   offer);
        CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
    };
    SECTION("in whichever form")
    {
        const auto& [from, dialled, shown] = GENERATE(table<std::string, std::string, std::string>({
            {"<sip:+44207946000@two.trunk.example>", "example.org", "+44207946000"},
            {"<sip:0044207946000@two.trunk.example;user=phone>", "example.org", "+44207946000"},
            {"<sip:0301234567@two.trunk.example;user=phone>", "example.org", "+49301234567"},
            {"<tel:0301234567;phone-context=two.trunk.example>", "example.org", "+49301234567"},
            {"<tel:207946000;phone-context=+44>", "example.org", "+44207946000"},
            {"<sip:207946000;phone-context=+44@two.trunk.example;user=phone>", "example.org", "+44207946000"},
            {"<sip:0123456789@two.trunk.example>", "example.fr", "+33123456789"},
        }));
        call(from, dialled);
        const auto received = world.receive(alice);
        REQUIRE(start_line(received).starts_with("INVITE "));
        CHECK(header(received, "From").starts_with("<sip:" + shown + "@example.org;user=phone>;tag="));
    }
    SECTION("but for one that may be a whole number without its +, or none")
    {
        const auto* from = GENERATE("<sip:44207946000@two.trunk.example>", "<sip:1234567@two.trunk.example>",
                                    "<sip:anonymous@anonymous.invalid>");
        call(from, "example.org");
        CHECK(world.quiet(alice));
        CHECK(start_line(world.receive(trunk)).starts_with("SIP/2.0 433"));
    }
}
