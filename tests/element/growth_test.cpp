#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <ctime>

using namespace sotto;
using namespace sotto::test;

namespace {

void invites(World& world, FlowId flow, const std::string& branch, const std::string& credentials = {})
{
    world.send(flow, "INVITE sip:nobody@example.org SIP/2.0\nVia: SIP/2.0/TLS h.invalid;branch=z9hG4bK" + branch +
                         "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <sip:nobody@example.org>\n"
                         "Call-ID: c\nCSeq: 1 INVITE\nContact: <sip:a@192.0.2.1;transport=tls>\n" +
                         credentials);
}

/// Past the challenge, and does not acknowledge that nobody is there.
void calls_nobody(World& world, FlowId flow, const std::string& branch)
{
    while (!world.quiet(flow)) world.receive(flow);
    invites(world, flow, "ask" + branch);
    invites(world, flow, branch, world.credentials(world.receive(flow), "alice", "INVITE", "sip:nobody@example.org"));
    CHECK(start_line(world.receive(flow)) == "SIP/2.0 100 Trying");
    CHECK(start_line(world.receive(flow)).substr(8, 3) == "480");
}

/// Processor time for each of fifty connections that end with a request under way, where `others` have one as well.
double cost_of_an_end(int others)
{
    World world;
    world.accounts->add("alice", "example.org");
    const auto asks = [&] {
        const auto flow = world.connect();
        calls_nobody(world, flow, std::to_string(flow.value));
        return flow;
    };
    std::vector<FlowId> ending;
    for (int i = 0; i < 50; ++i) ending.push_back(asks());
    for (int i = 0; i < others; ++i) asks();
    const auto from = std::clock();
    for (const auto flow : ending) world.disconnect(flow);
    return static_cast<double>(std::clock() - from) / static_cast<double>(ending.size());
}

} // namespace

TEST_CASE("when a connection ends, nobody else's requests are looked at")
{
    const auto among_few = cost_of_an_end(50);
    const auto among_many = cost_of_an_end(3000);
    INFO(among_few << " and " << among_many);
    CHECK(among_many <
          6 * among_few + 20); // clock ticks of a microsecond; one after the other it was forty times as dear
}

TEST_CASE("requests that come again, in any order and over another connection, end with the connection",
          "[rfc3261][17.2.1]")
{
    World world;
    const auto one = world.phone("alice");
    const auto other = world.connect(); // the same subscriber's
    world.registers(other, "alice", {.contact = "<sip:other-device@192.0.2.2:5555;transport=tls>"});
    const auto first = GENERATE(0, 1, 2);
    const auto second = GENERATE(0, 1, 2);
    const auto moved = GENERATE(0, 1, 2);
    for (int i = 0; i < 3; ++i) calls_nobody(world, one, std::to_string(i));
    for (const auto again : {first, second, second, first}) invites(world, one, std::to_string(again));
    invites(world, other, std::to_string(moved));
    calls_nobody(world, other, "3");
    CHECK(world.element.counters().server_transactions == 4);
    world.disconnect(one);
    invites(world, other, std::to_string(moved));
    world.disconnect(other);
    CHECK(world.element.counters().server_transactions == 0);
}
