// What a referral (RFC 3515, 5589) tells about whom it leads to, and who is shown to whom after it.
#include "element/transfers.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("a caller who withholds itself goes on doing so when it is transferred", "[rfc3891][privacy][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const bool attended = GENERATE(true, false);
    const auto refer =
        attended ? three.refer(three.at_bob.target + "?Replaces=" + escaped(three.at_bob.quoted())) : three.to_alice();
    REQUIRE(!refer.empty());
    const auto at = refer.find('?');
    three.carol.send(
        {.to = refer.substr(0, at),
         .headers = attended ? "Replaces: " + unescaped(refer.substr(refer.find('=', at) + 1)) + "\n" : std::string{}});
    const auto [carols, alices] = three.answered(three.carol, "alice", three.alice);
    if (attended) CHECK(header(three.invite, "Replaces").starts_with(three.at_alice.call_id + ";"));
    CHECK(three.ok.find("alice") == std::string::npos);

    const std::string direct =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
        "a=setup:actpass\r\n";
    three.request(three.alice, "alice", alices, "UPDATE", {}, direct); // it holds her address, and no relay's
    CHECK(status(world.receive(three.alice.flow)) == "488");
    CHECK(world.quiet(three.carol.flow));

    three.request(three.alice, "alice", alices, "BYE");
    const auto bye = world.receive(three.carol.flow);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(bye.find("alice") == std::string::npos);
}

TEST_CASE("whoever withholds itself from the one who transfers it does so from whom it is sent to", "[rfc3515][P4]")
{
    const std::string of_the_phone = GENERATE("", "Privacy: id\n");
    Referred call{of_the_phone.empty() ? "%2331%23bob" : "bob", of_the_phone};
    SECTION("to an address")
    {
        const auto uri = call.refers("sip:carol@example.org");
        CHECK(uri == "sip:%2331%23carol@example.org");
        CHECK(caller(call.follows(uri)) == nobody);
    }
    SECTION("to the other end of another call, attended or not")
    {
        const bool attended = GENERATE(true, false);
        std::tie(call.bob_to_carol, call.carol_to_bob) = call.call(call.bob, "carol", call.carol);
        const auto& other = call.bob_to_carol;
        const auto invite =
            call.follows(call.refers(other.target + (attended ? "?Replaces=" + escaped(other.quoted()) : "")));
        CHECK(caller(invite) == nobody);
        CHECK(header(invite, "Replaces").empty() != attended);
    }
    SECTION("in the call that comes of it, too")
    {
        call.alice.send({.to = call.refers("sip:carol@example.org")});
        const auto [alices, carols] = call.answered(call.alice, "carol", call.carol);
        call.request(call.alice, "alice", alices, "BYE");
        CHECK(caller(call.world.receive(call.carol.flow)) == nobody);
    }
    SECTION("where nothing can be dialled before an address, by what the phone can ask for")
    {
        call.world.settings->withhold_prefix.clear();
        const auto uri = call.refers("sip:carol@example.org");
        CHECK(uri == "sip:carol@example.org?Privacy=id");
        CHECK(caller(call.follows(uri)) == nobody);
    }
}

TEST_CASE("whoever shows itself is transferred to an address as it stands", "[rfc3515]")
{
    Referred call;
    const auto uri = call.refers("sip:carol@example.org");
    CHECK(uri == "sip:carol@example.org");
    CHECK(caller(call.follows(uri)) == "<sip:alice@example.org>");
}

TEST_CASE("whoever is transferred to a telephone number is given the address that leads there", "[rfc3515][rfc3966]")
{
    Referred call;
    call.world.accounts->attach(call.world.accounts->find("carol", "example.org")->id, "+4930123456", "example.org");
    for (const auto* number : {"tel:+4930123456", "tel:+49-30-123456", "tel:123456;phone-context=+4930"}) {
        INFO(number);
        CHECK(call.refers(number) == "sip:+4930123456@example.org");
    }
    CHECK(call.refers("tel:123456").empty()); // it does not say where it counts (RFC 3966 5.1.5)
    CHECK(status(call.world.receive(call.bob.flow)) == "400");
    CHECK(caller(call.follows("sip:+4930123456@example.org")) == "<sip:alice@example.org>");
}

