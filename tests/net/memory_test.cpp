#include "net/client.hpp"
#include "net/edge.hpp"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <iostream>

using namespace sotto;
using namespace sotto::test;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("An idle connection costs no more than 16 KiB of heap", "[memory]")
{
    constexpr std::size_t count = 500;
    Edge edge;
    const auto heap = [] { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; };
    const auto connect_all = [&] {
        std::vector<std::unique_ptr<Client>> clients;
        for (std::size_t i = 0; i < count; ++i) {
            clients.push_back(std::make_unique<Client>(edge.endpoint()));
            REQUIRE(clients.back()->send(request("REGISTER", {}, 3'000)));
            REQUIRE_FALSE(clients.back()->receive_message().empty());
        }
        return clients;
    };
    const auto before = heap();
    auto clients = connect_all();
    const auto both = heap() - before;
    // The clients' half is what is freed when only they go; their sockets stay open until then.
    CHECK(edge.count().connections.open == count);
    const auto held = heap();
    for (auto& client : clients) client->abandon();
    const auto of_clients = held - heap();
    const auto each = (both - of_clients) / count;
    std::cout << "heap per idle TLS connection: " << each << " bytes\n";
    CHECK(each <= 16 * 1'024);
}

#endif
