// What the location service in memory costs: bytes for each binding, and a look-up, and what it adds to a registration
// that refreshes a binding (looked up, changed, committed), among few and among a million.
//
//   location_bench          for people
//   location_bench --json   for packaging/compare
#include "location/memory_location_service.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <malloc.h>
#include <random>
#include <vector>

using namespace sotto;

namespace {

constexpr TimePoint start{std::chrono::hours{1}};

std::size_t in_use()
{
    const auto now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

/// Processor time, so that other programs do not count.
template <class Work> double microseconds_each(std::size_t rounds, Work work)
{
    const auto from = std::clock();
    for (std::size_t i = 0; i < rounds; ++i) work(i);
    return static_cast<double>(std::clock() - from) * 1e6 / CLOCKS_PER_SEC / static_cast<double>(rounds);
}

void measure(std::size_t count, bool json)
{
    std::mt19937_64 random{1};
    std::vector<AorKey> keys;
    std::vector<BindingId> ids;
    for (std::size_t i = 0; i < count; ++i) {
        const auto high = random();
        keys.push_back({{high, random()}});
        ids.push_back({random()});
    }
    const auto before = in_use();
    location::MemoryLocationService service;
    const auto commit = microseconds_each(count, [&](std::size_t i) {
        Located located;
        located.bindings.push_back({.id = ids[i],
                                    .flow = FlowId::of(0, i),
                                    .expires = start + std::chrono::milliseconds{i % 600'000 + 1},
                                    .contact = {std::string(88, 'x')}});
        service.commit(keys[i], std::move(located), start, [](bool) {});
    });
    const auto bytes = (in_use() - before) / count;
    constexpr std::size_t rounds = 500'000;
    std::vector<std::uint32_t> order;
    for (std::size_t i = 0; i < rounds; ++i) order.push_back(static_cast<std::uint32_t>(random() % count));
    std::size_t found = 0;
    const auto look_up = microseconds_each(
        rounds, [&](std::size_t i) { found += service.snapshot_of(keys[order[i]], start).bindings.size(); });
    const auto find = microseconds_each(rounds, [&](std::size_t i) {
        service.find(ids[order[i]], start, [&](const auto& flows) { found += flows.size(); });
    });
    std::size_t refreshed = 0;
    const auto refresh = microseconds_each(rounds, [&](std::size_t i) {
        const auto key = keys[order[i]];
        service.look_up(key, start, [&](Located located) {
            located.bindings.front().contact.bytes.assign(88, 'y');
            service.commit(key, std::move(located), start, [&](bool accepted) { refreshed += accepted ? 1 : 0; });
        });
    });
    std::size_t gone = 0;
    const auto expire =
        microseconds_each(601, [&](std::size_t i) { gone += service.expire(start + std::chrono::seconds{i}); });
    const bool right = gone == count && found == 2 * rounds && refreshed == rounds;
    if (json)
        std::printf("{\"bindings\": %zu, \"bytes\": %zu, \"look_up_us\": %.3f, \"refresh_us\": %.3f, \"right\": %s}\n",
                    count, bytes, look_up, refresh, right ? "true" : "false");
    else
        std::printf("%9zu bindings: %zu bytes each, commit %.2f us, look-up %.2f us, refresh %.2f us, find %.2f us, "
                    "expire %.2f us a binding%s\n",
                    count, bytes, commit, look_up, refresh, find, expire * 601 / static_cast<double>(count),
                    right ? "" : " (wrong)");
}

} // namespace

int main(int argc, char** argv)
{
    const bool json = argc > 1 && std::strcmp(argv[1], "--json") == 0;
    for (const std::size_t count : {10'000U, 100'000U, 1'000'000U}) measure(count, json);
}
