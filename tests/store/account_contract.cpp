#include "store/account_contract.hpp"

#include "store/state_directory.hpp"
#include "store/wait_for.hpp"

#include <catch2/catch.hpp>

namespace sotto::test {

using store::AccountRecord;
using store::AccountStore;
using store::Failure;
using store::Outcome;

namespace {

using Record = Outcome<AccountRecord>;

Record add(AccountStore& accounts, std::string address, std::string password = "secret")
{
    return store::wait_for<AccountRecord>([&](auto done) {
        accounts.add({std::move(address), std::move(password)}, std::move(done));
    });
}

Record show(AccountStore& accounts, const std::string& address)
{
    return store::wait_for<AccountRecord>([&](auto done) { accounts.show(address, std::move(done)); });
}

Record find(AccountStore& accounts, AccountId account)
{
    return store::wait_for<AccountRecord>([&](auto done) { accounts.find(account, std::move(done)); });
}

Record set(AccountStore& accounts, const std::string& address, store::AccountChange change)
{
    return store::wait_for<AccountRecord>(
        [&](auto done) { accounts.set(address, std::move(change), std::move(done)); });
}

Record remove(AccountStore& accounts, const std::string& address)
{
    return store::wait_for<AccountRecord>([&](auto done) { accounts.remove(address, std::move(done)); });
}

} // namespace

void accounts_conform(const std::function<std::unique_ptr<AccountStore>()>& open,
                      const std::function<void(const std::filesystem::path&)>& restore)
{
    auto accounts = open();
    const auto again = [&] {
        accounts.reset();
        accounts = open();
    };

    SECTION("who is told that an account exists finds it in the snapshot, and after a restart")
    {
        CHECK(accounts->directory()->find("alice", "example.org") == nullptr);
        const auto added = add(*accounts, "alice@SIP.example.org");
        REQUIRE(added.has_value());
        CHECK((*added).addresses == std::vector{store::Address{"alice", "example.org"}});
        again();
        const auto directory = accounts->directory();
        const auto* account = directory->find("alice", "example.org");
        REQUIRE(account != nullptr);
        CHECK(account->id == (*added).id);
        CHECK(directory->find((*added).id) == account);
        CHECK((*find(*accounts, (*added).id)).addresses == (*added).addresses);
        CHECK(directory->size() == 1);
    }
    SECTION("an address has one account; what is no address, or of no domain of ours, has none")
    {
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        CHECK(add(*accounts, "alice@example.org").error() == Failure::exists);
        CHECK(add(*accounts, "alice").error() == Failure::bad_address);
        CHECK(add(*accounts, "alice@elsewhere.example").error() == Failure::not_served);
        CHECK(add(*accounts, "bob@example.org", "").error() == Failure::bad_password);
        CHECK(show(*accounts, "bob@example.org").error() == Failure::not_found);
        CHECK(accounts->directory()->size() == 1);
    }
    SECTION("settings and further addresses are kept; the first address stays")
    {
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        REQUIRE(set(*accounts, "alice@example.org",
                    {.status = AccountStatus::suspended, .withhold_identity = true, .attach = {"+4930123@example.org"}})
                    .has_value());
        again();
        const auto shown = show(*accounts, "+4930123@example.org");
        REQUIRE(shown.has_value());
        CHECK((*shown).status == AccountStatus::suspended);
        CHECK((*shown).withhold_identity);
        CHECK_FALSE((*shown).refuse_anonymous);
        CHECK((*shown).addresses.size() == 2);
        CHECK(set(*accounts, "alice@example.org", {.detach = {"alice@example.org"}}).error() == Failure::first_address);
        CHECK(set(*accounts, "alice@example.org", {.detach = {"+4930124@example.org"}}).error() ==
              Failure::not_attached);
        for (const auto* spelling : {"+4930123@example.org", "sip:+4930123@EXAMPLE.org"})
            CHECK(set(*accounts, "+4930123@example.org", {.detach = {spelling}}).error() == Failure::names_account);
        REQUIRE(set(*accounts, "alice@example.org", {.detach = {"+4930123@example.org"}}).has_value());
        CHECK(accounts->directory()->find("+4930123", "example.org") == nullptr);
    }
    SECTION("a further address is in the domain of the first one: no password would hold for it elsewhere")
    {
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        CHECK(set(*accounts, "alice@example.org", {.attach = {"al@example.org", "alice@example.net"}}).error() ==
              Failure::other_domain);
        CHECK(show(*accounts, "al@example.org").error() == Failure::not_found);
        CHECK(set(*accounts, "alice@example.org", {.attach = {"al@sip.example.org"}}).has_value());
        CHECK(add(*accounts, "alice@example.net").has_value());
    }
    SECTION("a change of which one part is refused changes nothing")
    {
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        REQUIRE(add(*accounts, "bob@example.org").has_value());
        CHECK(set(*accounts, "alice@example.org", {.relay_only = true, .attach = {"bob@example.org"}}).error() ==
              Failure::exists);
        CHECK_FALSE((*show(*accounts, "alice@example.org")).relay_only);
    }
    SECTION("a new password gives another secret; a removed account is gone, and its successor is another one")
    {
        const auto first = add(*accounts, "alice@example.org");
        const auto secret = [&] { return accounts->directory()->find("alice", "example.org")->digest_secret; };
        const auto before = secret();
        REQUIRE(store::wait_for<AccountRecord>([&](auto done) {
                    accounts->set_password("alice@example.org", "another", std::move(done));
                }).has_value());
        CHECK(secret() != before);
        const auto in_use = accounts->directory();
        REQUIRE(remove(*accounts, "alice@example.org").has_value());
        CHECK(remove(*accounts, "alice@example.org").error() == Failure::not_found);
        CHECK(find(*accounts, (*first).id).error() == Failure::not_found);
        CHECK(accounts->directory()->find("alice", "example.org") == nullptr);
        CHECK(in_use->find("alice", "example.org") != nullptr); // a snapshot in use stays as it was
        CHECK((*add(*accounts, "alice@example.org")).id != (*first).id);
    }
    SECTION("a batch is imported whole, or not at all")
    {
        const auto import = [&](std::vector<store::NewAccount> rows) {
            return *store::wait_for<store::ImportReport>(
                [&](auto done) { accounts->import(rows, false, std::move(done)); });
        };
        CHECK(import({{"a@example.org", "x"}, {"b@example.org", "y"}}).added == 2);
        const auto mixed = import({{"c@example.org", "x"}, {"d", "y"}});
        CHECK(mixed.added == 0);
        REQUIRE(mixed.refused.size() == 1);
        CHECK(mixed.refused.front().index == 1);
        const auto more = import({{"a@example.org", "x"}, {"c@example.org", "y"}});
        CHECK(more.added == 1);
        CHECK(more.existing == 1);
        CHECK(accounts->directory()->size() == 3);
    }
    SECTION("a list comes in pages, in the order of first addresses")
    {
        for (const auto* address : {"carol@example.org", "alice@example.org", "bob@example.org"})
            REQUIRE(add(*accounts, address).has_value());
        const auto page = [&](std::string from) {
            return *store::wait_for<store::AccountPage>([&](auto done) { accounts->list(from, 2, std::move(done)); });
        };
        const auto first = page("");
        REQUIRE(first.accounts.size() == 2);
        CHECK(first.accounts.front().addresses.front().user == "alice");
        const auto last = page(first.next);
        REQUIRE(last.accounts.size() == 1);
        CHECK(last.accounts.front().addresses.front().user == "carol");
        CHECK(last.next.empty());
    }
    SECTION("blocked callers are kept by a pseudonym, told to whoever asks for all that is held, and lifted together")
    {
        const auto id = (*add(*accounts, "alice@example.org")).id;
        const KeyedHash caller{1, 2};
        const auto block = [&](AccountId account) {
            return store::wait_for<AccountRecord>(
                [&](auto done) { accounts->block(account, caller, std::move(done)); });
        };
        const auto blocked = [&] {
            return *store::wait_for<std::vector<KeyedHash>>(
                [&](auto done) { accounts->blocked_by(id, std::move(done)); });
        };
        CHECK((*block(id)).blocked == 1);
        CHECK((*block(id)).blocked == 1);
        CHECK(block({12345}).error() == Failure::not_found);
        again();
        CHECK(accounts->directory()->blocks(id, caller));
        CHECK(blocked() == std::vector{caller});
        REQUIRE(store::wait_for<AccountRecord>([&](auto done) {
                    accounts->unblock("alice@example.org", std::move(done));
                }).has_value());
        CHECK_FALSE(accounts->directory()->blocks(id, caller));
        CHECK(blocked().empty());
    }
    SECTION("a copy is as of one moment, for nobody else, and takes the place of the one before once it is whole")
    {
        const StateDirectory folder;
        const auto copy = folder.path() / "copy";
        const auto backs_up = [&](const std::filesystem::path& to) {
            return store::wait_for<AccountStore::Nothing>([&](auto done) { accounts->back_up(to, std::move(done)); })
                .has_value();
        };
        REQUIRE(backs_up(copy));
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        REQUIRE(backs_up(copy));
        using std::filesystem::perms;
        CHECK(std::filesystem::status(copy).permissions() == (perms::owner_read | perms::owner_write));
        CHECK_FALSE(backs_up(folder.path() / "missing" / "copy"));
        CHECK_FALSE(backs_up(folder.path()));
        REQUIRE(add(*accounts, "bob@example.org").has_value());
        accounts.reset();
        restore(copy);
        accounts = open();
        CHECK(show(*accounts, "alice@example.org").has_value());
        CHECK(show(*accounts, "bob@example.org").error() == Failure::not_found);
    }
    SECTION("another configuration counts from its snapshot on")
    {
        REQUIRE(add(*accounts, "alice@example.org").has_value());
        accounts->configure(policy({"*"}));
        REQUIRE(add(*accounts, "bob@example.org").has_value()); // after it
        CHECK(accounts->directory()->find("alice", "example.org")->password_needed);
        CHECK_FALSE(accounts->directory()->find("bob", "example.org")->password_needed);
        CHECK((*show(*accounts, "alice@example.org")).password_needed);
    }
    SECTION("an address that an account has as it is written is that account's, whatever its domain has become")
    {
        const auto kept = add(*accounts, "alice@example.org");
        const auto former = add(*accounts, "alice@example.net");
        const auto lonely = add(*accounts, "carl@example.net");
        auto merged = policy();
        merged.names["example.net"] = "example.org";
        accounts->configure(merged);
        CHECK((*show(*accounts, "alice@example.org")).id == (*kept).id);
        CHECK((*show(*accounts, "sip:alice@EXAMPLE.net")).id == (*former).id);
        CHECK((*show(*accounts, "carl@example.net")).id == (*lonely).id);
        CHECK(show(*accounts, "carl@example.org").error() == Failure::not_found);
        CHECK(add(*accounts, "carl@example.net").error() == Failure::exists);
        CHECK(set(*accounts, "alice@example.org", {.attach = {"carl@example.net"}}).error() == Failure::other_domain);
        REQUIRE(set(*accounts, "alice@example.net", {.relay_only = true}).has_value());
        CHECK_FALSE((*show(*accounts, "alice@example.org")).relay_only);
        CHECK(accounts->directory()->find("alice", "example.org")->id == (*kept).id);
        CHECK((*remove(*accounts, "alice@example.net")).id == (*former).id);
        CHECK((*show(*accounts, "alice@example.net")).id == (*kept).id); // now it means her
    }
}

} // namespace sotto::test
