#include "net/client.hpp"
#include "net/edge.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

TEST_CASE("A ping gets a pong, and only a whole ping", "[rfc5626][3.5.1]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send("\r\n\r\n"));
    CHECK(client.receive() == "\r\n");
    REQUIRE(client.send("\r\n\r"));
    REQUIRE(client.send("\n" + request("OPTIONS")));
    CHECK(client.receive(2) == "\r\n");
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("Messages in one record are each answered, in order", "[rfc3261][18.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("OPTIONS") + "\r\n" + request("PUBLISH") + request("REGISTER")));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(client.receive_message().starts_with("SIP/2.0 501 "));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("What one burst answers goes out in one record", "[tls]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("OPTIONS") + request("OPTIONS") + request("OPTIONS")));
    for (int i = 0; i < 3; ++i) CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(client.records().size() == 1);
}

TEST_CASE("A message may arrive byte by byte", "[rfc3261][18.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    const auto text = request("OPTIONS", "body", 500);
    for (const char byte : text) REQUIRE(client.send({&byte, 1}));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("A large message spans records", "[rfc3261][18.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("OPTIONS", std::string(60'000, 'b')) + request("OPTIONS")));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("What cannot be framed is answered, then the connection ends", "[rfc3261][18.3]")
{
    Edge edge{{.connections = {.message = {.body = 1'000}}}};
    Client client{edge.endpoint()};
    // The body is on its way already: closing must not destroy the answer.
    REQUIRE(client.send(request("OPTIONS", std::string(40'000, 'b'))));
    CHECK(client.receive_message().starts_with("SIP/2.0 413 "));
    CHECK(client.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.unframeable == 1 && c.connections.open == 0; }));
}

TEST_CASE("Garbage ends the connection without an answer", "[rfc3261][18.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
    CHECK(client.receive().empty());
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
}

TEST_CASE("A request that cannot be answered takes no other one with it, too many in a row do", "[rfc3261][18.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    auto nobodys = request("OPTIONS", "body");
    nobodys.replace(nobodys.find("From:"), 4, "Fram");
    const auto many = [&](int count) {
        std::string out;
        for (int i = 0; i < count; ++i) out += nobodys;
        return out;
    };
    for (int i = 0; i < 3; ++i) {
        REQUIRE(client.send(many(8) + request("OPTIONS")));
        CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    }
    REQUIRE(client.send(many(9) + request("OPTIONS")));
    CHECK(client.receive_message().empty());
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
}

TEST_CASE("The element closes a flow after its last words", "[flow]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("INFO") + request("OPTIONS")));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(client.ended());
    CHECK(edge.eventually([](const auto& c) { return c.element.strays == 1 && c.connections.open == 0; }));
}

TEST_CASE("A flow's end is told once to whoever awaits an answer over it, however it ends", "[flow]")
{
    Edge edge;
    { // in order
        Client client{edge.endpoint()};
        REQUIRE(client.send(request("OPTIONS")));
        client.receive_message();
        SSL_shutdown(client.session());
    }
    CHECK(edge.eventually([](const auto& c) { return c.element.strays == 1; }));
    { // cut
        Client client{edge.endpoint()};
        REQUIRE(client.send(request("OPTIONS")));
        client.receive_message();
    }
    CHECK(edge.eventually([](const auto& c) { return c.element.strays == 2; }));
}

TEST_CASE("A message reaches a flow of another worker; one for a flow that is gone comes back", "[flow][workers]")
{
    Edge edge{{.workers = 2}};
    // The kernel spreads connections: with enough of them, both workers have some.
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::uint64_t> flows;
    for (int i = 0; i < 32; ++i) {
        clients.push_back(std::make_unique<Client>(edge.endpoint()));
        REQUIRE(clients.back()->send(request("OPTIONS")));
        const auto answer = clients.back()->receive_message();
        flows.push_back(std::stoull(answer.substr(answer.find("\r\n\r\n") + 4)));
    }
    const auto on = [&](std::uint16_t worker) {
        for (std::size_t i = 0; i < flows.size(); ++i)
            if (FlowId{flows[i]}.worker() == worker) return i;
        return flows.size();
    };
    const auto here = on(0);
    const auto there = on(1);
    REQUIRE(here < flows.size());
    REQUIRE(there < flows.size());
    REQUIRE(clients[here]->send(request("SUBSCRIBE", std::to_string(flows[there]))));
    CHECK(clients[there]->receive_message().starts_with("SIP/2.0 200 "));

    const auto before = edge.count().element.strays;
    clients[there].reset(); // both workers have sent over it, and both are told of its end
    CHECK(edge.eventually([&](const auto& c) { return c.element.strays == before + 2; }));
    REQUIRE(clients[here]->send(request("SUBSCRIBE", std::to_string(flows[there]))));
    CHECK(clients[here]->receive_message().starts_with("SIP/2.0 480 "));
}

TEST_CASE("An id never finds the flow that came after", "[flow]")
{
    Edge edge;
    Client asker{edge.endpoint()};
    std::vector<std::uint64_t> seen;
    for (int i = 0; i < 3; ++i) {
        Client client{edge.endpoint()};
        REQUIRE(client.send(request("OPTIONS")));
        const auto answer = client.receive_message();
        seen.push_back(std::stoull(answer.substr(answer.find("\r\n\r\n") + 4)));
        CHECK(std::ranges::count(seen, seen.back()) == 1);
    }
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 1; }));
    const Client newcomer{edge.endpoint()};
    for (const auto old : seen) {
        REQUIRE(asker.send(request("SUBSCRIBE", std::to_string(old))));
        CHECK(asker.receive_message().starts_with("SIP/2.0 480 "));
    }
}
