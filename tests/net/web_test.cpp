#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/web/session.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;
using net::web::Frame;
using net::web::Opcode;

namespace {

constexpr std::string_view handshake =
    "GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Masked with zeros, which is allowed and easy to read.
std::string masked(Opcode opcode, std::string_view payload, bool last = true)
{
    auto out = net::web::frame(opcode, payload);
    const std::size_t head = payload.size() < 126 ? 2 : payload.size() < 65'536 ? 4 : 10;
    out[1] = static_cast<char>(out[1] | '\x80');
    if (!last) out[0] = static_cast<char>(out[0] & '\x7f');
    return out.insert(head, 4, '\0');
}

struct Browser : Client {
    explicit Browser(const Edge& edge) : Client{edge.endpoint()}
    {
        REQUIRE(send(handshake));
        REQUIRE(receive().starts_with("HTTP/1.1 101 "));
    }
};

const std::string ping_of_ours = net::web::frame(Opcode::ping, {});

} // namespace

TEST_CASE("The examples of RFC 6455", "[websocket]")
{
    CHECK(net::web::accept_for("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const std::string hello{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11};
    const auto read = net::web::next_frame(hello, 100);
    CHECK(read.kind == Frame::Kind::whole);
    CHECK(read.opcode == Opcode::text);
    CHECK(read.size == hello.size());
    CHECK(read.payload == "Hello");
    CHECK(net::web::frame(Opcode::text, "Hello") == "\x81\x05Hello");
    CHECK(net::web::frame(Opcode::binary, std::string(256, 'x')).substr(0, 4) == std::string{"\x82\x7e\x01\x00", 4});
    CHECK(net::web::frame(Opcode::binary, std::string(65'536, 'x')).substr(0, 10) ==
          std::string{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10});
}

TEST_CASE("A frame that has not come whole asks for more, at each byte of it", "[websocket]")
{
    for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
        const auto whole = masked(Opcode::binary, std::string(size, 'x'));
        for (std::size_t i = 0; i < whole.size(); i += i < 20 ? 1 : 9'973)
            CHECK(net::web::next_frame(std::string_view{whole}.substr(0, i), 70'000).kind == Frame::Kind::need_more);
        CHECK(net::web::next_frame(whole, 70'000).size == whole.size());
    }
}

TEST_CASE("UTF-8 as RFC 3629 has it", "[websocket]")
{
    for (const std::string_view good : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "\xf4\x8f\xbf\xbf"})
        CHECK(net::web::is_utf8(good));
    for (const std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                                       "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\xe2\x28\xa1"})
        CHECK_FALSE(net::web::is_utf8(bad));
}

TEST_CASE("A frame that does not come whole in time ends the connection", "[websocket][timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}, .transport = Transport::wss}};
    Browser browser{edge};
    SECTION("half of a frame") { REQUIRE(browser.send(masked(Opcode::text, request("OPTIONS")).substr(0, 40))); }
    SECTION("half of a message, and pings")
    {
        REQUIRE(browser.send(masked(Opcode::text, request("OPTIONS"), false) + masked(Opcode::ping, {})));
        REQUIRE(browser.receive() == net::web::frame(Opcode::pong, {}));
    }
    CHECK(browser.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_messages == 1; }));
}

TEST_CASE("Half of a request of HTTP ends the connection", "[websocket][timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}, .transport = Transport::wss}};
    Client client{edge.endpoint()};
    REQUIRE(client.send(handshake.substr(0, 60)));
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
    REQUIRE(client.send(handshake));
    REQUIRE(client.receive().starts_with("HTTP/1.1 101 "));
    const auto flood = masked(Opcode::text, request("MESSAGE", "10"));
    for (int i = 0; i < 200 && client.send(flood); ++i)
        if (edge.count().connections.slow_readers > 0) break;
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 0; }));
}

TEST_CASE("An idle browser costs little more than an idle phone", "[websocket]")
{
    CHECK(sizeof(net::web::Session) <= 128);
}
