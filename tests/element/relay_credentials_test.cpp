// TURN credentials (draft-uberti-behave-turn-rest): whose they are changes every day.
#include "core/relay/credentials.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

TEST_CASE("the name that a TURN server sees of an account lasts for a day and no longer", "[relay]")
{
    World world;
    const RelayService service{.uris = {"turn:turn.example.org"}, .secret = "secret", .lifetime = seconds{600}};
    const auto name = [&](std::uint64_t account, seconds date) {
        const auto json = relay_credentials({account}, service, date, world.cryptography);
        const auto from = json.find(':', json.find(R"("username":")") + 11) + 1;
        return json.substr(from, json.find('"', from) - from);
    };
    constexpr seconds midnight{24 * 3600 * 20'000};
    CHECK(name(1, midnight).size() == 16);
    CHECK(name(1, midnight) == name(1, midnight + seconds{24 * 3600 - 1}));
    CHECK(name(1, midnight) != name(1, midnight - seconds{1}));
    CHECK(name(1, midnight) != name(1, midnight + seconds{24 * 3600}));
    CHECK(name(1, midnight) != name(2, midnight));
}
