#include "location/memory_location_service.hpp"

#include "location/conformance.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <malloc.h>
#include <random>
#include <thread>

using namespace sotto;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {
AorKey key_of(std::uint64_t number)
{
    // Keyed hashes are spread evenly.
    std::mt19937_64 spread{number};
    const auto high = spread();
    return {{high, spread()}};
}
BindingId id_of(std::uint64_t number) { return {std::mt19937_64{number ^ 0xB1D5}()}; }

Binding binding_of(std::uint64_t number, TimePoint expires)
{
    auto binding = example_binding(number, FlowId::of(0, number + 1), expires);
    binding.id = id_of(number);
    return binding;
}
} // namespace

TEST_CASE("the location service in memory conforms", "[rfc3261][10.3]")
{
    location_service_conforms([] { return std::make_unique<location::MemoryLocationService>(); });
}

TEST_CASE("the watchers of a device are told of each change, and nobody else is", "[rfc3680]")
{
    const TimePoint start{1000s};
    const auto flow = FlowId::of(0, 1);
    location::MemoryLocationService service;
    std::vector<std::pair<BindingId, WorkerSet>> told;
    service.observe([&](BindingId id, const WorkerSet& workers) { told.emplace_back(id, workers); });
    const auto takes = [&](std::vector<Binding> bindings) {
        told.clear();
        const auto version = service.snapshot_of(key_of(1), start).version;
        service.commit(key_of(1), {.version = version, .bindings = std::move(bindings)}, start,
                       [](bool accepted) { REQUIRE(accepted); });
        return told;
    };
    const std::vector<std::pair<BindingId, WorkerSet>> once{{BindingId{1}, 0b101}};
    const auto own = example_binding(1, flow, start + 60s);
    const auto other = example_binding(2, flow, start + 60s);
    CHECK(takes({own}).empty());
    service.watch(BindingId{1}, 0, true);
    service.watch(BindingId{1}, 2, true);
    CHECK(takes({own, other}) == once);
    CHECK(takes({other}) == once);
    CHECK(takes({other}).empty());
    CHECK(takes({own, other}) == once);
    told.clear();
    service.flow_closed(BindingId{1}, flow);
    CHECK(told == once);
    takes({own});
    told.clear();
    service.expire(start + 60s);
    CHECK(told == once);
    service.watch(BindingId{1}, 0, false);
    service.watch(BindingId{1}, 2, false);
    CHECK(takes({own}).empty());
}

TEST_CASE("a worker that watches no longer silences no other one, however many there are", "[rfc3680]")
{
    const TimePoint start{1000s};
    location::MemoryLocationService service;
    std::vector<WorkerSet> told;
    service.observe([&](BindingId, const WorkerSet& workers) { told.push_back(workers); });
    const auto last = static_cast<std::uint16_t>(WorkerSet{}.size() - 1);
    const auto other = static_cast<std::uint16_t>(last - 64);
    for (const auto worker : {last, other}) service.watch(BindingId{1}, worker, true);
    service.watch(BindingId{1}, other, false);
    service.commit(key_of(1), {.version = 0, .bindings = {example_binding(1, FlowId::of(0, 1), start + 60s)}}, start,
                   [](bool accepted) { REQUIRE(accepted); });
    REQUIRE(told.size() == 1);
    CHECK(told.front() == WorkerSet{}.set(last));
}

TEST_CASE("a binding that is renewed goes when it ends, not when it would have, and not later", "[rfc3261][10.3]")
{
    const TimePoint start{1000s};
    location::MemoryLocationService service;
    const auto lasts = [&](TimePoint now, seconds lifetime) {
        auto located = service.snapshot_of(key_of(1), now);
        located.bindings = {binding_of(1, now + lifetime)};
        service.commit(key_of(1), std::move(located), now, [](bool accepted) { REQUIRE(accepted); });
        CHECK(service.size() == 1);
    };
    const auto sweep = [&](seconds from, seconds until) { // the one second in which it went
        std::vector<seconds> gone;
        for (auto at = from; at <= until; at += 1s)
            if (service.expire(start + at) > 0) gone.push_back(at);
        return gone;
    };
    lasts(start, 600s);
    CHECK(sweep(0s, 299s).empty());
    lasts(start + 300s, 600s);
    CHECK(sweep(300s, 1000s) == std::vector{900s});

    lasts(start + 1000s, 600s); // sooner than it said
    lasts(start + 1010s, 60s);
    CHECK(sweep(1011s, 1700s) == std::vector{1070s});

    lasts(start + 2000s, 60s); // far beyond a round of the wheel
    lasts(start + 2010s, 3600s);
    CHECK(sweep(2011s, 6000s) == std::vector{5610s});

    lasts(start + 6000s, 60s); // renewed when it was about to go, and nobody swept for long
    lasts(start + 6059s, 600s);
    CHECK(service.expire(start + 6658s) == 0);
    CHECK(service.expire(start + 6659s) == 1);
    CHECK(service.size() == 0);
}

