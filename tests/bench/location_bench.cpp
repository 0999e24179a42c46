// What the location service in memory costs: bytes for each binding, and a look-up among few and among a million.
#include "location/memory_location_service.hpp"

#include <cstdio>
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

void measure(std::size_t count)
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
        service.find(ids[order[i]], start, [&](const auto& binding) { found += binding ? 1 : 0; });
    });
    std::size_t gone = 0;
    const auto expire =
        microseconds_each(601, [&](std::size_t i) { gone += service.expire(start + std::chrono::seconds{i}); });
    std::printf(
        "%9zu bindings: %zu bytes each, commit %.2f us, look-up %.2f us, find %.2f us, expire %.2f us a binding%s\n",
        count, bytes, commit, look_up, find, expire * 601 / static_cast<double>(count),
        gone == count && found == 2 * rounds ? "" : " (wrong)");
}

} // namespace

int main()
{
    measure(1'000);
    measure(100'000);
    measure(1'000'000);
}
