#include "store/sqlite_account_store.hpp"

#include "store/account_contract.hpp"
#include "store/ledger/faulty_disk.hpp"
#include "store/state_directory.hpp"
#include "store/state_lock.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <mutex>
#include <numeric>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace sotto;
using namespace sotto::store;
using sotto::test::policy;
using sotto::test::StateDirectory;

TEST_CASE("who was told that an account exists finds it in the snapshot")
{
    const StateDirectory state;
    std::atomic<int> published{0};
    SqliteAccountStore accounts{state.path(), policy(), [&](const AccountStore::Directory& directory) {
                                    ++published;
                                    CHECK(directory->find("alice", "example.org") != nullptr);
                                }};
    CHECK(accounts.directory()->find("alice", "example.org") == nullptr);
    const auto added = wait_for<AccountRecord>([&](auto done) {
        accounts.add({"alice@example.org", "secret"}, std::move(done));
    });
    REQUIRE(added.has_value());
    CHECK(published == 1);
    CHECK(accounts.directory()->find("alice", "example.org") != nullptr);
}

TEST_CASE("that the disk is full is said once until a change reaches it")
{
    test::FaultyDisk disk;
    const StateDirectory state;
    std::mutex mutex;
    std::multiset<std::string> said;
    SqliteAccountStore accounts{state.path(), policy(), {}, [&](const std::string& sentence) {
                                    const std::scoped_lock lock{mutex};
                                    said.insert(sentence);
                                }};
    const auto add = [&](std::string address) {
        return wait_for<AccountRecord>([&](auto done) {
            accounts.add({std::move(address), "secret"}, std::move(done));
        });
    };
    const auto most = [&] {
        const std::scoped_lock lock{mutex};
        std::size_t times = 0;
        for (const auto& sentence : said) times = std::max(times, said.count(sentence));
        return times;
    };
    disk.set(test::FaultyDisk::Fault::full);
    for (const auto* address : {"alice@example.org", "bob@example.org", "carol@example.org"})
        REQUIRE_FALSE(add(address).has_value());
    CHECK(most() == 1);
    disk.set(test::FaultyDisk::Fault::none);
    REQUIRE(add("alice@example.org").has_value());
    disk.set(test::FaultyDisk::Fault::full);
    REQUIRE_FALSE(add("bob@example.org").has_value());
    CHECK(most() == 2);
}

TEST_CASE("who is told that a change is done goes by it; that the directory could not be read is said, and made good")
{
    test::FaultyDisk disk;
    const StateDirectory state;
    std::promise<AccountStore::Directory> later;
    std::atomic<bool> waits{false};
    SqliteAccountStore accounts{state.path(), policy(), [&](AccountStore::Directory directory) {
                                    if (waits.exchange(false)) later.set_value(std::move(directory));
                                }};
    const auto add = [&](std::string address) {
        return wait_for<AccountRecord>([&](auto done) {
            accounts.add({std::move(address), "secret"}, std::move(done));
        });
    };
    const auto remove = [&](std::string address) {
        return wait_for<AccountRecord>([&](auto done) { accounts.remove(std::move(address), std::move(done)); });
    };
    const auto served = [&](std::string_view user) {
        return accounts.directory()->find(user, "example.org") != nullptr;
    };
    REQUIRE(add("alice@example.org").has_value());
    REQUIRE(add("bob@example.org").has_value());
    disk.set(test::FaultyDisk::Fault::unreadable);
    const auto removed = remove("alice@example.org");
    REQUIRE_FALSE(removed.has_value());
    CHECK(removed.error() == Failure::unpublished);
    CHECK(served("alice"));
    SECTION("with the next change")
    {
        disk.set(test::FaultyDisk::Fault::none);
        REQUIRE(remove("bob@example.org").has_value());
        CHECK_FALSE(served("bob"));
    }
    SECTION("without one")
    {
        waits = true;
        disk.set(test::FaultyDisk::Fault::none);
        CHECK(later.get_future().get()->size() == 1);
    }
    CHECK_FALSE(served("alice"));
    CHECK(remove("alice@example.org").error() == Failure::not_found);
}

