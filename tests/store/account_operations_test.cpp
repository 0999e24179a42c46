#include "core/types/cryptography.hpp"
#include "store/account_operations.hpp"
#include "store/account_table.hpp"
#include "store/database/embedded.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>

using namespace sotto;
using namespace sotto::store;
using sotto::test::policy;
using sotto::test::StateDirectory;

namespace {

struct Accounts {
    explicit Accounts(AccountPolicy configured = policy())
        : operations{state.path() / "accounts.db", std::move(configured)}
    {
    }
    /// A further address in another domain, as it could be added once.
    void attach_elsewhere(AccountId account, const Address& address)
    {
        const Database database{state.path() / "accounts.db", Duty::accounts, accounts_migrations(),
                                Purposes::declared()};
        auto connection = database.open<Purpose::provision>();
        REQUIRE(AccountTable{connection}.attach(account, address));
    }
    StateDirectory state;
    AccountOperations operations;
};

} // namespace

TEST_CASE("an added account is found by its address, an alias of its domain, and its id", "[rfc3261][10]")
{
    Accounts accounts;
    const auto added = accounts.operations.add({"alice@SIP.example.org", "secret"});
    REQUIRE(added.has_value());
    CHECK((*added).addresses == std::vector{Address{"alice", "example.org"}});

    const auto snapshot = accounts.operations.load();
    const auto* account = snapshot->find("alice", "example.org");
    REQUIRE(account != nullptr);
    CHECK(account == snapshot->find("alice", "sip.example.org"));
    CHECK(account == snapshot->find(account->id));
    CHECK(account->user == "alice");
    CHECK(account->domain == "example.org");
    CHECK(snapshot->find("Alice", "example.org") == nullptr); // RFC 3261 19.1.4: user parts are compared with case
    CHECK(snapshot->find("alice", "example.net") == nullptr);
}

TEST_CASE("the stored secret is SHA-256 of user, realm and password", "[rfc7616][3.4.2]")
{
    Accounts accounts;
    REQUIRE(accounts.operations.add({"alice@example.org", "secret"}).has_value());
    const auto snapshot = accounts.operations.load();
    const auto* account = snapshot->find("alice", "example.org");
    CHECK(account->algorithm == DigestAlgorithm::sha256);
    // printf 'alice:example.org:secret' | sha256sum
    CHECK(base64url(account->digest_secret) == "0WWf_3pQG-FZYq3DVRTKalhokFaV8t0Qk3Qfkx4ACh8");
}

TEST_CASE("an account that weaken.digest_md5 names gets an MD5 secret", "[rfc8760]")
{
    Accounts accounts{policy({"bob@example.org"})};
    REQUIRE(accounts.operations.add({"bob@example.org", "secret"}).has_value());
    REQUIRE(accounts.operations.add({"alice@example.org", "secret"}).has_value());
    const auto snapshot = accounts.operations.load();
    CHECK(snapshot->find("bob", "example.org")->algorithm == DigestAlgorithm::md5);
    CHECK(snapshot->find("alice", "example.org")->algorithm == DigestAlgorithm::sha256);
    CHECK(snapshot->md5_share() == 32768);
}

TEST_CASE("a secret of another algorithm than the configured one needs a new password")
{
    Accounts accounts;
    auto& operations = accounts.operations;
    REQUIRE(operations.add({"bob@example.org", "secret"}).has_value());
    operations.configure(policy({"*"}));
    CHECK((*operations.show("bob@example.org")).password_needed);
    CHECK(operations.load()->find("bob", "example.org")->password_needed);

    REQUIRE(operations.set_password("bob@example.org", "secret").has_value());
    CHECK_FALSE((*operations.show("bob@example.org")).password_needed);
    CHECK_FALSE(operations.load()->find("bob", "example.org")->password_needed);
    CHECK(operations.load()->md5_share() == 65536);
}

TEST_CASE("an account has several addresses and keeps the first")
{
    Accounts accounts;
    auto& operations = accounts.operations;
    REQUIRE(operations.add({"alice@example.org", "secret"}).has_value());
    REQUIRE(operations.add({"bob@example.org", "secret"}).has_value());
    const auto both = operations.set("alice@example.org", {.attach = {"+4930123@example.org", "al@example.org"}});
    REQUIRE(both.has_value());
    CHECK((*both).addresses.size() == 3);
    CHECK((*operations.show("al@example.org")).id == (*both).id);
    const auto snapshot = operations.load();
    CHECK(snapshot->owns((*both).id, "+4930123", "example.org"));
    CHECK(snapshot->find("al", "example.org")->user == "alice"); // digest user name and realm stay those of the first

    CHECK(operations.set("alice@example.org", {.attach = {"bob@example.org"}}).error() == Failure::exists);
    CHECK(operations.set("alice@example.org", {.detach = {"alice@example.org"}}).error() == Failure::first_address);
    CHECK(operations.set("alice@example.org", {.detach = {"bob@example.org"}}).error() == Failure::not_attached);
    REQUIRE(operations.set("alice@example.org", {.detach = {"+4930123@example.org"}}).has_value());
    CHECK(operations.load()->find("+4930123", "example.org") == nullptr);
}

