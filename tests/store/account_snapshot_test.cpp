#include "store/account_snapshot.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>
#include <chrono>

using namespace sotto;
using namespace sotto::store;
using sotto::test::policy;

namespace {

Account account_of(std::uint64_t id)
{
    Account account;
    account.id = {id};
    return account;
}

} // namespace

TEST_CASE("an empty snapshot finds nobody")
{
    const auto configured = policy();
    const auto snapshot = AccountSnapshot::Builder{configured}.build();
    CHECK(snapshot->find("alice", "example.org") == nullptr);
    CHECK(snapshot->find(AccountId{1}) == nullptr);
    CHECK(snapshot->md5_share() == 0);
}

TEST_CASE("with MD5 for every account, unknown addresses get MD5 before the first account exists")
{
    const auto configured = policy({"*"});
    CHECK(AccountSnapshot::Builder{configured}.build()->md5_share() == 65536);
}

TEST_CASE("an account of a domain that is served no longer cannot be found")
{
    const auto configured = policy();
    AccountSnapshot::Builder builder{configured};
    builder.add_account(account_of(1));
    builder.add_address({1}, "alice", "gone.example", 0);
    builder.add_address({1}, "al", "example.org", 1);
    const auto snapshot = builder.build();
    CHECK(snapshot->find("alice", "gone.example") == nullptr);
    CHECK(snapshot->find("al", "example.org") == nullptr);
    CHECK(snapshot->find(AccountId{1}) == nullptr);
}

TEST_CASE("who has an address by its domain's own name has it, also when others had theirs under what is an alias now",
          "[rfc3261][10.2]")
{
    const auto configured = policy();
    AccountSnapshot::Builder builder{configured};
    for (const auto id : {1U, 2U, 3U}) builder.add_account(account_of(id));
    builder.add_address({1}, "alice", "sip.example.org",
                        0); // in the order in which they lie on the disk, and before it
    builder.add_address({2}, "alice", "example.org", 0);
    builder.add_address({3}, "carl", "sip.example.org", 0);
    builder.add_address({3}, "alice", "sip.example.org", 1);
    const auto snapshot = builder.build();
    for (const auto* domain : {"example.org", "sip.example.org"}) {
        CHECK(snapshot->find("alice", domain)->id == AccountId{2});
        CHECK(snapshot->find("carl", domain)->id == AccountId{3}); // its calls go on
    }
    CHECK(snapshot->find(AccountId{1}) == nullptr); // it would speak as somebody else
}

TEST_CASE("addresses that differ only in their domain are different")
{
    const auto configured = policy();
    AccountSnapshot::Builder builder{configured};
    builder.add_account(account_of(1));
    builder.add_account(account_of(2));
    builder.add_address({2}, "alice", "example.net", 0);
    builder.add_address({1}, "alice", "example.org", 0);
    const auto snapshot = builder.build();
    CHECK(snapshot->find("alice", "example.org")->id == AccountId{1});
    CHECK(snapshot->find("alice", "example.net")->id == AccountId{2});
    CHECK(snapshot->find("alice", "example.net")->domain == "example.net");
}

TEST_CASE("a password that is needed does not count as an MD5 account")
{
    const auto configured = policy();
    AccountSnapshot::Builder builder{configured};
    auto old = account_of(1);
    old.algorithm = DigestAlgorithm::md5;
    builder.add_account(old);
    builder.add_account(account_of(2));
    builder.add_address({1}, "old", "example.org", 0);
    builder.add_address({2}, "new", "example.org", 0);
    const auto snapshot = builder.build();
    CHECK(snapshot->find("old", "example.org")->password_needed);
    CHECK(snapshot->md5_share() == 0);
}

TEST_CASE("200,000 accounts are all found, in less than 150 bytes each")
{
    constexpr std::size_t count = 200'000;
    const auto configured = policy();
    AccountSnapshot::Builder builder{configured};
    builder.reserve(count);
    for (std::uint64_t i = 1; i <= count; ++i) builder.add_account(account_of(i * 0x9E37'79B9'7F4A'7C15U));
    for (std::uint64_t i = 1; i <= count; ++i)
        builder.add_address({i * 0x9E37'79B9'7F4A'7C15U}, "subscriber" + std::to_string(i), "example.org", 0);
    const auto snapshot = builder.build();
    CHECK(snapshot->memory() / count < 150);
    std::size_t found = 0;
    for (std::uint64_t i = 1; i <= count; ++i) {
        const auto* account = snapshot->find("subscriber" + std::to_string(i), "sip.example.org");
        found += account != nullptr && account->id.value == i * 0x9E37'79B9'7F4A'7C15U &&
                         snapshot->find(account->id) == account && account->user == "subscriber" + std::to_string(i)
                     ? 1
                     : 0;
    }
    CHECK(found == count);
}
