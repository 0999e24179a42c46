#include "store/ledger/memory_ledger.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("a ledger in memory conforms: nothing of the contract belongs to one engine")
{
    test::LedgerMemory memory;
    test::LedgerClock clock;
    test::ledger_conforms(clock, [&] { return std::make_unique<test::MemoryLedger>(clock, memory); });
}
