#include "ctl/admin/erased.hpp"

#include "store/ledger/ledger_files.hpp"
#include "store/memory_account_store.hpp"
#include "store/sqlite_ledger.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;
using test::at;

namespace {

/// An audit log with entries about persons.
class Entries {
public:
    explicit Entries(const test::StateDirectory& state)
        : log{{.folder = state.path() / "audit"}, crypto::Secret{32}, {}}
    {
    }

    void add(const std::string& subject, const std::string& what = "account show", const std::string& scope = "")
    {
        REQUIRE(
            log.record({.what = what, .purpose = "provision", .subject = subject, .scope = scope}, "done").has_value());
    }
    /// Whom they name still.
    std::set<std::string> named()
    {
        std::set<std::string> all;
        log.verify([&](const audit::Line& line) {
            if (const auto subject = log.open(line.text("subject"))) all.insert(*subject);
        });
        return all;
    }

    audit::FileAuditLog log;
};

const ctl::Canonical as_typed = [](const std::string& typed) { return typed; };

const auto nothing_billed = [] { return ctl::ErasureInLedger{}; };

/// An account store that cannot be read.
class Unreadable final : public test::MemoryAccountStore {
public:
    using MemoryAccountStore::MemoryAccountStore;
    void list(std::string, std::size_t, Done<AccountPage> done) override { done(Failure::unavailable); }
};

} // namespace

TEST_CASE("an erasure that was cut short before the ledger is finished at the start")
{
    test::LedgerFiles files;
    test::AccountMemory memory;
    test::MemoryAccountStore accounts{memory, test::policy()};
    const auto add = [&](std::string address) {
        return (*wait_for<AccountRecord>([&](auto done) { accounts.add({std::move(address), "secret"}, done); })).id;
    };
    const auto alice = add("alice@example.org");
    const auto bob = add("bob@example.org");
    const auto today = 2026y / 11 / 25;
    files.make_call(1, alice.value, at(today), 60, "+4930111111", retention::Case::itemised_flat);
    files.make_call(2, bob.value, at(today), 60, "+4930222222", retention::Case::itemised_flat);
    files.close();
    Erasures erasures{files.state.path(), crypto::Secret::random(32)};
    erasures.add(alice); // and no further
    Entries entries{files.state};
    entries.add("alice@example.org", "account set", R"({"detach":["al@example.org"]})");
    for (const auto* somebody : {"al@example.org", "bob@example.org"}) entries.add(somebody);
    {
        SqliteLedger ledger{files.state.path(), files.master, {}};
        ctl::remove_erased(erasures, accounts, entries.log, as_typed, [&]() -> ctl::ErasureInLedger {
            return {.ledger = &ledger, .policy = {}, .now = at(today, 1h)};
        });
    }
    files.open();
    CHECK(files.rows() == 1);
    CHECK_FALSE(files->vault.keys().subject_key(alice));
    CHECK(files->vault.keys().subject_key(bob));
    CHECK(entries.named() == std::set<std::string>{"bob@example.org"});
    CHECK(memory.accounts.size() == 1);
}

TEST_CASE("accounts that cannot be read at the start are not taken for none: an erased person may be among them")
{
    const test::StateDirectory state;
    test::AccountMemory memory;
    Unreadable accounts{memory, test::policy()};
    Erasures erasures{state.path(), crypto::Secret::random(32)};
    Entries entries{state};
    CHECK_NOTHROW(ctl::remove_erased(erasures, accounts, entries.log, as_typed, nothing_billed)); // nobody was erased
    erasures.add({77});
    CHECK_THROWS_AS(ctl::remove_erased(erasures, accounts, entries.log, as_typed, nothing_billed), StoreError);
}

TEST_CASE("whose a former address is must be known at the start: somebody else may have got it")
{
    class Mute final : public test::MemoryAccountStore {
    public:
        using MemoryAccountStore::MemoryAccountStore;
        void show(std::string, Done<AccountRecord> done) override { done(Failure::unavailable); }
    };
    const test::StateDirectory state;
    test::AccountMemory memory;
    Mute accounts{memory, test::policy()};
    const auto alice = wait_for<AccountRecord>([&](auto done) { accounts.add({"alice@example.org", "secret"}, done); });
    Erasures erasures{state.path(), crypto::Secret::random(32)};
    erasures.add((*alice).id);
    Entries entries{state};
    entries.add("alice@example.org", "account set", R"({"detach":["al@example.org"]})");
    entries.add("al@example.org");
    CHECK_THROWS_AS(ctl::remove_erased(erasures, accounts, entries.log, as_typed, nothing_billed), StoreError);
    CHECK(entries.named() == std::set<std::string>{"al@example.org", "alice@example.org"});
}
