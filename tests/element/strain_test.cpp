#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

std::string request(const std::string& method, int cseq, const std::string& extra = "")
{
    return method + " sip:" + (method == "REGISTER" ? "" : "bob@") +
           "example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + method + std::to_string(cseq) +
           "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <sip:" +
           (method == "REGISTER" ? "alice" : "bob") + "@example.org>\nCall-ID: " + method +
           "\nCSeq: " + std::to_string(cseq) + " " + method +
           "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra;
}

} // namespace

TEST_CASE("Under high strain nobody new is challenged, and who was challenged is served", "[rfc3261][21.5.4]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    for (const std::string method : {"INVITE", "MESSAGE", "REGISTER", "SUBSCRIBE"}) {
        INFO(method);
        world.element.strained(Strain::none);
        world.send(alice, request(method, 10));
        const auto challenge = world.receive(alice);
        REQUIRE(challenge.find("Digest") != std::string::npos);

        world.element.strained(Strain::high);
        world.send(alice, request(method, 11));
        const auto refused = world.receive(alice);
        CHECK(start_line(refused) == "SIP/2.0 503 Service Unavailable");
        CHECK_FALSE(header(refused, "Retry-After").empty());

        const std::string uri = method == "REGISTER" ? "sip:example.org" : "sip:bob@example.org";
        world.send(alice, request(method, 12, world.credentials(challenge, "alice", method, uri)));
        if (method == "INVITE") CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        if (method == "INVITE" || method == "MESSAGE")
            CHECK(start_line(world.receive(bob)).starts_with(method + ' '));
        else
            CHECK(start_line(world.receive(alice)).find(" 503 ") == std::string::npos);
    }
}

TEST_CASE("Under extreme strain nothing new is begun, and calls in progress go on", "[rfc3261][21.5.4]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.send(alice, request("INVITE", 20));
    world.send(alice, request("INVITE", 21,
                              world.credentials(world.receive(alice), "alice", "INVITE", "sip:bob@example.org")));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(bob);

    world.element.strained(Strain::extreme);
    world.send(bob, "SIP/2.0 200 OK\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                        "\nTo: " + header(invite, "To") + ";tag=b\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: " +
                        header(invite, "CSeq") + "\nContact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n");
    const auto ok = world.receive(alice);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    world.send(alice, "BYE " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
                          "From: <sip:alice@example.org>;tag=a\nTo: " +
                          header(ok, "To") + "\nCall-ID: INVITE\nCSeq: 22 BYE\n");
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));

    world.send(alice, request("MESSAGE", 30, "Proxy-Authorization: Digest username=\"alice\"\n"));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 503 Service Unavailable");
}

TEST_CASE("A connection with as many transactions as it may have can go on with its calls and end them", "[limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 6;
    World world{settings};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const Sender::Request call{.to = "sip:bob@example.org", .from = {}};
    alice.send(call);
    const auto invite = world.receive(bob);
    world.send(bob, response_to(invite, "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(alice.flow);
    const auto begins_another = [&] {
        alice.send_once(call);
        return start_line(world.receive(alice.flow));
    };
    int more = 0;
    while (begins_another() == "SIP/2.0 407 Proxy Authentication Required") REQUIRE(++more <= 6);
    CHECK(begins_another() == "SIP/2.0 503 Service Unavailable");

    const auto inside = [&](const std::string& method, int number) {
        const auto n = std::to_string(number);
        world.send(alice.flow, method + " " + uri_in(header(ok, "Contact")) +
                                   " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKin" + n +
                                   "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                                   "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: " + n + " " + method + "\n");
    };
    for (int i = 0; i < 5; ++i) {
        inside("INFO", 100 + i);
        CHECK(start_line(world.receive(bob)).starts_with("INFO "));
    }
    inside("BYE", 105);
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));
    inside("INFO", 106);
    CHECK(start_line(world.receive(alice.flow)) == "SIP/2.0 503 Service Unavailable");
    CHECK(world.quiet(bob));
}

TEST_CASE("Calls for help of whoever has proven nothing have as many places again, and no more", "[limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 6;
    settings.routes = {route_for_help()};
    World world{settings};
    const auto alice = world.phone("alice");
    int number = 0;
    const auto status = [&](FlowId flow, const std::string& whom) {
        ++number;
        world.send(flow, invite_of_a_stranger(whom, "alice", "n" + std::to_string(number), number,
                                              "Contact: <sip:a@192.0.2.1>\n"));
        return start_line(world.receive(flow)).substr(8, 3);
    };
    const auto stranger = world.connect();
    for (int i = 0; i < 6; ++i) CHECK(status(stranger, "bob") == "407");
    CHECK(status(stranger, "bob") == "503");
    for (int i = 0; i < 6; ++i) CHECK(status(stranger, "112") == "407");
    const auto before = world.element.counters().server_transactions;
    for (int i = 0; i < 20; ++i) CHECK(status(stranger, "112") == "503");
    CHECK(world.element.counters().server_transactions == before); // nothing is kept of them
    for (int i = 0; i < 20; ++i) CHECK(status(alice, "112") == "407");
    CHECK(status(world.connect(), "112") == "407");
}

TEST_CASE("A request takes as many places as it needs memory, and a phone's ordinary one takes one", "[limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 100;
    World world{settings};
    world.accounts->add("bob", "example.org");
    int number = 0;
    const auto taken_until_refused = [&](std::size_t body) {
        const auto stranger = world.connect();
        int taken = 0;
        for (std::string status{"407"}; status == "407"; ++taken) {
            ++number;
            world.send(stranger,
                       invite_of_a_stranger("bob", "alice", "n" + std::to_string(number), number,
                                            "Contact: <sip:a@192.0.2.1>\nContent-Type: text/plain\n"),
                       std::string(body, 'x'));
            status = start_line(world.receive(stranger)).substr(8, 3);
        }
        return taken - 1;
    };
    CHECK(taken_until_refused(7'000) == 100);
    CHECK(taken_until_refused(64'000) == 13); // of 8 places each, and the last one is whole
}