TEST_CASE("a further address in another domain, from when one could be added, is still the account's")
{
    Accounts accounts;
    auto& operations = accounts.operations;
    const auto alice = operations.add({"alice@example.org", "secret"});
    REQUIRE(alice.has_value());
    accounts.attach_elsewhere((*alice).id, {"alice", "example.net"});
    CHECK(operations.load()->owns((*alice).id, "alice", "example.net")); // calls to it arrive
    CHECK((*operations.show("alice@example.net")).addresses.size() == 2);
    CHECK(operations.set("alice@example.net", {.relay_only = true}).has_value());
    REQUIRE(operations.set("alice@example.org", {.detach = {"alice@example.net"}}).has_value());
    CHECK(operations.set("alice@example.org", {.attach = {"alice@example.net"}}).error() == Failure::other_domain);
}

TEST_CASE("settings and status reach the snapshot, and nothing else changes")
{
    Accounts accounts;
    auto& operations = accounts.operations;
    REQUIRE(operations.add({"alice@example.org", "secret"}).has_value());
    REQUIRE(operations.set("alice@example.org", {.status = AccountStatus::suspended, .refuse_anonymous = true})
                .has_value());
    const auto snapshot = operations.load();
    const auto* account = snapshot->find("alice", "example.org");
    CHECK(account->status == AccountStatus::suspended);
    CHECK(account->refuse_anonymous);
    CHECK_FALSE(account->withhold_identity);
    CHECK_FALSE(account->relay_only);
}

TEST_CASE("a removed account is gone from every file, write-ahead log included")
{
    Accounts accounts;
    REQUIRE(accounts.operations.add({"unmistakable@example.org", "secret"}).has_value());
    CHECK(accounts.state.bytes().find("unmistakable") != std::string::npos);
    REQUIRE(accounts.operations.remove("unmistakable@example.org").has_value());
    accounts.operations.overwrite_remains();
    CHECK(accounts.state.bytes().find("unmistakable") == std::string::npos);
    CHECK(accounts.operations.show("unmistakable@example.org").error() == Failure::not_found);
    CHECK(accounts.operations.load()->find("unmistakable", "example.org") == nullptr);
}

TEST_CASE("no file ever holds a password")
{
    Accounts accounts;
    REQUIRE(accounts.operations.add({"alice@example.org", "correct horse battery"}).has_value());
    REQUIRE(accounts.operations.set_password("alice@example.org", "staple correct horse").has_value());
    CHECK(accounts.state.bytes().find("correct horse") == std::string::npos);
}

TEST_CASE("what cannot be an account is refused with its reason")
{
    Accounts accounts;
    auto& operations = accounts.operations;
    REQUIRE(operations.add({"alice@example.org", "secret"}).has_value());
    CHECK(operations.add({"alice@sip.example.org", "other"}).error() == Failure::exists);
    CHECK(operations.add({"alice", "secret"}).error() == Failure::bad_address);
    CHECK(operations.add({"a:b@example.org", "secret"}).error() == Failure::bad_address);
    CHECK(operations.add({"alice@elsewhere.example", "secret"}).error() == Failure::not_served);
    CHECK(operations.add({"bob@example.org", ""}).error() == Failure::bad_password);
    CHECK(operations.add({"bob@example.org", "line\nbreak"}).error() == Failure::bad_password);
    CHECK(operations.add({"sip:carol@example.org", "secret"}).has_value());
}

TEST_CASE("accounts are listed in pages, in order")
{
    Accounts accounts;
    for (const auto* user : {"carol", "alice", "dave", "bob", "erin"})
        REQUIRE(accounts.operations.add({std::string{user} + "@example.org", "secret"}).has_value());
    std::string seen;
    std::string from;
    int pages = 0;
    do {
        const auto page = accounts.operations.list(from, 2);
        REQUIRE(page.has_value());
        for (const auto& account : (*page).accounts) seen += account.addresses.front().user + " ";
        from = (*page).next;
        ++pages;
    } while (!from.empty());
    CHECK(seen == "alice bob carol dave erin ");
    CHECK(pages == 3);
}

