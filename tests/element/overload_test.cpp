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
    for (int more = 0; begins_another() == "SIP/2.0 407 Proxy Authentication Required"; ++more) {
        REQUIRE(more < 5);
        alice.send(call);
        CHECK(start_line(world.receive(bob)).starts_with("INVITE "));
    }
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

TEST_CASE("Of what whoever has proven nothing is answered, nothing is remembered", "[rfc3261][26.3.2.4][limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 6;
    settings.routes = {route_for_help()};
    World world{settings};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto before = world.element.counters();
    int number = 0;
    for (int connections = 0; connections < 30; ++connections) {
        const auto stranger = world.connect();
        for (const auto* whom : {"bob", "bob", "bob", "112", "112", "112", "nobody"}) {
            for (int more = 0; more < 4; ++more) {
                const auto call = "n" + std::to_string(++number);
                const auto invite = invite_of_a_stranger(whom, "alice", call, number, "Contact: <sip:a@192.0.2.1>\n");
                world.send(stranger, invite);
                const auto challenge = world.receive(stranger);
                CHECK(start_line(challenge).substr(8, 3) == "407");
                if (more == 0) continue; // and no ACK
                auto ack = std::regex_replace(invite, std::regex{"INVITE"}, "ACK");
                ack.replace(ack.find("To: "), ack.find('\n', ack.find("To: ")) - ack.find("To: "),
                            "To: " + header(challenge, "To"));
                world.send(stranger, ack);
                CHECK(world.quiet(stranger));
            }
        }
    }
    CHECK(world.element.counters().server_transactions == before.server_transactions);
    CHECK(world.element.counters().strays == before.strays);
    alice.send({.to = "sip:bob@example.org", .from = {}});
    CHECK(start_line(world.receive(bob)).starts_with("INVITE "));
}

TEST_CASE("All connections together have the places of a hundred, and calls go on beyond", "[limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 2;
    settings.routes = {route_for_help()};
    World world{settings};
    const auto bob = world.phone("bob");
    Sender alice{world, "alice"};
    alice.send({.to = "sip:bob@example.org", .from = {}});
    world.send(bob,
               response_to(world.receive(bob), "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(alice.flow);
    const Sender::Request message{.method = "MESSAGE", .to = "sip:bob@example.org", .from = {}};
    std::vector<Sender> others;
    for (int i = 0; i < 100; ++i) others.emplace_back(world, "user" + std::to_string(i));
    const auto status = [&](Sender& sender, const Sender::Request& request) {
        sender.send_once(request);
        return start_line(world.receive(sender.flow)).substr(8, 3);
    };
    int begun = 1;
    for (auto& each : others) {
        for (int two = 0; two < 2 && status(each, message) == "407"; ++two, ++begun) {
            each.send(message);
            world.receive(bob);
        }
    }
    CHECK(begun == 200);
    CHECK(status(others.back(), message) == "503");
    CHECK(status(others.back(), {.to = "sip:112@example.org", .from = {}}) == "407");
    world.send(alice.flow, "BYE " + uri_in(header(ok, "Contact")) +
                               " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                               header(ok, "From") + "\nTo: " + header(ok, "To") +
                               "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: 77 BYE\n");
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));
}

TEST_CASE("A request takes as many places as it needs memory, and a phone's ordinary one takes one", "[limits]")
{
    auto settings = World::defaults();
    settings.transactions_per_flow = 100;
    World world{settings};
    const auto bob = world.phone("bob");
    const auto taken_until_refused = [&](const std::string& user, std::size_t body) {
        Sender sender{world, user};
        const Sender::Request message{.method = "MESSAGE",
                                      .to = "sip:bob@example.org",
                                      .from = {},
                                      .body = std::string(body, 'x'),
                                      .content_type = "text/plain"};
        for (int taken = 0;; ++taken) {
            sender.send_once(message);
            if (start_line(world.receive(sender.flow)).substr(8, 3) == "503") return taken;
            sender.send(message);
            CHECK(start_line(world.receive(bob)).starts_with("MESSAGE "));
        }
    };
    CHECK(taken_until_refused("alice", 7'000) == 100);
    CHECK(taken_until_refused("carol", 64'000) == 13); // of 8 places each, and the last one is whole
}

TEST_CASE("The ACK to a refusal inside a call is for nobody else", "[rfc3261][17.1.1.3]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    alice.send({.to = "sip:bob@example.org", .from = {}});
    world.send(bob,
               response_to(world.receive(bob), "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(alice.flow);
    const auto inside = [&](const std::string& method, const std::string& extra) {
        world.send(alice.flow,
                   method + " " + uri_in(header(ok, "Contact")) +
                       " SIP/2.0\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bKagain\nMax-Forwards: 70\nFrom: " +
                       header(ok, "From") + "\nTo: " + header(ok, "To") + "\nCall-ID: " + header(ok, "Call-ID") +
                       "\nCSeq: 77 " + method + "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra);
    };
    inside("INVITE", "Require: nothing-known\n");
    CHECK(start_line(world.receive(alice.flow)).substr(8, 3) == "420");
    inside("ACK", {});
    CHECK(world.quiet(bob));
    CHECK(world.element.counters().strays == 0);
}
