// A sanitizer brings its own allocation, which this program cannot look into.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SOTTO_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOTTO_SANITIZED
#endif

#ifndef SOTTO_SANITIZED
#include "location/memory_location_service.hpp"

#include "location/conformance.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

namespace {
constexpr std::string_view mark = "what-a-device-wrote-as-its-contact-and-sealed-for-us";
std::atomic<bool> watching{false};
std::atomic<int> left_behind{0};

void give_back(void* block) noexcept
{
    if (block != nullptr && watching && memmem(block, malloc_usable_size(block), mark.data(), mark.size()) != nullptr)
        ++left_behind;
    std::free(block);
}
} // namespace

// This program's own allocation, so that it sees what stands in memory when it goes back.
void* operator new(std::size_t size)
{
    if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
    throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }

using namespace sotto;
using namespace sotto::test;
using namespace std::chrono_literals;

TEST_CASE("a binding that goes leaves no bytes of its contact and path behind", "[location][P9]")
{
    const TimePoint start{1000s};
    const AorKey alice{{1, 1}};
    const std::string long_one = std::string(60, '.') + std::string{mark};
    const std::string contact = GENERATE_COPY(std::string{mark}, long_one);
    location::MemoryLocationService service;
    const auto read = [&] {
        watching = false; // a reader's copy is the reader's
        Located located{.version = service.snapshot_of(alice, start).version};
        watching = true;
        return located;
    };
    const auto add = [&](TimePoint expires) {
        auto binding = example_binding(1, FlowId::of(0, 1), expires);
        binding.contact.bytes = contact;
        binding.path.bytes = mark;
        auto located = read();
        located.bindings.push_back(std::move(binding));
        service.commit(alice, std::move(located), start, [](bool accepted) { REQUIRE(accepted); });
    };
    left_behind = 0;

    SECTION("replaced by another") { add(start + 60s), add(start + 61s); }
    SECTION("removed")
    {
        add(start + 60s);
        service.flow_closed(BindingId{1}, FlowId::of(0, 1));
    }
    SECTION("expired")
    {
        add(start + 60s);
        service.expire(start + 60s);
        service.flow_ended(FlowId::of(0, 1));
    }
    SECTION("removed, and known to its calls until its connection ended")
    {
        add(start + 60s);
        service.commit(alice, read(), start, [](bool accepted) { REQUIRE(accepted); });
        CHECK(service.departed() == 1);
        service.flow_ended(FlowId::of(0, 1));
        CHECK(service.departed() == 0);
    }
    watching = false;
    CHECK(left_behind == 0);
}

#endif
