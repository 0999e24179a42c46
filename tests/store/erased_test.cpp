#include "app/erased.hpp"

#include "store/ledger/ledger_files.hpp"
#include "store/memory_account_store.hpp"
#include "store/sqlite_ledger.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;
using test::answer_of;
using test::at;

namespace {

/// Knows only whom it has forgotten.
class Forgetful final : public audit::AuditLog {
public:
    audit::Written begin(const audit::Action&) override { return audit::Receipt{}; }
    void end(const audit::Receipt&, std::string_view) override {}
    audit::Written record(const audit::Action&, std::string_view) override { return audit::Receipt{}; }
    bool forget(std::string_view subject) override { return forgotten.emplace(subject).second; }

    std::set<std::string> forgotten;
};

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
        return (*answer_of<AccountRecord>([&](auto done) { accounts.add({std::move(address), "secret"}, done); })).id;
    };
    const auto alice = add("alice@example.org");
    const auto bob = add("bob@example.org");
    const auto today = 2026y / 11 / 25;
    files.make_call(1, alice.value, at(today), 60, "+4930111111", retention::Case::itemised_flat);
    files.make_call(2, bob.value, at(today), 60, "+4930222222", retention::Case::itemised_flat);
    files.close();
    Erasures erasures{files.state.path(), crypto::Secret::random(32)};
    erasures.add(alice); // and no further
    Forgetful audit;
    {
        SqliteLedger ledger{files.state.path(), files.master, {}};
        app::remove_erased(erasures, accounts, audit, {.ledger = &ledger, .policy = {}, .now = at(today, 1h)});
    }
    files.open();
    CHECK(files.rows() == 1);
    CHECK_FALSE(files->vault.keys().subject_key(alice));
    CHECK(files->vault.keys().subject_key(bob));
    CHECK(audit.forgotten == std::set<std::string>{"alice@example.org"});
    CHECK(memory.accounts.size() == 1);
}

TEST_CASE("accounts that cannot be read at the start are not taken for none: an erased person may be among them")
{
    const test::StateDirectory state;
    test::AccountMemory memory;
    Unreadable accounts{memory, test::policy()};
    Erasures erasures{state.path(), crypto::Secret::random(32)};
    Forgetful audit;
    CHECK_NOTHROW(app::remove_erased(erasures, accounts, audit, {})); // nobody was erased
    erasures.add({77});
    CHECK_THROWS_AS(app::remove_erased(erasures, accounts, audit, {}), StoreError);
}
