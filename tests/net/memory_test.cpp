#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/web_frames.hpp"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <iostream>

using namespace sotto;
using namespace sotto::test;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

std::size_t heap() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

/// Bytes of heap for each of many connections that `connect` has brought to where it says nothing more.
template <class Connect> std::size_t heap_of_each(Edge& edge, Connect connect)
{
    constexpr std::size_t count = 500;
    const auto before = heap();
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<Client>(edge.endpoint()));
        connect(*clients.back());
    }
    const auto both = heap() - before;
    // The clients' half is what is freed when only they go; their sockets stay open until then.
    CHECK(edge.count().connections.open == count);
    const auto held = heap();
    for (auto& client : clients) client->abandon();
    const auto of_clients = held - heap();
    return (both - of_clients) / count;
}

} // namespace

TEST_CASE("An idle connection costs no more than 16 KiB of heap", "[memory]")
{
    Edge edge;
    const auto each = heap_of_each(edge, [](Client& client) {
        REQUIRE(client.send(request("REGISTER", {}, 3'000)));
        REQUIRE_FALSE(client.receive_message().empty());
    });
    std::cout << "heap per idle TLS connection: " << each << " bytes\n";
    CHECK(each <= 16 * 1'024);
}

TEST_CASE("An idle browser costs no more than 20 KiB of heap", "[memory][websocket]")
{
    Edge edge{{.transport = Transport::wss}};
    const auto each = heap_of_each(edge, [](Client& client) {
        REQUIRE(client.send(web_handshake));
        REQUIRE(client.receive().starts_with("HTTP/1.1 101 "));
        REQUIRE(client.send(masked(Opcode::text, request("REGISTER", {}, 3'000))));
        REQUIRE(client.receive().find("SIP/2.0 200 ") < 5);
    });
    std::cout << "heap per idle browser: " << each << " bytes\n";
    CHECK(each <= 20 * 1'024);
}

#endif