TEST_CASE("a batch is imported whole, or not at all")
{
    Accounts accounts;
    const std::vector<NewAccount> wrong{{"alice@example.org", "a"}, {"nonsense", "b"}, {"carol@example.org", ""}};
    const auto refused = accounts.operations.import(wrong, false);
    REQUIRE(refused.has_value());
    REQUIRE((*refused).refused.size() == 2);
    CHECK((*refused).refused[0].index == 1);
    CHECK((*refused).refused[0].failure == Failure::bad_address);
    CHECK((*refused).refused[1].failure == Failure::bad_password);
    CHECK(accounts.operations.show("alice@example.org").error() == Failure::not_found);

    const std::vector<NewAccount> right{
        {"alice@example.org", "a"}, {"bob@example.org", "b"}, {"alice@example.org", "c"}};
    const auto done = accounts.operations.import(right, false);
    CHECK((*done).added == 2);
    CHECK((*done).existing == 1);
    const auto snapshot = accounts.operations.load();
    const auto* alice = snapshot->find("alice", "example.org");
    CHECK(alice->digest_secret == digest_secret(DigestAlgorithm::sha256, "alice", "example.org", "a").bytes);
}

TEST_CASE("100,000 accounts are imported in seconds")
{
    Accounts accounts;
    std::vector<NewAccount> rows;
    for (int i = 0; i < 100'000; ++i)
        rows.push_back({"user" + std::to_string(i) + "@example.org", "password" + std::to_string(i)});
    const auto begun = std::chrono::steady_clock::now();
    const auto report = accounts.operations.import(rows, false);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    REQUIRE(report.has_value());
    CHECK((*report).added == rows.size());
    CHECK(took.count() < 30); // debug and sanitizer builds on a busy machine; a release build needs about one second
    CHECK(accounts.operations.load()->size() == rows.size());
}

// Not part of the ordinary run: `store_tests "[bench]"` in a release build prints the figures.
TEST_CASE("1,000,000 accounts are loaded in two seconds", "[.][bench]")
{
    constexpr int count = 1'000'000;
    constexpr int per_batch = 100'000;
    Accounts accounts;
    std::chrono::duration<double> importing{};
    for (int from = 0; from < count; from += per_batch) {
        std::vector<NewAccount> rows;
        for (int i = from; i < from + per_batch; ++i)
            rows.push_back({"user" + std::to_string(i) + "@example.org", "secret"});
        const auto begun = std::chrono::steady_clock::now();
        REQUIRE(accounts.operations.import(rows, true).has_value());
        importing += std::chrono::steady_clock::now() - begun;
    }
    const auto begun = std::chrono::steady_clock::now();
    const auto processor = std::clock(); // what other processes take does not count
    const auto snapshot = accounts.operations.load();
    const double working = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
    const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - begun;
    WARN("import " << importing.count() << " s; load " << loading.count() << " s, of which working " << working
                   << " s; " << static_cast<double>(snapshot->memory()) / count << " bytes per account");
    CHECK(snapshot->size() == count);
    CHECK(working < 2);
    CHECK(snapshot->memory() / count < 150);
}

TEST_CASE("an account whose domain is served no longer can be looked at and removed, and none is added there")
{
    auto both = policy();
    both.names.emplace("former.example", "former.example");
    Accounts accounts{both};
    auto& operations = accounts.operations;
    REQUIRE(operations.add({"alice@former.example", "secret"}).has_value());
    const auto bob = operations.add({"bob@example.org", "secret"});
    REQUIRE(bob.has_value());
    accounts.attach_elsewhere((*bob).id, {"bob", "former.example"});
    operations.configure(policy());
    const auto shown = operations.show("sip:alice@Former.Example");
    REQUIRE(shown.has_value());
    CHECK((*operations.find((*shown).id)).addresses == (*shown).addresses);
    CHECK(operations.show("carol@former.example").error() == Failure::not_served);
    CHECK(operations.add({"carol@former.example", "secret"}).error() == Failure::not_served);
    CHECK(operations.set("bob@example.org", {.attach = {"robert@former.example"}}).error() == Failure::not_served);
    CHECK(operations.set("bob@former.example", {.detach = {"bob@former.example"}}).error() == Failure::names_account);
    CHECK(operations.set("bob@example.org", {.detach = {"bob@former.example"}}).has_value());
    CHECK(operations.remove("alice@former.example").has_value());
    CHECK(operations.show("alice@former.example").error() == Failure::not_served);
}