TEST_CASE("a device is found over the flow that it keeps, whichever of them ends", "[rfc5626][7]")
{
    const TimePoint start{1000s};
    const auto over = [&](std::uint64_t flow) {
        auto binding = binding_of(1, start + 60s);
        binding.flow = FlowId::of(0, flow);
        binding.reg_id = static_cast<std::uint32_t>(flow);
        return binding;
    };
    for (const std::uint64_t kept : {1U, 2U, 3U}) {
        location::MemoryLocationService service;
        const auto commit = [&](std::vector<Binding> bindings) {
            const auto version = service.snapshot_of(key_of(1), start).version;
            service.commit(key_of(1), {.version = version, .bindings = std::move(bindings)}, start,
                           [](bool accepted) { REQUIRE(accepted); });
        };
        commit({over(1), over(2), over(3), binding_of(2, start + 60s)});
        commit({binding_of(2, start + 60s), over(kept)});
        CHECK(service.size() == 2);
        service.find(id_of(1), start, [&](const std::vector<Binding>& flows) {
            REQUIRE(flows.size() == 1);
            CHECK(flows.front().reg_id == kept);
        });
        service.flow_closed(id_of(1), FlowId::of(0, kept));
        CHECK(service.size() == 1);
        service.find(id_of(1), start, [](const std::vector<Binding>& flows) { CHECK(flows.empty()); });
        service.find(id_of(2), start, [](const std::vector<Binding>& flows) { CHECK(flows.size() == 1); });
        service.expire(start + 60s);
        CHECK(service.size() == 0);
    }
}

TEST_CASE("a binding with its sealed contact stays below 512 bytes", "[location]")
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr std::uint64_t count = 20'000; // their allocators count differently
#elif defined(NDEBUG)
    constexpr std::uint64_t count = 1'000'000;
#else
    constexpr std::uint64_t count = 100'000;
#endif
    constexpr std::uint64_t small = 10'000; // below, what is there without any binding counts
    const TimePoint start{1000s};
    const auto in_use = [] {
        const auto heap = mallinfo2();
        return heap.uordblks + heap.hblkhd;
    };
    const auto before = in_use();
    location::MemoryLocationService service;
    std::size_t each = 0;
    std::size_t most = 0; // tables grow in steps
    for (std::uint64_t i = 0; i < count; ++i) {
        service.commit(key_of(i), {.version = 0, .bindings = {binding_of(i, start + 60s + milliseconds{i % 540'000})}},
                       start, [](bool) {});
        if ((i + 1) % small != 0) continue;
        each = (in_use() - before) / (i + 1);
        most = std::max(most, each);
    }
    REQUIRE(service.size() == count);
    WARN("bytes for each of " << count << " bindings: " << each << ", and " << most << " where it was most");
    CHECK(most < 512);

    std::size_t found = 0;
    std::mt19937_64 random{5};
    constexpr int rounds = 200'000;
    std::vector<AorKey> keys;
    for (int i = 0; i < rounds; ++i) keys.push_back(key_of(random() % count));
    const auto begin = std::clock(); // the processor's time: other programs must not fail this
    for (const auto& key : keys) found += service.snapshot_of(key, start).bindings.size();
    const auto took = static_cast<double>(std::clock() - begin) * 1e6 / CLOCKS_PER_SEC / rounds;
    CHECK(found == rounds);
    WARN("microseconds for a look-up: " << took);

    std::size_t gone = 0;
    for (auto now = start; now <= start + 601s; now += 1s) gone += service.expire(now);
    CHECK(gone == count);
    CHECK(service.size() == 0);
}

TEST_CASE("threads that register, look up, close and expire at once lose nothing", "[location][threads]")
{
    const TimePoint start{1000s};
    location::MemoryLocationService service;
    constexpr std::uint64_t accounts = 50;
    std::vector<std::thread> threads;
    for (unsigned worker = 0; worker < 4; ++worker) {
        threads.emplace_back([&service, worker, start] {
            std::mt19937_64 random{worker};
            for (int i = 0; i < 5'000; ++i) {
                const auto number = random() % accounts;
                const auto now = start + milliseconds{i};
                switch (random() % 4) {
                case 0: {
                    auto located = service.snapshot_of(key_of(number), now);
                    located.bindings.clear();
                    located.bindings.push_back(binding_of(number, now + milliseconds{1 + random() % 2000}));
                    service.commit(key_of(number), std::move(located), now, [](bool) {});
                    break;
                }
                case 1:
                    service.flow_closed(id_of(number), FlowId::of(0, number + 1));
                    break;
                case 2:
                    service.expire(now);
                    break;
                default:
                    service.find(id_of(number), now, [&](const std::vector<Binding>& flows) {
                        for (const auto& binding : flows)
                            if (binding.id != id_of(number)) std::terminate();
                    });
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    std::size_t there = 0;
    for (std::uint64_t number = 0; number < accounts; ++number) {
        const auto located = service.snapshot_of(key_of(number), TimePoint{});
        there += located.bindings.size();
        for (const auto& binding : located.bindings) CHECK(find(service, binding.id, TimePoint{}));
        if (located.bindings.empty()) CHECK_FALSE(find(service, id_of(number), TimePoint{}));
    }
    CHECK(service.size() == there);
    service.expire(start + 100s);
    CHECK(service.size() == 0);
}

TEST_CASE("over one connection no more devices are known to their calls than may be", "[location][growth]")
{
    const TimePoint start{1000s};
    const auto flow = FlowId::of(0, 1);
    location::MemoryLocationService service;
    const auto most = location::Departed::most_of_flow;
    for (std::uint64_t id = 1; id <= most + 10; ++id) {
        for (const bool there : {true, false}) {
            Located located{.version = service.snapshot_of(key_of(1), start).version};
            if (there) located.bindings.push_back(example_binding(id, flow, start + 60s));
            service.commit(key_of(1), std::move(located), start, [](bool accepted) { REQUIRE(accepted); });
        }
    }
    CHECK(service.departed() == most);
    const auto found = [&](std::uint64_t id) {
        std::size_t all = 0;
        service.find_in_dialog(BindingId{id}, start, [&](const std::vector<Binding>& flows) { all = flows.size(); });
        return all;
    };
    CHECK(found(10) == 0);
    CHECK(found(11) == 1);
    CHECK(found(most + 10) == 1);
    service.flow_ended(flow);
    CHECK(service.departed() == 0);
}
