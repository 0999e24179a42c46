#include "crypto/key_ring.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace sotto;
using namespace sotto::crypto;
using namespace std::chrono_literals;

namespace {
const TimePoint start{1000s};

std::vector<int> numbers(const KeyRing& ring)
{
    std::vector<int> out;
    const auto keys = ring.snapshot();
    for (const auto& key : *keys) out.push_back(key.epoch.number);
    return out;
}
} // namespace

TEST_CASE("an epoch lasts an hour, its key twelve hours more", "[sealing][keys]")
{
    KeyRing ring{start};
    const auto first = ring.snapshot()->back().epoch;
    CHECK(ring.next_rotation() == start + 1h);
    CHECK_FALSE(ring.rotate(start + 59min));
    CHECK(ring.rotate(start + 1h));
    CHECK_FALSE(ring.rotate(start + 1h));
    CHECK(ring.snapshot()->size() == 2);
    CHECK(ring.snapshot()->back().epoch == Epoch{static_cast<std::uint8_t>(first.number + 1)});
    CHECK(ring.next_rotation() == start + 2h);
    for (int hour = 2; hour <= 12; ++hour) CHECK(ring.rotate(start + hour * 1h));
    CHECK(ring.snapshot()->front().epoch == first);
    CHECK(ring.rotate(start + 13h)); // the longest dialog after its end is over
    CHECK(ring.snapshot()->front().epoch != first);
    CHECK(ring.snapshot()->size() == 13);
}

TEST_CASE("an epoch whose end was late keeps its key as much longer", "[sealing][keys]")
{
    KeyRing ring{start};
    const auto first = ring.snapshot()->back().epoch;
    ring.rotate(start + 5h); // until now, dialogs began in the first one
    CHECK(ring.snapshot()->size() == 2);
    ring.rotate(start + 17h - 1ms);
    CHECK(ring.snapshot()->front().epoch == first);
    ring.rotate(start + 17h);
    CHECK(ring.snapshot()->front().epoch != first);
}

TEST_CASE("a snapshot that somebody holds does not change; a key is gone with the last one", "[sealing][keys]")
{
    KeyRing ring{start};
    auto before = ring.snapshot();
    const std::weak_ptr<const Secret> key = before->front().secret;
    const auto generation = ring.generation();
    ring.rotate(start + 1h);
    ring.rotate(start + 13h);
    CHECK(ring.generation() > generation);
    CHECK(before->size() == 1);
    CHECK_FALSE(key.expired());
    before.reset();
    CHECK(key.expired());
}

TEST_CASE("all numbers of a byte are used in turn, none twice at a time", "[sealing][keys]")
{
    KeyRing ring{start};
    std::set<int> seen;
    for (int hour = 1; hour <= 600; ++hour) {
        ring.rotate(start + hour * 1h);
        const auto alive = numbers(ring);
        REQUIRE(std::set<int>(alive.begin(), alive.end()).size() == alive.size());
        seen.insert(alive.back());
    }
    CHECK(seen.size() == 256);
}

TEST_CASE("keys go on in the next process", "[sealing][keys]")
{
    KeyRing ring{start};
    for (int hour = 1; hour <= 4; ++hour) ring.rotate(start + hour * 1h);
    const auto serialised = ring.serialise();

    KeyRing next{start + 4h};
    REQUIRE(next.restore(serialised.bytes(), start + 4h + 1s));
    CHECK(numbers(next) == numbers(ring));

    SECTION("with their times")
    {
        CHECK(next.next_rotation() == ring.next_rotation());
        CHECK(next.rotate(start + 5h));
    }
    SECTION("after a pause, without what is over by now")
    {
        KeyRing late{start};
        REQUIRE(late.restore(serialised.bytes(), start + 15h));
        CHECK(late.snapshot()->size() == 3); // began at 3 h and 4 h, and now
    }
}

TEST_CASE("what is no key ring is refused and changes nothing", "[sealing][keys]")
{
    KeyRing ring{start};
    ring.rotate(start + 1h);
    const auto serialised = ring.serialise();
    const std::vector<std::uint8_t> good(serialised.bytes().begin(), serialised.bytes().end());
    KeyRing other{start};
    const auto before = numbers(other);
    const auto refused = [&](const std::vector<std::uint8_t>& bytes, TimePoint now) {
        return !other.restore(bytes, now) && numbers(other) == before;
    };

    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}, start + 1h));
    auto changed = good;
    changed[0] = 'S';
    CHECK(refused(changed, start + 1h));
    auto longer = good;
    longer.push_back(0);
    CHECK(refused(longer, start + 1h));
    CHECK(refused(good, start)); // made before the machine started: its clock began anew
    auto twice = good;
    twice[19 + 49] = twice[19]; // the second epoch has the first one's number
    CHECK(refused(twice, start + 1h));
}

TEST_CASE("times that do not fit into an epoch's byte are refused", "[sealing][keys]")
{
    CHECK_THROWS_AS(KeyRing(start, {.period = 0s}), std::invalid_argument);
    CHECK_THROWS_AS(KeyRing(start, {.period = 60s, .kept = 13'000s}), std::invalid_argument);
    CHECK_NOTHROW(KeyRing(start, {.period = 60s, .kept = 12'000s}));
}

TEST_CASE("workers read while keys are rotated", "[sealing][keys][threads]")
{
    KeyRing ring{start};
    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            while (!stop) {
                const auto keys = ring.snapshot();
                if (keys->empty() || keys->back().ended != TimePoint::max()) std::terminate();
            }
        });
    for (int hour = 1; hour <= 300; ++hour) ring.rotate(start + hour * 1h);
    stop = true;
    for (auto& reader : readers) reader.join();
    CHECK(ring.snapshot()->size() == 13);
}