TEST_CASE("whoever is transferred to an address of another domain calls it by its own rights", "[rfc3515][P4]")
{
    const bool hidden = GENERATE(false, true);
    Referred call{hidden ? "%2331%23bob" : "bob"};
    auto& world = call.world;
    world.settings->routes = {{.name = "friends", .domains = {"example.net"}}};
    const auto peer = world.domain("example.net");
    const std::string prefix = hidden ? "%2331%23" : "";
    const auto uri = call.refers("sip:dave@Example.NET;x=of-bob;user=phone");
    CHECK(uri == "sip:" + prefix + "dave@example.net"); // what else stands there may be the referrer's
    call.alice.send({.to = uri});
    const auto invite = world.receive(peer);
    CHECK(start_line(invite) == "INVITE sip:dave@example.net SIP/2.0");
    CHECK(caller(invite) == (hidden ? nobody : "<sip:alice@example.org>"));

    CHECK(call.refers("sips:dave@example.net:5071") == "sips:" + prefix + "dave@example.net:5071");
    CHECK(call.refers("sip:*31%23dave@example.net") == "sip:" + prefix + "dave@example.net");
    for (const auto* nowhere : {"sip:dave@example.com", "sip:example.net", "sip:dave@192.0.2.1"}) {
        INFO(nowhere); // no route leads there
        CHECK(call.refers(nowhere).empty());
        CHECK(status(world.receive(call.bob.flow)) == "400");
    }
}

TEST_CASE("the number that a withheld referrer names does not show its domain", "[rfc3515][P4]")
{
    Referred call;
    auto& world = call.world;
    auto& domains = world.settings->domains;
    domains.front().numbers = {.country = "49", .area = "30", .extension_base = "+4930777", .extension_digits = 2};
    domains.insert(domains.begin(), ServedDomain{.name = "first.example"});
    world.settings->routes = {route_for_help()};
    world.accounts->attach(world.accounts->find("carol", "example.org")->id, "+49301234567", "example.org");
    const bool withheld = GENERATE(true, false);
    world.accounts->at(world.accounts->find("bob", "example.org")->id).withhold_identity = withheld;
    const auto referred = [&](const std::string& user) {
        const auto uri = call.refers("sip:" + user + "@example.org");
        CHECK(uri.starts_with("sip:"));
        return uri.substr(4);
    };
    CHECK(referred("1234567") == (withheld ? "+49301234567@first.example" : "1234567@example.org"));
    CHECK(referred("42") == (withheld ? "+493077742@first.example" : "42@example.org"));
    CHECK(referred("112") == (withheld ? "112@first.example" : "112@example.org"));
    CHECK(referred("carol") == "carol@example.org"); // it is hers
    CHECK(caller(call.follows("sip:" + referred("0301234567"))) == "<sip:alice@example.org>");
}

TEST_CASE("a caller whose From is anonymous in a request inside its call withholds itself in that one",
          "[rfc3515][rfc3323][P4]")
{
    Three three{""};
    auto& domains = three.world.settings->domains;
    domains.front().numbers = {.country = "49", .area = "30"};
    domains.insert(domains.begin(), ServedDomain{.name = "first.example"});
    CHECK(three.refer("sip:1234567@example.org") == "sip:1234567@example.org");
    const auto own = three.bob_to_carol.local;
    three.bob_to_carol.local = nobody + ";tag=" + tag_in(own);
    CHECK(three.refer("sip:1234567@example.org") == "sip:+49301234567@first.example");
    three.bob_to_carol.local = own;
    CHECK(three.refer("sip:1234567@example.org") == "sip:1234567@example.org");
}

TEST_CASE("what can be dialled before an address is nobody's to dial for somebody else", "[rfc3515][P4]")
{
    Referred call;
    CHECK(call.refers("sip:%2331%23carol@example.org") == "sip:carol@example.org"); // alice shows herself
    auto& alice = call.world.accounts->at(call.world.accounts->find("alice", "example.org")->id);
    alice.withhold_identity = true;
    std::tie(call.at_alice, call.at_bob) = call.call(call.alice, "bob", call.bob);
    for (const auto* shown : {"sip:*31%23carol@example.org", "sip:%2A31%23*31%23carol@example.org",
                              "sip:%2331%23*31%23carol@example.org"}) {
        INFO(shown);
        const auto uri = call.refers(shown);
        CHECK(uri == "sip:%2331%23carol@example.org");
        const auto invite = call.follows(uri);
        CHECK(caller(invite) == nobody);
        call.world.send(call.carol.flow, response_to(invite, "486 Busy Here"));
        CHECK(status(call.world.receive(call.alice.flow)) == "486");
        call.world.receive(call.carol.flow); // ACK
    }
    for (const auto* code : {"sip:*60%23@example.org", "sip:*31%23*60%23@example.org"}) { // it would block somebody
        INFO(code);
        CHECK(call.refers(code).empty());
        CHECK(status(call.world.receive(call.bob.flow)) == "400");
    }
}

