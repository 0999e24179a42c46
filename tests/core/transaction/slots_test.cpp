#include "core/transaction/slots.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>

using namespace sotto::transaction;

TEST_CASE("an id finds its object until the object is erased, and never another one", "[slots]")
{
    SlotTable<std::string> table;
    const auto first = table.emplace("first");
    REQUIRE(table.find(first) != nullptr);
    CHECK(*table.find(first) == "first");
    CHECK(table.erase(first));
    CHECK(table.find(first) == nullptr);
    CHECK_FALSE(table.erase(first));

    const auto second = table.emplace("second");
    CHECK(second.index == first.index);
    CHECK(table.find(first) == nullptr);
    CHECK(*table.find(second) == "second");
    CHECK(table.find(SlotId{}) == nullptr);
    CHECK(table.find(SlotId{1'000'000, 1}) == nullptr);
    CHECK(table.find(SlotId{second.index, second.generation + 1}) == nullptr);
}

TEST_CASE("objects keep their addresses while the table grows", "[slots]")
{
    SlotTable<int> table;
    const auto id = table.emplace(7);
    const int* const address = table.find(id);
    for (int i = 0; i < 10'000; ++i) table.emplace(i);
    CHECK(table.find(id) == address);
    CHECK(*address == 7);
    CHECK(table.size() == 10'001);
}

TEST_CASE("places are used again before the table grows", "[slots]")
{
    SlotTable<int> table;
    std::uint32_t highest = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto id = table.emplace(i);
        highest = std::max(highest, id.index);
        table.erase(id);
    }
    CHECK(highest == 0);
    CHECK(table.size() == 0);
}

TEST_CASE("an object that is erased is destroyed and overwritten at once", "[slots][privacy]")
{
    SlotTable<std::array<char, 16>> table;
    const auto id = table.emplace(std::array<char, 16>{'s', 'e', 'c', 'r', 'e', 't'});
    const volatile char* const where = table.find(id)->data();
    table.erase(id);
    CHECK(where[0] == 0); // the chunk is still ours to look at

    struct Counted {
        int& live;
        explicit Counted(int& l) : live{l} { ++live; }
        ~Counted() { --live; }
    };
    int live = 0;
    {
        SlotTable<Counted> counted;
        const auto one = counted.emplace(live);
        counted.emplace(live);
        counted.erase(one);
        CHECK(live == 1);
    }
    CHECK(live == 0);
}

TEST_CASE("for_each visits what is there and may erase it", "[slots]")
{
    SlotTable<int> table;
    for (int i = 0; i < 200; ++i) table.emplace(i);
    std::set<int> odd;
    table.for_each([&](SlotId id, int& value) {
        if (value % 2 == 0)
            table.erase(id);
        else
            odd.insert(value);
    });
    CHECK(odd.size() == 100);
    CHECK(table.size() == 100);
}
