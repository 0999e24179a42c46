#include "element/dialogs.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

void call_in(World& world, FlowId provider, const std::string& from, const std::string& domain = "example.org")
{
    static int calls = 0;
    const auto n = std::to_string(++calls);
    world.send(provider,
               "INVITE sip:alice@" + domain + " SIP/2.0\nVia: SIP/2.0/TLS host.example;branch=z9hG4bKin" + n +
                   "\nMax-Forwards: 60\nFrom: <" + from + ">;tag=in\nTo: <sip:alice@example.org>\nCall-ID: in" + n +
                   "\nCSeq: 7 INVITE\nContact: <sip:b@192.0.2.8:5061>\nContent-Type: application/sdp\n",
               offer);
}

} // namespace

TEST_CASE("a certificate of many domains proves each of them")
{
    auto settings = with_routes();
    settings.routes.front().domains.clear();
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) names.push_back("d" + std::to_string(i) + ".example");
    settings.routes.front().domains = names;
    World world{settings};
    const auto alice = world.phone("alice");
    const auto provider = world.provider(names);
    for (const auto& name : names) {
        call_in(world, provider, "sip:bob@" + name);
        CHECK(start_line(world.receive(provider)) == "SIP/2.0 100 Trying");
        CHECK(header(world.receive(alice), "From").starts_with("<sip:bob@" + name + ">;tag="));
    }
}

TEST_CASE("whoever called is reached again by the name that it spoke for")
{
    auto settings = with_routes();
    settings.routes[1].targets[0].port = 5071;
    World world{settings};
    const auto alice = world.phone("alice");
    const auto& [from, way, port] = GENERATE(table<std::string, std::string, std::string>(
        {{"sip:bob@example.net", "example.net", ""},
         {"sip:+33123456789@elsewhere.example", "one.trunk.example", ":5071"}}));
    const auto provider = world.provider({"www.provider.example", way});
    call_in(world, provider, from);
    const auto invite = world.receive(alice);
    world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    world.disconnect(provider);
    const auto again = world.domain(way);
    world.send(alice, "BYE " + uri_in(header(invite, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKb\nMax-Forwards: 70\nFrom: " +
                          header(invite, "To") + ";tag=g-tag\nTo: " + header(invite, "From") +
                          "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 1 BYE\n");
    CHECK(start_line(world.receive(again)) == "BYE sip:b@192.0.2.8:5061 SIP/2.0");
    CHECK(world.connects == std::vector<std::string>{way + port});
}

TEST_CASE("the answer to a call from another domain finds its way when the connection has gone", "[rfc3261][18.2.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto& [from, way] = GENERATE(table<std::string, std::string>(
        {{"sip:bob@example.net", "example.net"}, {"sip:+33123456789@elsewhere.example", "one.trunk.example"}}));
    const auto provider = world.provider({"www.provider.example", way});
    call_in(world, provider, from);
    const auto invite = world.receive(alice);
    world.disconnect(provider);
    world.send(alice, answer(invite, "180 Ringing"));
    SECTION("which nobody is connected to for, unless somebody has answered")
    {
        world.send(alice, answer(invite, "486 Busy Here"));
        CHECK(world.connects.empty());
    }
    SECTION("over a new one")
    {
        const auto again = world.domain(way);
        const auto ok = answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
        world.send(alice, ok);
        CHECK(world.connects == std::vector<std::string>{way});
        const auto arrived = world.receive(again);
        CHECK(start_line(arrived) == "SIP/2.0 200 OK");
        CHECK(world.quiet(again));
        world.send(alice, ok); // repeated until it is acknowledged
        CHECK(world.receive(again) == arrived);
        world.send(again, request_in(arrived, "ACK", 7));
        CHECK(start_line(world.receive(alice)).starts_with("ACK "));
        CHECK(world.connects.size() == 1);
    }
    SECTION("and is lost where there is none")
    {
        world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
        CHECK(world.connects == std::vector<std::string>{way});
    }
}

TEST_CASE("an answer is brought back to whoever called, in the name that was dialled", "[rfc3261][18.2.2][rfc5922]")
{
    auto settings = with_routes();
    settings.domains.push_back({.name = "second.example"});
    World world{settings};
    const auto alice = world.phone("alice");
    world.accounts->attach(world.accounts->find("alice", "example.org")->id, "alice", "second.example");
    using Call = std::tuple<std::string, std::string, std::string, std::string>;
    const auto& [from, dialled, way, name] = GENERATE(table<std::string, std::string, std::string, std::string>(
        {Call{"sip:bob@example.net", "second.example", "example.net", "second.example"},
         Call{"sip:bob@example.net", "example.org", "example.net", "example.org"},
         Call{"sip:+33123456789@elsewhere.example", "second.example", "two.trunk.example", "example.org"}}));
    const auto provider = world.provider({"www.provider.example", way});
    call_in(world, provider, from, dialled);
    const auto invite = world.receive(alice);
    world.disconnect(provider);
    const auto again = world.domain(way);
    world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    CHECK(world.connects == std::vector<std::string>{way});
    CHECK(world.speaks == std::vector<std::string>{name});
    CHECK(start_line(world.receive(again)) == "SIP/2.0 200 OK");
}

