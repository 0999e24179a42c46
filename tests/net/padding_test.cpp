#include "net/client.hpp"
#include "net/edge.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr std::size_t tag = 16; // of the AEAD, outside the padding

} // namespace

TEST_CASE("Messages fill whole cells, so that their lengths tell nothing", "[padding]")
{
    const auto cell = GENERATE(std::size_t{256}, std::size_t{1'024}, std::size_t{4'096});
    Edge edge{{.tls = {.padding = cell}}};
    Client client{edge.endpoint()};
    for (const auto* method : {"OPTIONS", "PUBLISH", "REGISTER", "INVITE"}) {
        REQUIRE(client.send(request(method)));
        REQUIRE_FALSE(client.receive_message().empty());
    }
    REQUIRE(client.records().size() == 4);
    for (const auto size : client.records()) {
        CHECK((size - tag) % cell == 0);
        CHECK(size - tag == (cell == 256 ? 256 : cell)); // all of these are short
    }
}

TEST_CASE("Long messages end on the edge of a cell too", "[padding]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("MESSAGE", "5"))); // 5 answers of 8,1xx bytes, in one flush
    for (int i = 0; i < 5; ++i) REQUIRE_FALSE(client.receive_message().empty());
    REQUIRE(client.records().size() >= 3);
    for (const auto size : client.records()) CHECK((size - tag) % 4'096 == 0);
}

TEST_CASE("A pong stays small: it tells nothing, and radios cost battery", "[padding]")
{
    Edge edge;
    Client client{edge.endpoint()};
    REQUIRE(client.send("\r\n\r\n"));
    CHECK(client.receive() == "\r\n");
    REQUIRE(client.records().size() == 1);
    CHECK(client.records().front() == 3 + tag);
}

TEST_CASE("Without padding, records are as long as what they carry", "[padding]")
{
    Edge edge{{.tls = {.padding = 0}}};
    Client client{edge.endpoint()};
    REQUIRE(client.send(request("OPTIONS")));
    const auto answer = client.receive_message();
    REQUIRE(client.records().size() == 1);
    CHECK(client.records().front() == answer.size() + 1 + tag);
}
