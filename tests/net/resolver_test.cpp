#include "net/resolver.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("services are tried by priority, and by weight among equals")
{
    std::mt19937 random{1}; // the same draws in every run
    int heavy = 0;
    for (int i = 0; i < 1000; ++i) {
        std::vector<net::ServiceRecord> records{{2, 900, 1, "last"}, {1, 10, 1, "light"}, {1, 90, 1, "heavy"}};
        net::order(records, random);
        REQUIRE(records.size() == 3);
        CHECK(records.back().host == "last");
        heavy += records.front().host == "heavy" ? 1 : 0;
    }
    CHECK(heavy > 800); // of ten, nine
    CHECK(heavy < 980);
}