TEST_CASE("whoever answers over a new connection is acknowledged there", "[rfc3261][18.2.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto invite = call_out(world, alice, peer);
    world.send(peer, answer(invite, "180 Ringing"));
    world.receive(alice);
    SECTION("that it is not there")
    {
        world.disconnect(peer);
        const auto again = world.domain("example.net");
        world.send(again, answer(invite, "486 Busy Here"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 486 Busy Here");
        CHECK(start_line(world.receive(again)).starts_with("ACK "));
    }
    SECTION("or is told there that nobody calls any more")
    {
        world.disconnect(peer);
        const auto again = world.domain("example.net");
        world.send(again, answer(invite, "180 Ringing"));
        world.receive(alice);
        world.send(alice, "CANCEL sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKa-tag2\n"
                          "Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: <sip:bob@example.net>\n"
                          "Call-ID: a-tag@secret-host\nCSeq: 2 CANCEL\n");
        CHECK(start_line(world.receive(again)).starts_with("CANCEL "));
    }
    SECTION("and its caller may change connections too, whoever loses the first one")
    {
        const bool caller_first = GENERATE(true, false);
        auto back = alice, again = peer;
        for (const bool caller : {caller_first, !caller_first}) {
            world.disconnect(caller ? alice : peer);
            (caller ? back : again) = caller ? world.phone("alice") : world.domain("example.net");
            world.send(again, answer(invite, "180 Ringing"));
            CHECK(start_line(world.receive(back)) == "SIP/2.0 180 Ringing");
        }
        world.send(again, answer(invite, "200 OK", contact));
        CHECK(start_line(world.receive(back)) == "SIP/2.0 200 OK");
    }
    SECTION("that it has taken the call, whether its first answer has arrived or not")
    {
        const auto answered = answer(invite, "200 OK", contact);
        const bool arrived = GENERATE(true, false);
        if (arrived) world.send(peer, answered);
        world.disconnect(peer);
        const auto again = world.domain("example.net");
        world.send(again, answered);
        if (arrived) world.receive(alice);
        const auto ok = world.receive(alice);
        CHECK(start_line(ok) == "SIP/2.0 200 OK");
        world.send(alice, request_in(ok, "ACK", 2));
        CHECK(start_line(world.receive(again)).starts_with("ACK "));
    }
}

TEST_CASE("whoever gives up over a new connection hears there that the call is over", "[rfc3261][9.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    call_in(world, peer, "sip:bob@example.net");
    const auto trying = world.receive(peer);
    const auto invite = world.receive(alice);
    world.send(alice, answer(invite, "180 Ringing"));
    world.disconnect(peer);
    const auto again = world.domain("example.net");
    world.send(again, "CANCEL sip:alice@example.org SIP/2.0\nVia: " + header(trying, "Via") +
                          "\nMax-Forwards: 60\nFrom: " + header(trying, "From") + "\nTo: " + header(trying, "To") +
                          "\nCall-ID: " + header(trying, "Call-ID") + "\nCSeq: 7 CANCEL\n");
    CHECK(header(world.receive(again), "CSeq") == "7 CANCEL");
    CHECK(start_line(world.receive(alice)).starts_with("CANCEL "));
    world.send(alice, answer(invite, "487 Request Terminated"));
    CHECK(start_line(world.receive(again)) == "SIP/2.0 487 Request Terminated");
}

TEST_CASE("another domain is connected to on behalf of the domain that calls, as far as that may be known", "[rfc5922]")
{
    auto settings = with_routes();
    settings.domains.push_back({.name = "second.example"});
    World world{settings};
    const auto peer = world.domain("example.net");
    world.domain("one.trunk.example");
    world.domain("psap.example");
    const auto carol = world.connect();
    world.accounts->attach(world.accounts->add("carol", "second.example"), "+49302222222", "second.example");
    const auto calls = [&](const std::string& uri, const std::string& n, const std::string& extra = {}) {
        const auto invite = [&](const std::string& cseq, const std::string& more) {
            return "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + n + cseq +
                   "\nMax-Forwards: 70\nFrom: <sip:carol@second.example>;tag=c" + n + "\nTo: <" + uri +
                   ">\nCall-ID: c" + n + "\nCSeq: " + cseq +
                   " INVITE\nContact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n" + extra + more;
        };
        world.send(carol, invite("1", ""));
        world.send(carol, invite("2", world.credentials(world.receive(carol), "carol", "INVITE", uri)));
        CHECK(start_line(world.receive(carol)) == "SIP/2.0 100 Trying");
    };
    const auto asks_again = [&](const std::string& extra) { // inside the call, once its connection is gone
        const auto invite = world.receive(peer);
        world.send(peer, answer(invite, "200 OK", contact));
        const auto ok = world.receive(carol);
        world.disconnect(peer);
        world.domain("example.net");
        world.send(carol, "INFO " + uri_in(header(ok, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKi\nMax-Forwards: 70\nFrom: " +
                              header(ok, "From") + "\nTo: " + header(ok, "To") + "\nCall-ID: " + header(ok, "Call-ID") +
                              "\nCSeq: 3 INFO\n" + extra);
    };
    SECTION("who shows itself, throughout the call")
    {
        calls("sip:bob@example.net", "open");
        asks_again("Privacy: id\n");
        CHECK(world.speaks == std::vector<std::string>{"second.example", "second.example"});
    }
    SECTION("who withholds itself, throughout the call")
    {
        calls("sip:bob@example.net", "hidden", "Privacy: id\n");
        asks_again("");
        CHECK(world.speaks == std::vector<std::string>{"example.org", "example.org"});
    }
    SECTION("where the provider has the contract")
    {
        calls("sip:+44207946000@example.org", "trunk");
        calls("urn:service:sos", "help");
        CHECK(world.speaks == std::vector<std::string>{"example.org", "example.org"});
    }
    SECTION("who was called, by the domain that was dialled")
    {
        const auto alice = world.phone("alice");
        const auto id = world.accounts->find("alice", "example.org")->id;
        world.accounts->attach(id, "alice", "second.example");
        world.send(peer, "INVITE sip:alice@second.example SIP/2.0\nVia: SIP/2.0/TLS host.example;branch=z9hG4bKin\n"
                         "Max-Forwards: 60\nFrom: <sip:bob@example.net>;tag=in\nTo: <sip:alice@second.example>\n"
                         "Call-ID: in\nCSeq: 7 INVITE\nContact: <sip:b@192.0.2.8:5061>\n");
        const auto invite = world.receive(alice);
        world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
        world.disconnect(peer);
        world.domain("example.net");
        world.send(alice, "BYE " + uri_in(header(invite, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKb\nMax-Forwards: 70\nFrom: " +
                              header(invite, "To") + ";tag=g-tag\nTo: " + header(invite, "From") +
                              "\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: 1 BYE\n");
        CHECK(world.speaks == std::vector<std::string>{"second.example"});
    }
}

TEST_CASE("a reload counts for connections that are open")
{
    auto without = with_routes();
    without.routes.erase(without.routes.begin() + 1);
    const auto with = std::make_shared<const CoreSettings>(with_routes());
    World world{without};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("one.trunk.example");
    const auto refused = [&] {
        call_in(world, trunk, "sip:+33123456789@elsewhere.example");
        return start_line(world.receive(trunk)) == "SIP/2.0 403 Forbidden" && world.quiet(alice);
    };
    CHECK(refused());
    world.element.use(with);
    call_in(world, trunk, "sip:+33123456789@elsewhere.example");
    CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(alice);
    CHECK(header(invite, "From").starts_with("<sip:+33123456789@example.org;user=phone>;tag="));
    world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(trunk);
    // The host is the route's no longer: it begins no call, and ends the one that runs.
    auto moved = with_routes();
    moved.routes[1].targets = {{"two.trunk.example"}};
    world.element.use(std::make_shared<const CoreSettings>(moved));
    CHECK(refused());
    world.send(trunk, "BYE " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.example;branch=z9hG4bKbye\nMax-Forwards: 60\nFrom: " +
                          header(ok, "From") + "\nTo: " + header(ok, "To") + "\nCall-ID: " + header(ok, "Call-ID") +
                          "\nCSeq: 8 BYE\n");
    CHECK(start_line(world.receive(alice)).starts_with("BYE sip:alice-device@192.0.2.1:5555"));
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

TEST_CASE("a connection that we made and that is offered to us is asked once", "[rfc5923][5]")
{
    World world{with_routes()};
    const auto peer = world.domain("example.net");
    world.element.opened({.id = peer, .domains = {"example.net"}, .offered = true}, world.now);
    world.pass(seconds{31});
    CHECK(start_line(world.receive(peer)).starts_with("OPTIONS"));
    CHECK(world.quiet(peer));
}

TEST_CASE("a connection to a domain that no route names is closed when nobody here has wanted it for a while")
{
    auto settings = with_routes();
    settings.routes.push_back({.name = "anybody", .domains = {"*"}});
    World world{settings};
    const auto alice = world.phone("alice");
    auto renewed = world.now;
    std::string says = "200 OK"; // to every OPTIONS
    const auto lives = [&](FlowId flow, seconds span) {
        for (const auto end = world.now + span; world.now < end;) {
            world.pass(seconds{1});
            if (world.now > renewed + std::chrono::minutes{5}) {
                renewed = world.now;
                world.registers(alice, "alice",
                                {.contact = "<sip:alice-device@192.0.2.1:5555;transport=tls>", .call_id = "renewed"});
            }
            while (!world.quiet(flow))
                if (const auto asked = world.receive(flow); start_line(asked).starts_with("OPTIONS"))
                    world.send(flow, answer(asked, says));
        }
        return world.closed.empty();
    };
    const std::chrono::minutes quarter{15};
    const auto kept = quarter - seconds{30};
    SECTION("named by a route, as a peer or as a target, by one of its names")
    {
        const auto named = GENERATE("example.net", "one.trunk.example");
        CHECK(lives(world.provider({"stranger.example", named}), 4 * quarter));
    }
    SECTION("named by none")
    {
        const auto stranger = world.domain("stranger.example");
        says = GENERATE("200 OK", "404 Not Found", "100 Trying");
        CHECK(lives(stranger, kept));
        SECTION("and called again")
        {
            dial(world, alice, {.uri = "sip:bob@stranger.example"});
            CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
            world.send(stranger, answer(world.receive(stranger), "486 Busy Here"));
            CHECK(lives(stranger, kept));
        }
        SECTION("and it calls, and nobody answers")
        {
            call_in(world, stranger, "sip:bob@stranger.example");
            world.send(alice, answer(world.receive(alice), "486 Busy Here"));
        }
        CHECK_FALSE(lives(stranger, seconds{61}));
        CHECK(world.closed == std::vector<FlowId>{stranger});
        CHECK(world.quiet(stranger));
    }
    SECTION("and a call that comes in shortly before is answered over it, and outlives it")
    {
        const auto stranger = world.domain("stranger.example");
        CHECK(lives(stranger, kept + seconds{15}));
        call_in(world, stranger, "sip:bob@stranger.example");
        CHECK(start_line(world.receive(stranger)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(alice);
        const bool rings = GENERATE(true, false);
        if (rings) world.send(alice, answer(invite, "180 Ringing"));
        CHECK(lives(stranger, seconds{rings ? 50 : 30}));
        world.send(alice, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
        const auto ok = world.receive(stranger);
        CHECK(start_line(ok) == "SIP/2.0 200 OK");
        CHECK(lives(stranger, kept));
        const auto asks = [&](FlowId flow, const std::string& method, int number) {
            world.send(flow, request_in(ok, method, number));
            const auto asked = world.receive(alice);
            CHECK(start_line(asked).starts_with(method));
            world.send(alice, answer(asked, "200 OK"));
            CHECK(start_line(world.receive(flow)) == "SIP/2.0 200 OK");
        };
        asks(stranger, "INFO", 8);
        CHECK(lives(stranger, kept));
        CHECK_FALSE(lives(stranger, seconds{61}));
        world.disconnect(stranger);
        const auto again = world.domain("stranger.example");
        SECTION("for the one") { asks(again, "BYE", 9); }
        SECTION("for the other")
        {
            world.send(alice, request_in(invite, "BYE", 9));
            CHECK(start_line(world.receive(again)) == "BYE sip:b@192.0.2.8:5061 SIP/2.0");
        }
    }
}

TEST_CASE("a withheld caller of another domain, referred to a third one, asks that one by a header not to be named",
          "[rfc3515][rfc3323][P4]")
{
    World world{with_routes()};
    const auto peer = world.domain("example.net");
    const auto bob = world.phone("bob");
    const auto refers = [&](const std::string& number, const std::string& whom) {
        world.send(peer, "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS p.example.net;branch=z9hG4bKp" + number +
                             "\nMax-Forwards: 70\nFrom: <sip:anonymous@anonymous.invalid>;tag=p\nTo: "
                             "<sip:bob@example.org>\nCall-ID: p" +
                             number + "\nCSeq: 1 INVITE\nPrivacy: id\nContact: <sip:x@p.example.net>\n");
        const auto invite = world.receive(bob);
        world.send(bob, answer(invite, "200 OK", contact));
        while (!world.quiet(peer)) world.receive(peer);
        world.send(bob, request_in(invite, "REFER", std::stoi(number) + 4,
                                   "Refer-To: <" + whom + ">\nContact: <sip:bob@192.0.2.1>\n"));
        return header(world.receive(peer), "Refer-To");
    };
    CHECK(refers("1", "sip:dave@example.net") == "<sip:dave@example.net?Privacy=id>");
    CHECK(refers("2", "sip:carol@example.org") == "<sip:%2331%23carol@example.org>"); // that call comes to us
}
