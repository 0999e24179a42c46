#include "store/memory_account_store.hpp"

#include "store/account_contract.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("accounts in memory conform: nothing of the contract belongs to one engine")
{
    test::AccountMemory memory;
    test::accounts_conform([&] { return std::make_unique<test::MemoryAccountStore>(memory, test::policy()); },
                           [&](const auto& copy) { memory.accounts = memory.copies.at(copy); });
}