TEST_CASE("a temporary GRUU leads there whatever was dialled before it", "[rfc3515][rfc5627]")
{
    Referred call;
    const auto gruu = temporary_gruu(call.world, call.carol.flow, "carol");
    const std::string dialled = GENERATE("", "*31%23", "%2331%23");
    const auto uri = call.refers("sip:" + dialled + gruu);
    CHECK(uri == "sip:" + gruu);
    CHECK(caller(call.follows(uri)) == "<sip:alice@example.org>");
}

TEST_CASE("nobody is referred into a call that is over, nor by a referral of somebody else's", "[rfc3515]")
{
    Three three{""};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    SECTION("passed on")
    {
        three.request(three.carol, "carol", three.carol_to_bob, "REFER", "Refer-To: <" + token + ">\n");
        CHECK(world.quiet(three.bob.flow));
        const auto told = start_line(world.receive(three.carol.flow));
        three.request(three.carol, "carol", three.carol_to_bob, "REFER", "Refer-To: <sip:alice@elsewhere.invalid>\n");
        CHECK(start_line(world.receive(three.carol.flow)) == told); // as any URI that leads nowhere
    }
    SECTION("over")
    {
        three.request(three.bob, "bob", three.at_bob, "BYE");
        world.send(three.alice.flow, response_to(world.receive(three.alice.flow), "200 OK"));
        world.receive(three.bob.flow);
        CHECK(three.to_alice().empty());
        CHECK(status(world.receive(three.bob.flow)).starts_with("4"));
    }
}

TEST_CASE("a referral tells no more of whom it leads to than an address does", "[rfc3515][P4][P10]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto html = [&] {
        return status(
            three.carol.refused({.method = "MESSAGE", .to = token, .body = "<p>", .content_type = "text/html"}));
    };
    const auto there = html();
    CHECK(there == "415");
    SECTION("a body that may not pass is refused whoever is there")
    {
        world.disconnect(three.alice.flow);
        CHECK(html() == there);
        three.carol.send({.to = token});
        CHECK(status(world.receive(three.carol.flow)) == "480");
    }
    SECTION("blocks hold")
    {
        const auto alice = world.accounts->find("alice", "example.org")->id;
        const auto carol = world.accounts->find("carol", "example.org")->id;
        world.accounts->blocked.emplace(alice, pair_pseudonym(alice, carol, world.cryptography));
        three.carol.send({.to = token, .headers = "Privacy: id\n"});
        CHECK(status(world.receive(three.carol.flow)) == "480");
        CHECK(world.quiet(three.alice.flow));
    }
    SECTION("so does the refusal of anonymous calls")
    {
        world.accounts->at(world.accounts->find("alice", "example.org")->id).refuse_anonymous = true;
        three.carol.send({.to = token, .headers = "Privacy: id\n"});
        CHECK(status(world.receive(three.carol.flow)) == "433");
        CHECK(world.quiet(three.alice.flow));
    }
}

TEST_CASE("a referral leads to one answer: whoever was sent there once cannot ring again", "[rfc3515][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto rings = [&] {
        three.carol.send({.to = token});
        return !world.quiet(three.alice.flow);
    };
    SECTION("an answer that asks for another attempt is none")
    {
        const auto [answer, again] = GENERATE(table<std::string, bool>({{"200 OK", false},
                                                                        {"486 Busy Here", false},
                                                                        {"603 Decline", false},
                                                                        {"488 Not Acceptable Here", true},
                                                                        {"422 Session Interval Too Small", true}}));
        INFO(answer);
        REQUIRE(rings());
        world.send(three.alice.flow, response_to(world.receive(three.alice.flow), answer, contact_of("alice")));
        CHECK(status(world.receive(three.carol.flow)) == answer.substr(0, 3));
        while (!world.quiet(three.alice.flow)) world.receive(three.alice.flow); // ACK
        CHECK(rings() == again);
        if (!again) CHECK(status(world.receive(three.carol.flow)) == "480"); // as for nobody's
    }
    SECTION("a call that is given up has been one")
    {
        REQUIRE(rings());
        const auto invite = world.receive(three.alice.flow);
        world.send(three.alice.flow, response_to(invite, "180 Ringing"));
        CHECK(status(world.receive(three.carol.flow)) == "180");
        world.pass(seconds{200});
        while (!world.quiet(three.alice.flow)) world.receive(three.alice.flow);
        CHECK(status(world.receive(three.carol.flow)) == "480");
        CHECK_FALSE(rings());
    }
    SECTION("it ends with the hour after the one in which it was made")
    {
        REQUIRE(world.ring->rotate(world.now + std::chrono::hours{1}));
        const bool still = GENERATE(true, false);
        if (!still) REQUIRE(world.ring->rotate(world.now + std::chrono::hours{2}));
        CHECK(rings() == still);
    }
}

