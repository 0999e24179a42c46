#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/web_frames.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

struct Browser : Client {
    explicit Browser(const Edge& edge) : Client{edge.endpoint()}
    {
        REQUIRE(send(web_handshake));
        REQUIRE(receive().starts_with("HTTP/1.1 101 "));
    }
};

const std::string ping_of_ours = bare(Opcode::ping, {});

} // namespace

TEST_CASE("A frame that does not come whole in time ends the connection", "[websocket][timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}, .transport = Transport::wss}};
    Browser browser{edge};
    SECTION("half of a frame") { REQUIRE(browser.send(masked(Opcode::text, request("OPTIONS")).substr(0, 40))); }
    SECTION("half of a message, and pings")
    {
        REQUIRE(browser.send(masked(Opcode::text, request("OPTIONS"), false) + masked(Opcode::ping, {})));
        REQUIRE(browser.receive() == bare(Opcode::pong, {}));
    }
    SECTION("a message, and two bytes of the next frame")
    {
        REQUIRE(browser.send(masked(Opcode::text, request("OPTIONS")) + masked(Opcode::text, "x").substr(0, 2)));
        REQUIRE(browser.receive().find("SIP/2.0 200 ") < 5);
    }
    SECTION("half of a ping") { REQUIRE(browser.send(masked(Opcode::ping, "are you there?").substr(0, 9))); }
    CHECK(browser.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_messages == 1; }));
}

TEST_CASE("Half of a request of HTTP ends the connection", "[websocket][timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}, .transport = Transport::wss}};
    Client client{edge.endpoint()};
    REQUIRE(client.send(web_handshake.substr(0, 60)));
    CHECK(client.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_messages == 1; }));
}

TEST_CASE("A browser that is silent is asked whether it is there", "[websocket][timeout]")
{
    Edge edge{{.connections = {.ping_interval = seconds{1}}, .transport = Transport::wss}};
    Browser browser{edge};
    REQUIRE(browser.send(masked(Opcode::text, request("REGISTER")))); // pings are for subscribers
    REQUIRE(browser.receive().find("SIP/2.0 200 ") < 5);
    SECTION("and stays when it answers")
    {
        for (int i = 0; i < 3; ++i) {
            REQUIRE(browser.receive() == ping_of_ours);
            REQUIRE(browser.send(masked(Opcode::pong, {})));
        }
        CHECK(edge.count().connections.idle_timeouts == 0);
    }
    SECTION("and is gone when it does not")
    {
        REQUIRE(browser.receive() == ping_of_ours);
        CHECK(browser.ended());
        CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1; }));
    }
}

TEST_CASE("A page that proves nothing is not kept", "[websocket][timeout]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{1}}, .transport = Transport::wss}};
    Browser browser{edge};
    CHECK(browser.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1; }));
}

TEST_CASE("A browser that does not read is cut off", "[websocket][back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 100'000}, .transport = Transport::wss}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    REQUIRE(client.send(web_handshake));
    REQUIRE(client.receive().starts_with("HTTP/1.1 101 "));
    const auto flood = masked(Opcode::text, request("MESSAGE", "10"));
    for (int i = 0; i < 200 && client.send(flood); ++i)
        if (edge.count().connections.slow_readers > 0) break;
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 0; }));
}

TEST_CASE("A browser that pings and does not read is cut off", "[websocket][back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 100'000}, .transport = Transport::wss}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    REQUIRE(client.send(web_handshake));
    REQUIRE(client.receive().starts_with("HTTP/1.1 101 "));
    std::string flood;
    for (int i = 0; i < 100; ++i) flood += masked(Opcode::ping, std::string(125, 'x'));
    for (int i = 0; i < 2'000 && client.send(flood); ++i)
        if (edge.count().connections.slow_readers > 0) break;
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 0; }));
}
