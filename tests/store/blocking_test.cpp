#include "core/privacy/anonymous_callers.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "store/account_operations.hpp"
#include "store/pair_key.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::store;
using sotto::test::policy;
using sotto::test::StateDirectory;

namespace {

constexpr KeyedHash somebody{0x0102030405060708, 0x1112131415161718};
constexpr KeyedHash somebody_else{0x0102030405060708, 0x1112131415161719};

} // namespace

TEST_CASE("blocks are kept with their account, and go with it", "[privacy][P4]")
{
    StateDirectory state;
    AccountOperations accounts{state.path() / "accounts.db", policy()};
    const auto alice = (*accounts.add({"alice@example.org", "secret"})).id;
    const auto bob = (*accounts.add({"bob@example.org", "secret"})).id;
    CHECK((*accounts.block(bob, somebody)).blocked == 1);
    CHECK((*accounts.block(bob, somebody)).blocked == 1); // once more changes nothing
    CHECK(accounts.unpublished());
    auto snapshot = accounts.load();
    CHECK(snapshot->blocks(bob, somebody));
    CHECK_FALSE(snapshot->blocks(bob, somebody_else));
    CHECK_FALSE(snapshot->blocks(alice, somebody));
    CHECK((*accounts.show("bob@example.org")).blocked == 1);

    SECTION("all are lifted together")
    {
        REQUIRE(accounts.block(bob, somebody_else).has_value());
        CHECK((*accounts.unblock("bob@example.org")).blocked == 0);
        CHECK_FALSE(accounts.load()->blocks(bob, somebody));
    }
    SECTION("nothing is left of a removed account")
    {
        REQUIRE(accounts.remove("bob@example.org").has_value());
        CHECK_FALSE(accounts.load()->blocks(bob, somebody));
        const std::string pseudonym{reinterpret_cast<const char*>(&somebody), sizeof somebody};
        accounts.overwrite_remains();
        CHECK(state.bytes().find(pseudonym) == std::string::npos);
        CHECK(accounts.block(bob, somebody).error() == Failure::not_found);
    }
    SECTION("there is a limit, which says so")
    {
        for (std::uint64_t i = 1; i < AccountTable::most_blocked; ++i) REQUIRE(accounts.block(bob, {i, i}).has_value());
        CHECK(accounts.block(bob, somebody_else).error() == Failure::full);
    }
}

TEST_CASE("whoever is removed is blocked by nobody any more, and who else is blocked stays so", "[privacy][P4]")
{
    StateDirectory state;
    AccountOperations accounts{state.path() / "accounts.db", policy()};
    const auto added = [&](const char* address) { return (*accounts.add({address, "secret"})).id; };
    const auto alice = added("alice@example.org"), bob = added("bob@example.org"), carol = added("carol@example.org");
    crypto::OpenSslCryptography worker{
        crypto::ProcessKeys::create(), {}, std::make_shared<const crypto::Secret>(pair_key(state.path()))};
    const auto alice_at = [&](AccountId callee) { return pair_pseudonym(callee, alice, worker); };
    REQUIRE(accounts.block(bob, alice_at(bob)).has_value());
    REQUIRE(accounts.block(bob, somebody).has_value());
    REQUIRE(accounts.block(carol, alice_at(carol)).has_value());
    const auto pseudonym = alice_at(carol);
    const std::string stored{reinterpret_cast<const char*>(&pseudonym), sizeof pseudonym};
    CHECK(state.bytes().find(stored) != std::string::npos);
    REQUIRE(accounts.remove("alice@example.org").has_value());
    CHECK(accounts.blocked_by(bob) == std::vector{somebody});
    CHECK(accounts.blocked_by(carol).empty());
    CHECK(accounts.load()->blocks(bob, somebody));
    accounts.overwrite_remains();
    CHECK(state.bytes().find(stored) == std::string::npos);
}

TEST_CASE("blocks outlive the process, under a key that is not in the database", "[privacy]")
{
    StateDirectory state;
    const auto key = pair_key(state.path());
    CHECK(std::ranges::equal(pair_key(state.path()).bytes(), key.bytes()));
    const StateDirectory other;
    CHECK_FALSE(std::ranges::equal(pair_key(other.path()).bytes(), key.bytes()));
    CHECK(std::filesystem::status(state.path() / "pair.key").permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    std::filesystem::resize_file(state.path() / "pair.key", 7);
    CHECK_THROWS_AS(pair_key(state.path()), StoreError);
}