TEST_CASE("whoever is called in the place of somebody who withholds itself withholds itself, too", "[rfc3515][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    const bool herself = GENERATE(true, false);
    const std::string name = herself ? "alice" : "dave";
    Sender other{world, "dave"};
    if (herself) {
        other.flow = world.connect();
        world.registers(other.flow, name, {.contact = "<sip:desk@192.0.2.7:5555;transport=tls>", .call_id = "desk"});
    }
    three.carol.send({.to = token});
    world.send(three.alice.flow, response_to(world.receive(three.alice.flow), "302 Moved Temporarily",
                                             "Contact: <sip:" + name + "@example.org>\n"));
    const auto [carols, others] = three.answered(three.carol, name, other);
    CHECK(three.ok.find(name) == std::string::npos);
    three.request(other, name, others, "BYE");
    const auto bye = world.receive(three.carol.flow);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(bye.find(name) == std::string::npos);
}

TEST_CASE("a referral does not tell for longer than the call whether somebody who withholds itself is there",
          "[rfc3515][P4][P10]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto asks = [&] { // what a phone refuses without ringing
        three.carol.send({.to = token, .headers = "Require: tdialog\n"});
        if (!world.quiet(three.alice.flow))
            world.send(three.alice.flow, response_to(world.receive(three.alice.flow), "420 Bad Extension"));
        return status(world.receive(three.carol.flow));
    };
    REQUIRE(asks() == "420");
    while (!world.quiet(three.alice.flow)) world.receive(three.alice.flow); // ACK
    SECTION("after she has hung up")
    {
        three.request(three.alice, "alice", three.at_alice, "BYE");
        world.send(three.bob.flow, response_to(world.receive(three.bob.flow), "200 OK"));
        CHECK(status(world.receive(three.alice.flow)) == "200");
    }
    SECTION("after she has hung up in vain")
    {
        three.request(three.alice, "alice", three.at_alice, "BYE");
        world.send(three.bob.flow, response_to(world.receive(three.bob.flow), "500 No"));
        world.receive(three.alice.flow);
        CHECK(three.to_alice().empty());
        CHECK(status(world.receive(three.bob.flow)) == "400");
    }
    SECTION("after she was not there once")
    {
        world.disconnect(three.alice.flow);
        CHECK(asks() == "480");
        three.alice.flow = world.phone("alice");
    }
    CHECK(asks() == "480");
    CHECK(asks() == "480");
}

TEST_CASE("nor does it of whoever does so by its account", "[rfc3515][P4][P10]")
{
    Three three{""};
    auto& world = three.world;
    world.accounts->at(world.accounts->find("carol", "example.org")->id).withhold_identity = true;
    std::tie(three.bob_to_carol, three.carol_to_bob) = three.call(three.bob, "carol", three.carol);
    const auto token = three.refer_in(three.at_bob, three.alice, "alice", three.bob_to_carol.target);
    REQUIRE(!token.empty());
    three.request(three.carol, "carol", three.carol_to_bob, "BYE");
    world.send(three.bob.flow, response_to(world.receive(three.bob.flow), "200 OK"));
    CHECK(status(world.receive(three.carol.flow)) == "200");
    three.alice.send({.to = token});
    CHECK(world.quiet(three.carol.flow));
    CHECK(status(world.receive(three.alice.flow)) == "480");
}

TEST_CASE("whoever was transferred to a Contact that is not registered can hang up after the call that it came from",
          "[rfc3891][rfc3261][12.1.2]")
{
    Referred r;
    const std::string elsewhere{"sip:line2@192.0.2.1:5555;transport=tls"};
    r.carol.send({.to = "sip:bob@example.org", .contact = elsewhere});
    const auto [at_carol, at_bobs] = r.answered(r.carol, "bob", r.bob);
    const auto uri = r.refers(at_bobs.target + "?Replaces=" + escaped(at_bobs.quoted()));
    const auto invite = r.follows(uri);
    CHECK(start_line(invite) == "INVITE " + elsewhere + " SIP/2.0");
    r.world.send(r.carol.flow, response_to(invite, "200 OK", "Contact: <" + elsewhere + ">\n"));
    const auto ok = r.world.receive(r.alice.flow);
    REQUIRE(status(ok) == "200");
    r.request(r.carol, "carol", at_carol, "BYE");
    r.world.send(r.bob.flow, response_to(r.world.receive(r.bob.flow), "200 OK"));
    CHECK(status(r.world.receive(r.carol.flow)) == "200");

    const View at_alice{header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"), uri_in(header(ok, "Contact"))};
    r.request(r.alice, "alice", at_alice, "BYE");
    REQUIRE_FALSE(r.world.quiet(r.carol.flow));
    CHECK(start_line(r.world.receive(r.carol.flow)) == "BYE " + elsewhere + " SIP/2.0");
}
