#include "load/slope.hpp"

#include <catch2/catch.hpp>

using sotto::load::Slope;

TEST_CASE("The slope of a line through points is found, noise or not", "[load]")
{
    Slope slope;
    CHECK_FALSE(slope.value());
    for (int x = 0; x < 100; ++x) slope.add(x, 5 + 2.0 * x + (x % 2 == 0 ? 1 : -1));
    REQUIRE(slope.value());
    CHECK(*slope.value() == Approx(2).margin(0.01));
}

TEST_CASE("Points above one place have no slope", "[load]")
{
    Slope slope;
    for (int y = 0; y < 5; ++y) slope.add(1, y);
    CHECK_FALSE(slope.value());
}
