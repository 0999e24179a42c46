#include "core/transaction/index.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <unordered_map>

using namespace sotto;
using namespace sotto::transaction;

TEST_CASE("a key finds its value, once", "[index]")
{
    KeyIndex<int> index;
    const KeyedHash key{1, 2};
    CHECK(index.find(key) == nullptr);
    CHECK_FALSE(index.erase(key));
    CHECK(index.insert(key, 7));
    CHECK_FALSE(index.insert(key, 8));
    REQUIRE(index.find(key) != nullptr);
    CHECK(*index.find(key) == 7);
    CHECK(index.find(KeyedHash{2, 2}) == nullptr); // same place, another key
    CHECK(index.erase(key));
    CHECK(index.find(key) == nullptr);
    CHECK(index.size() == 0);
}

TEST_CASE("the index agrees with a hash map while keys crowd into the same places", "[index]")
{
    std::mt19937 dice{7};
    KeyIndex<unsigned> index;
    std::unordered_map<KeyedHash, unsigned> expected;
    for (unsigned step = 0; step < 300'000; ++step) {
        const KeyedHash key{dice() % 4, (dice() % 300) * (dice() % 2 == 0 ? 1 : 64)};
        if (dice() % 2 == 0) {
            if (index.insert(key, step) != expected.emplace(key, step).second) FAIL("insert");
        } else if (index.erase(key) != (expected.erase(key) == 1)) {
            FAIL("erase");
        }
        const KeyedHash other{dice() % 4, dice() % 300};
        const auto* const found = index.find(other);
        const auto wanted = expected.find(other);
        if ((found == nullptr) != (wanted == expected.end()) || (found != nullptr && *found != wanted->second))
            FAIL("find");
        if (index.size() != expected.size()) FAIL("size");
    }
    SUCCEED();
}