TEST_CASE("a change that comes with a batch to be continued does not wait for the batch's end")
{
    const StateDirectory state;
    std::promise<void> entered;
    std::promise<void> release;
    SqliteAccountStore accounts{state.path(), policy()};
    REQUIRE(wait_for<AccountRecord>([&](auto done) {
                accounts.add({"alice@example.org", "secret"}, std::move(done));
            }).has_value());
    accounts.list("", 1, [&](const auto&) {
        entered.set_value();
        release.get_future().wait();
    });
    entered.get_future().wait();
    std::promise<bool> served;
    accounts.remove("alice@example.org", [&](const auto& removed) {
        REQUIRE(removed.has_value());
        served.set_value(accounts.directory()->find("alice", "example.org") != nullptr);
    });
    accounts.import({{"bob@example.org", "secret"}}, true, [](const auto&) {});
    release.set_value();
    CHECK_FALSE(served.get_future().get());
}

TEST_CASE("a database that is damaged is named, and not where it lies")
{
    const StateDirectory state;
    {
        SqliteAccountStore accounts{state.path(), policy()};
        REQUIRE(wait_for<AccountRecord>([&](auto done) {
                    accounts.add({"alice@example.org", "secret"}, std::move(done));
                }).has_value());
    }
    {
        std::fstream file{state.path() / "accounts.db", std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(4096); // after the page with the schema
        file << std::string(std::filesystem::file_size(state.path() / "accounts.db") - 4096, '\xFF');
    }
    std::string said;
    try {
        const SqliteAccountStore accounts{state.path(), policy()};
    } catch (const StoreError& error) {
        said = error.what();
    }
    CHECK(said == "accounts.db: a statement failed: database disk image is malformed");
}

TEST_CASE("changes are timed, and neither what only reads nor a backup")
{
    const StateDirectory state;
    SqliteAccountStore accounts{state.path(), policy()};
    const auto timed = [&] {
        const auto times = accounts.commits();
        return std::accumulate(times.buckets.begin(), times.buckets.end(), std::uint64_t{0});
    };
    const auto show = [&](std::string address) {
        return wait_for<AccountRecord>([&](auto done) { accounts.show(std::move(address), std::move(done)); });
    };
    REQUIRE(wait_for<AccountRecord>([&](auto done) {
                accounts.add({"alice@example.org", "secret"}, std::move(done));
            }).has_value());
    CHECK(timed() == 1);
    REQUIRE(show("alice@example.org").has_value());
    REQUIRE(wait_for<AccountStore::Nothing>([&](auto done) {
                accounts.back_up(state.path() / "copy.db", std::move(done));
            }).has_value());
    REQUIRE_FALSE(wait_for<AccountRecord>([&](auto done) {
                      accounts.remove("nobody@example.org", std::move(done));
                  }).has_value());
    CHECK(timed() == 1);
    REQUIRE(
        wait_for<AccountRecord>([&](auto done) { accounts.remove("alice@example.org", std::move(done)); }).has_value());
    CHECK(timed() == 2);
}

TEST_CASE("a copy that cannot be written is no alarm about the store")
{
    const StateDirectory state;
    std::atomic<int> alarms{0};
    SqliteAccountStore accounts{state.path(), policy(), {}, [&](const std::string&) { ++alarms; }};
    std::filesystem::create_directory(state.path() / "taken");
    std::filesystem::create_directory(state.path() / "half.next");
    std::ofstream{state.path() / "half.next" / "in the way"};
    for (const auto* to : {"missing/accounts.db", "taken", "half"}) {
        CAPTURE(to);
        const auto copied =
            wait_for<AccountStore::Nothing>([&](auto done) { accounts.back_up(state.path() / to, std::move(done)); });
        CHECK(copied.error() == Failure::unavailable);
    }
    CHECK(alarms == 0);
}

TEST_CASE("accounts in SQLite conform")
{
    const StateDirectory state;
    test::accounts_conform([&] { return std::make_unique<SqliteAccountStore>(state.path(), policy()); },
                           [&](const auto& copy) { test::put_back(state.path() / "accounts.db", copy); });
}

TEST_CASE("batches that belong together are published after the last one")
{
    const StateDirectory state;
    std::atomic<int> published{0};
    SqliteAccountStore accounts{state.path(), policy(), [&](const AccountStore::Directory&) { ++published; }};
    const auto import = [&](std::string address, bool more) {
        return wait_for<ImportReport>([&](auto done) {
            accounts.import({{std::move(address), "secret"}}, more, std::move(done));
        });
    };
    REQUIRE(import("alice@example.org", true).has_value());
    CHECK(published == 0);
    REQUIRE(import("bob@example.org", false).has_value());
    CHECK(published == 1);
    CHECK(accounts.directory()->find("alice", "example.org") != nullptr);
    CHECK(accounts.directory()->find("bob", "example.org") != nullptr);
}

TEST_CASE("a new configuration gives a new snapshot")
{
    const StateDirectory state;
    std::promise<AccountStore::Directory> promise;
    std::atomic<bool> configured{false};
    SqliteAccountStore accounts{state.path(), policy(), [&](AccountStore::Directory directory) {
                                    if (configured) promise.set_value(std::move(directory));
                                }};
    REQUIRE(wait_for<AccountRecord>([&](auto done) {
                accounts.add({"alice@example.org", "a"}, std::move(done));
            }).has_value());
    configured = true;
    accounts.configure(policy({"*"}));
    CHECK(promise.get_future().get()->find("alice", "example.org")->password_needed);
}

TEST_CASE("a full queue refuses at once and loses nothing that it took")
{
    const StateDirectory state;
    std::promise<void> entered;
    std::promise<void> release;
    std::atomic<std::size_t> answered{0};
    std::atomic<std::size_t> overloaded{0};
    {
        SqliteAccountStore accounts{state.path(), policy()};
        accounts.show("nobody@example.org", [&](const Outcome<AccountRecord>&) {
            entered.set_value();
            release.get_future().wait(); // keeps the writer busy while the queue fills
        });
        entered.get_future().wait();
        for (std::size_t i = 0; i < SqliteAccountStore::longest_queue + 10; ++i)
            accounts.show("nobody@example.org", [&](const Outcome<AccountRecord>& outcome) {
                ++(outcome.error() == Failure::overloaded ? overloaded : answered);
            });
        CHECK(overloaded == 10);
        release.set_value();
    }
    CHECK(answered == SqliteAccountStore::longest_queue);
}

TEST_CASE("a state directory that cannot be written is an error with its name")
{
    const StateDirectory state;
    CHECK_THROWS_AS((SqliteAccountStore{state.path() / "missing", policy()}), StoreError);
}

TEST_CASE("the state directory has one user at a time, and is free when that process dies")
{
    const StateDirectory state;
    std::array<int, 2> held{};
    std::array<int, 2> end{};
    REQUIRE(::pipe(held.data()) == 0);
    REQUIRE(::pipe(end.data()) == 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto lock = StateLock::take(state.path());
        char byte = lock ? 'y' : 'n';
        (void)!::write(held[1], &byte, 1);
        ::close(end[1]);
        (void)!::read(end[0], &byte, 1); // until the parent closes its end
        ::_exit(0);
    }
    char byte = 0;
    REQUIRE(::read(held[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    CHECK_FALSE(StateLock::take(state.path()).has_value());
    ::close(end[1]);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(StateLock::take(state.path()).has_value());
    for (const int descriptor : {held[0], held[1], end[0]}) ::close(descriptor);
}
