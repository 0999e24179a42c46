#include "element/requests.hpp"
#include "element/routes.hpp"
#include "wire/parse.hpp"

#include <catch2/catch.hpp>

#include <regex>

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

TEST_CASE("Whoever begins something can wait, the longer the less it has cost", "[rfc3261][21.5.4]")
{
    World world{[] {
        auto settings = World::defaults();
        settings.routes = {route_for_help()};
        return settings;
    }()};
    const auto turn = [&](const std::string& text) {
        const auto message = wire::parse(std::regex_replace(text + "\n", std::regex{"\n"}, "\r\n"));
        REQUIRE(message);
        return world.element.turn_of(*message);
    };
    for (const std::string method : {"INVITE", "MESSAGE", "REGISTER", "SUBSCRIBE", "OPTIONS", "REFER"}) {
        INFO(method);
        CHECK(turn(request(method, 1)) == Turn::later);
        for (const std::string name : {"Authorization", "Proxy-Authorization"})
            CHECK(turn(request(method, 1, name + ": Digest username=\"alice\"\n")) == Turn::soon);
    }
    CHECK(turn(request("ACK", 1)) == Turn::at_once);
    CHECK(turn(request("CANCEL", 1)) == Turn::at_once);
    auto inside = request("INVITE", 1);
    inside.replace(inside.find("\nCall-ID"), 1, ";tag=b\n");
    CHECK(turn(inside) == Turn::at_once);
    auto for_help = request("INVITE", 1);
    for_help.replace(for_help.find("bob"), 3, "112");
    CHECK(turn(for_help) == Turn::at_once);
    const auto sent = request("INVITE", 1);
    CHECK(turn("SIP/2.0 200 OK" + sent.substr(sent.find('\n'))) == Turn::at_once);
}

TEST_CASE("Of whoever waited in vain nothing is remembered, and it can try again", "[rfc3261][8.2.7][21.5.4]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto before = world.element.counters();
    for (const std::string method : {"INVITE", "MESSAGE", "REGISTER", "SUBSCRIBE"}) {
        INFO(method);
        world.no_moment = true;
        world.send(alice, request(method, 10));
        const auto refused = world.receive(alice);
        CHECK(start_line(refused) == "SIP/2.0 503 Service Unavailable");
        CHECK_FALSE(header(refused, "Retry-After").empty());
        if (method == "INVITE") {
            auto ack = std::regex_replace(request("ACK", 10), std::regex{"z9hG4bKACK"}, "z9hG4bKINVITE");
            ack.replace(ack.find("To: <sip:bob@example.org>"), 25, "To: " + header(refused, "To"));
            world.send(alice, ack);
        }
        CHECK(world.quiet(alice));
        CHECK(world.element.counters().server_transactions == before.server_transactions);
        CHECK(world.element.counters().strays == before.strays);

        world.no_moment = false;
        world.send(alice, request(method, 10));
        CHECK(world.receive(alice).find("Digest") != std::string::npos);
        world.pass(seconds{40});
    }
    world.element.refusals().for_each([](const std::string& reason, std::uint64_t count) {
        if (reason.starts_with("503 Service Unavailable")) CHECK(count == 4);
    });
}

TEST_CASE("While there is no moment for whoever begins something, calls in progress go on and end", "[rfc3261][21.5.4]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    world.send(alice, request("INVITE", 20));
    world.send(alice, request("INVITE", 21,
                              world.credentials(world.receive(alice), "alice", "INVITE", "sip:bob@example.org")));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(bob);

    world.no_moment = true;
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
