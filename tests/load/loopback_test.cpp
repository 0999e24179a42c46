#include "load/loopback.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>

using namespace sotto::load;

TEST_CASE("only this machine can be a target")
{
    CHECK(parse_loopback("127.0.0.1:5061").text == "127.0.0.1:5061");
    CHECK(parse_loopback("127.255.3.9:1").ipv6 == false);
    CHECK(parse_loopback("[::1]:5061").ipv6 == true);
    for (const auto* foreign :
         {"192.0.2.1:5061", "10.0.0.1:5061", "0.0.0.0:5061", "128.0.0.1:5061", "[2001:db8::1]:5061", "[::]:5061",
          "[::ffff:192.0.2.1]:5061", "localhost:5061", "example.org:5061"})
        CHECK_THROWS_AS(parse_loopback(foreign), std::invalid_argument);
    for (const auto* wrong : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:5061x", ""})
        CHECK_THROWS_AS(parse_loopback(wrong), std::invalid_argument);
}

TEST_CASE("sources are many and all on this machine")
{
    std::set<std::string> seen;
    for (std::size_t i = 0; i < 70'000; ++i) {
        const auto source = source_address(i);
        REQUIRE_NOTHROW(parse_loopback(source + ":1"));
        seen.insert(source);
    }
    CHECK(seen.size() == 70'000);
}
