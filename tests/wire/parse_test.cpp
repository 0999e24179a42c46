#include "wire/parse.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("the sample that initialise() parses is accepted") { CHECK_NOTHROW(wire::initialise()); }
