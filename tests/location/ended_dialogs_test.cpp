#include "location/ended_dialogs.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>

#include <random>

using namespace sotto;
using location::EndedDialogs;

namespace {

constexpr Epoch first{1}, second{2};
Epochs only(Epoch epoch) { return Epochs{}.set(epoch.number); }

std::size_t heap()
{
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

struct Hashes {
    std::mt19937_64 random{7};
    KeyedHash next() { return {random(), random()}; }
};

} // namespace

TEST_CASE("A dialog has ended in its own epoch, and until that is over", "[ended]")
{
    EndedDialogs ended;
    CHECK(ended.add({1, 2}, first));
    CHECK_FALSE(ended.add({1, 2}, first));
    CHECK(ended.add({3, 4}, second));
    CHECK(ended.contains({1, 2}, first));
    CHECK_FALSE(ended.contains({1, 2}, second));
    CHECK_FALSE(ended.contains({1, 3}, first));
    CHECK(ended.size() == 2);
    ended.forget(only(first));
    CHECK(ended.size() == 1);
    CHECK(ended.contains({3, 4}, second));
    CHECK(ended.contains({1, 3}, first)); // all have, in an epoch that is over
    CHECK_FALSE(ended.add({1, 3}, first));
    ended.forget({}); // its number has come again
    CHECK_FALSE(ended.contains({1, 2}, first));
}

TEST_CASE("However many dialogs end, so many are remembered and no more", "[ended][limits]")
{
    EndedDialogs ended{16'000};
    Hashes hashes;
    const auto early = hashes.next();
    ended.add(early, first);
    for (int i = 0; i < 40'000; ++i) ended.add(hashes.next(), first);
    CHECK(ended.size() == 16'000);
    CHECK(ended.contains(early, first));
    CHECK_FALSE(ended.add(hashes.next(), first)); // nor is anybody told to remember it
    for (int i = 0; i < 10'000; ++i) {
        const auto late = hashes.next();
        ended.add(late, second);
        REQUIRE(ended.contains(late, second)); // the epoch before gives way
    }
    CHECK_FALSE(ended.contains(early, first));
    CHECK(ended.size() == 10'000);
}

TEST_CASE("A remembered dialog takes 17 bytes at most", "[ended][memory]")
{
    const auto before = heap();
    EndedDialogs ended;
    Hashes hashes;
    std::size_t count = 0;
    for (const auto size : {100'000U, 200'000U, 300'000U, 400'000U, 500'000U, 700'000U, 1'000'000U}) {
        for (; count < size; ++count) ended.add(hashes.next(), first);
        CHECK(static_cast<double>(heap() - before) / static_cast<double>(count) < 17);
    }
    ended.forget(only(first));
    CHECK(heap() - before < 100'000);
}
