// Whose password an anonymous caller is asked for (RFC 3323 4.1.1.3), where several domains are served.
#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

std::string status(const std::string& message) { return start_line(message).substr(8, 3); }

/// Carol is a subscriber of the second domain.
struct Second {
    static CoreSettings settings()
    {
        auto settings = with_routes();
        settings.domains.push_back({.name = "second.example", .numbers = {.country = "49", .area = "30"}});
        return settings;
    }

    World world{settings()};
    FlowId carol{world.connect()};
    FlowId alice{world.phone("alice")};
    int number{0};

    Second() { world.accounts->add("carol", "second.example"); }

    std::string text(const std::string& method, const std::string& uri, const std::string& from,
                     const std::string& extra)
    {
        const auto n = std::to_string(++number);
        return method + " " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKs" + n +
               "\nMax-Forwards: 70\nFrom: <" + from + ">;tag=c\nTo: <" + (method == "REGISTER" ? from : uri) +
               ">\nCall-ID: of-" + from + "\nCSeq: " + n + " " + method +
               "\nContact: <sip:carol-device@192.0.2.1:5555;transport=tls>\n" + extra;
    }
    void registers(FlowId flow, const std::string& user, const std::string& domain)
    {
        const auto uri = "sip:" + domain;
        const auto from = "sip:" + user + "@" + domain;
        world.send(flow, text("REGISTER", uri, from, {}));
        world.send(flow, text("REGISTER", uri, from, world.credentials(world.receive(flow), user, "REGISTER", uri)));
        REQUIRE(status(world.receive(flow)) == "200");
    }
    /// The realm that she is asked for, when she says nothing of herself but `extra`; what follows is left for the
    /// test.
    std::string anonymous(const std::string& uri, const std::string& extra = {})
    {
        const std::string from = "sip:anonymous@anonymous.invalid";
        world.send(carol, text("INVITE", uri, from, extra));
        const auto challenge = world.receive(carol);
        if (status(challenge) != "407") {
            world.give_back(carol, challenge);
            return {};
        }
        const auto asks = header(challenge, "Proxy-Authenticate");
        const auto at = asks.find("realm=\"") + 7;
        world.send(carol, text("INVITE", uri, from, extra + world.credentials(challenge, "carol", "INVITE", uri)));
        return asks.substr(at, asks.find('"', at) - at);
    }
};

const std::string an_address = "sip:alice@example.org"; ///< of the first domain

} // namespace

TEST_CASE("an anonymous caller is asked for the password of whom its connection has proven", "[rfc3323][rfc3261][22]")
{
    Second call;
    auto& world = call.world;
    call.registers(call.carol, "carol", "second.example");
    SECTION("an address of another domain")
    {
        CHECK(call.anonymous(an_address) == "second.example");
        CHECK(status(world.receive(call.carol)) == "100");
        CHECK(header(world.receive(call.alice), "From").starts_with("\"Anonymous\""));
    }
    SECTION("a number, and help")
    {
        world.domain("one.trunk.example");
        world.domain("psap.example");
        const auto* uri = GENERATE("tel:+33123456789", "urn:service:sos", "sip:112@example.org");
        CHECK(call.anonymous(uri) == "second.example");
        CHECK(status(world.receive(call.carol)) == "100");
    }
    SECTION("help, though the account is suspended")
    {
        const auto psap = world.domain("psap.example");
        world.accounts->at(world.accounts->find("carol", "second.example")->id).status = AccountStatus::suspended;
        call.carol = world.connect();
        CHECK(call.anonymous("urn:service:sos", "P-Preferred-Identity: <sip:carol@second.example>\n") ==
              "second.example");
        CHECK(start_line(world.receive(psap)).starts_with("INVITE urn:service:sos"));
        CHECK(status(world.receive(call.carol)) == "100");
        CHECK(call.anonymous("urn:service:sos") == "second.example");
        CHECK(start_line(world.receive(psap)).starts_with("INVITE urn:service:sos"));
    }
}

TEST_CASE("an anonymous caller on a new connection is asked for the password of whom it would like to be",
          "[rfc3323][rfc3325][9.2]")
{
    Second call;
    CHECK(call.anonymous(an_address, "P-Preferred-Identity: <sip:carol@second.example>\n") == "second.example");
    CHECK(status(call.world.receive(call.carol)) == "100");
    CHECK(header(call.world.receive(call.alice), "From").starts_with("\"Anonymous\""));
}

TEST_CASE("an anonymous caller's password counts in the realm that it is given for, whoever else has proven himself",
          "[rfc3323][rfc3261][22]")
{
    Second call;
    auto& world = call.world;
    call.registers(call.carol, "carol", "second.example");
    const std::string from = "sip:anonymous@anonymous.invalid";
    world.send(call.carol, call.text("INVITE", an_address, from, {}));
    const auto challenge = world.receive(call.carol);
    world.accounts->add("dave", "example.org");
    call.registers(call.carol, "dave", "example.org"); // over the same connection
    world.send(call.carol,
               call.text("INVITE", an_address, from, world.credentials(challenge, "carol", "INVITE", an_address)));
    CHECK(status(world.receive(call.carol)) == "100");
    CHECK(start_line(world.receive(call.alice)).starts_with("INVITE "));
}

TEST_CASE("of several accounts on a connection an anonymous caller is asked for that of the domain that is called",
          "[rfc3323][rfc3261][22]")
{
    Second call;
    call.registers(call.carol, "alice", "example.org");
    call.registers(call.carol, "carol", "second.example");
    for (const auto& [called, asked] : {std::pair{"sip:alice@example.org", "example.org"},
                                        {"sip:112@example.org", "example.org"},
                                        {"sip:alice@second.example", "second.example"}}) {
        CHECK(call.anonymous(called) == asked);
        while (!call.world.quiet(call.carol)) call.world.receive(call.carol);
    }
}

TEST_CASE("behind an edge an anonymous caller is not asked for the password of whoever has registered last",
          "[rfc3323][rfc5626][5]")
{
    Second call;
    auto& world = call.world;
    const std::string by_edge =
        "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKphone\nPath: <sip:token@edge.example;lr>\nSupported: path\n";
    const auto from = std::string{"sip:carol@second.example"};
    const std::string uri = "sip:second.example";
    world.send(call.carol, call.text("REGISTER", uri, from, by_edge));
    const auto credentials = world.credentials(world.receive(call.carol), "carol", "REGISTER", uri);
    world.send(call.carol, call.text("REGISTER", uri, from, by_edge + credentials));
    REQUIRE(status(world.receive(call.carol)) == "200");
    CHECK(call.anonymous("sip:alice@example.org") == "example.org");
    CHECK(call.anonymous("sip:112@example.org") == "example.org");
}

TEST_CASE("a wish that cannot be read is one to be shown to nobody", "[rfc3323][P4]")
{
    World world;
    Sender alice{world, "alice"}, bob{world, "bob"};
    const auto [wish, hidden] = GENERATE(table<std::string, bool>(
        {{"Privacy: \"id\"\n", true},
         {"Privacy: id critical\n", true},
         {"Remote-Party-ID: <sip:a@example.org>;privacy=full, <sip:b@example.org>;party=called\n", true},
         {"Privacy: something-new\n", false}}));
    INFO(wish);
    alice.send({.to = "sip:bob@example.org", .headers = wish});
    CHECK((header(world.receive(bob.flow), "From").find("alice@") == std::string::npos) == hidden);
}
