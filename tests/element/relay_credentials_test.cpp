// TURN credentials (draft-uberti-behave-turn-rest): whose they are changes every day; guessing does not pay.
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

TEST_CASE("a guess at the desk costs what it costs a phone", "[relay][guessing]")
{
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 10;
    settings.relay = {.uris = {"turn:turn.example.org"}, .secret = "secret", .lifetime = seconds{600}};
    World world{settings};
    world.accounts->add("bob", "example.org");
    const std::string target = "/?service=turn&username=bob%40example.org";
    const auto asks = [&](FlowId flow, bool right) {
        RelayRequest request{.account = "bob@example.org", .method = "GET", .target = target, .authorization = {}};
        const auto challenged = world.asks_for_relay(flow, request);
        CHECK(challenged.status == 401);
        CHECK(challenged.delay == seconds{0}); // nobody has guessed yet
        auto line = world.credentials("HTTP/1.1 401\r\nWWW-Authenticate: " + challenged.challenge + "\r\n\r\n", "bob",
                                      "GET", target);
        if (!right) line.replace(line.find("response=\"") + 10, 4, "0000");
        const auto value = line.find(' ') + 1;
        request.authorization = line.substr(value, line.size() - 1 - value);
        return world.asks_for_relay(flow, request);
    };
    const auto flow = world.connect();
    for (int i = 0; i < 10; ++i) {
        const auto wrong = asks(flow, false);
        CHECK(wrong.status == 401);
        CHECK(wrong.delay == (i < 5 ? seconds{0} : seconds{2}));
        CHECK_FALSE(wrong.challenge.empty());
    }
    CHECK(world.element.counters().auth_slowed == 5);
    CHECK(asks(flow, true).status == 503);                  // also the right one
    CHECK(asks(world.connect({1, 1}), true).status == 503); // from wherever: it is the account
    CHECK(start_line(world.registers(world.connect({1, 2}), "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) ==
          "503"); // and whatever it is asked for
    world.pass(seconds{60});
    const auto given = asks(flow, true);
    CHECK(given.status == 200);
    CHECK(given.delay == seconds{0});
    CHECK_FALSE(given.json.empty());
}
