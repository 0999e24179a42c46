#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/audited_addresses.hpp"
#include "ctl/admin/ledger_commands.hpp"
#include "store/memory_account_store.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace sotto;
using namespace sotto::ctl;

namespace {

/// Has no room for questions about one address.
class Busy final : public test::MemoryAccountStore {
public:
    using MemoryAccountStore::MemoryAccountStore;
    void show(std::string address, Done<store::AccountRecord> done) override
    {
        if (address == busy_with) return done(store::Failure::overloaded);
        MemoryAccountStore::show(std::move(address), std::move(done));
    }

    std::string busy_with;
};

store::AccountPolicy policy(std::map<std::string, std::string, std::less<>> names = {{"example.org", "example.org"}})
{
    return {.names = std::move(names), .algorithm_of = [](auto, auto) { return DigestAlgorithm::sha256; }};
}

/// Alice, who was al@example.org before; an entry is about each address.
struct World {
    World()
    {
        add("alice@example.org");
        note("account set", "alice@example.org", R"({"detach":["al@example.org"]})");
        note("account show", "al@example.org");
    }

    void add(const std::string& address)
    {
        accounts.add({address, "secret"}, [](const auto& added) { REQUIRE(added.has_value()); });
    }
    void note(const std::string& what, const std::string& subject, const std::string& scope = "",
              const std::string& result = "done")
    {
        REQUIRE(audit.record({.what = what, .purpose = "provision", .subject = subject, .scope = scope}, result)
                    .has_value());
    }
    Reply perform(std::string_view words, const std::string& address)
    {
        auto handlers = ledger_commands({.accounts = &accounts,
                                         .policy = [] { return retention::Policy{}; },
                                         .now = [] { return retention::Time{}; },
                                         .erasures = &erasures,
                                         .audit = &audit,
                                         .canonical = canonical,
                                         .bindings = [](AccountId) { return std::vector<BindingView>{}; },
                                         .end_trace = [](AccountId) {}});
        handlers.merge(account_commands(accounts));
        return handlers.find(words)->second({{"address", address}}, {});
    }
    std::string code(std::string_view words, const std::string& address)
    {
        const auto reply = perform(words, address);
        const auto* error = std::get_if<CommandError>(&reply);
        return error == nullptr ? "" : error->code;
    }
    /// example.net, which was a domain of its own, is an alias of example.org from now on.
    void merge()
    {
        configured = policy({{"example.org", "example.org"}, {"example.net", "example.org"}});
        accounts.configure(configured);
    }
    /// How many entries name it still.
    std::size_t named(const std::string& address) { return audited_about(audit, address)->size(); }

    test::StateDirectory state;
    test::AccountMemory memory;
    store::AccountPolicy configured{policy({{"example.org", "example.org"}, {"example.net", "example.net"}})};
    Busy accounts{memory, configured};
    store::Erasures erasures{state.path(), crypto::Secret::random(32)};
    audit::FileAuditLog audit{{.folder = state.path() / "audit"}, crypto::Secret{32}, {}};
    Canonical canonical{[this](const std::string& typed) { return ctl::canonical(typed, configured, accounts); }};
};

} // namespace

TEST_CASE("a former address that somebody else has got is not the person's, also where the store is too busy to say so",
          "[audit]")
{
    World world;
    world.add("al@example.org"); // Bob has it now
    world.accounts.busy_with = "al@example.org";
    for (const auto* command : {"subject export", "subject erase"}) {
        CHECK(world.code(command, "alice@example.org") == "overloaded");
        CHECK(world.named("alice@example.org") == 1);
        CHECK(world.named("al@example.org") == 1);
    }
    CHECK(world.erasures.empty());
    world.accounts.busy_with.clear();
    const auto exported = world.perform("subject export", "alice@example.org");
    CHECK(std::get<json::object>(exported).at("audit").as_array().size() == 1);
    CHECK(world.code("subject erase", "alice@example.org").empty());
    CHECK(world.named("alice@example.org") == 0);
    CHECK(world.named("al@example.org") == 1);
}

TEST_CASE("nobody is exported or erased while the audit log cannot be read: something would be left out", "[audit]")
{
    World world;
    const auto folder = world.state.path() / "audit";
    const auto aside = world.state.path() / "aside";
    std::filesystem::rename(folder, aside);
    std::ofstream{folder} << "no folder";
    for (const auto* command : {"subject export", "subject erase"})
        CHECK(world.code(command, "alice@example.org") == "unavailable");
    CHECK(world.erasures.empty());
    std::filesystem::remove(folder);
    std::filesystem::rename(aside, folder);
    CHECK(world.code("subject erase", "alice@example.org").empty());
}

TEST_CASE("a former address that is nobody's is the person's, also one that never was an address", "[audit]")
{
    World world;
    world.note("account set", "alice@example.org", R"({"detach":["al"]})");
    world.note("account show", "al");
    CHECK(world.code("subject erase", "alice@example.org").empty());
    for (const auto* address : {"alice@example.org", "al@example.org", "al"}) CHECK(world.named(address) == 0);
}

TEST_CASE("an address that could not be taken from an account is not the person's", "[audit]")
{
    World world;
    world.note("account set", "alice@example.org", R"({"detach":["carol@example.org"]})", "refused not_found");
    world.note("account show", "carol@example.org"); // who is gone, and to be remembered
    CHECK(world.code("subject erase", "alice@example.org").empty());
    CHECK(world.named("carol@example.org") == 1);
}

TEST_CASE("who was removed is forgotten under former addresses, too", "[audit]")
{
    World world;
    world.accounts.remove("alice@example.org", [](const auto& removed) { REQUIRE(removed.has_value()); });
    CHECK(world.code("subject erase", "alice@example.org") == "not_found");
    for (const auto* address : {"alice@example.org", "al@example.org"}) CHECK(world.named(address) == 0);
}

TEST_CASE("nothing is forgotten of an account of which the store does not say whether it is there", "[audit]")
{
    World world;
    world.accounts.busy_with = "alice@example.org";
    CHECK(world.code("subject erase", "alice@example.org") == "overloaded");
    CHECK(world.named("alice@example.org") == 1);
    world.accounts.busy_with.clear();
    CHECK(world.code("subject erase", "alice@example.org").empty()); // and finds the former address
    CHECK(world.named("al@example.org") == 0);
}

TEST_CASE("former addresses are forgotten first, because the entries about those of now lead to them", "[audit]")
{
    World world;
    world.note("account set", "al@example.org", R"({"detach":["a@example.org"]})");
    store::AccountRecord alice;
    world.accounts.show("alice@example.org", [&](const auto& shown) { alice = *shown; });
    CHECK(*audited_as(alice, world.accounts, world.audit, world.canonical) ==
          std::vector<std::string>{"a@example.org", "al@example.org", "alice@example.org"});
}

TEST_CASE("who is erased under a name that is an alias now is the one who has that address, and nobody else", "[audit]")
{
    World world;
    world.add("alice@example.net");
    world.add("carl@example.net");
    for (const auto* address : {"alice@example.net", "carl@example.net"}) world.note("account show", address);
    world.merge();
    const auto exported = std::get<json::object>(world.perform("subject export", "alice@example.net"));
    CHECK(exported.at("account").at("address") == "alice@example.net");
    CHECK(exported.at("audit").as_array().size() == 1);
    for (const auto* address : {"alice@example.net", "carl@example.net"}) {
        CAPTURE(address);
        CHECK(world.code("subject erase", address).empty());
        CHECK(world.named(address) == 0);
    }
    CHECK(world.named("alice@example.org") == 1);
    CHECK(world.code("account show", "alice@example.org").empty());
    CHECK(world.code("subject erase", "carl@example.net") == "not_found");
}

TEST_CASE("what was asked about somebody before its domain became an alias is forgotten with it", "[audit]")
{
    World world;
    world.add("carl@example.net");
    world.note("account set", "carl@example.net", R"({"detach":["al@example.net"]})");
    world.note("account show", "al@example.net"); // Alice was al@example.org
    world.add("dora@example.net");
    world.note("account show", "dora@example.net");
    world.merge();
    CHECK(world.code("subject erase", "carl@example.net").empty());
    CHECK(world.named("al@example.net") == 0);
    CHECK(world.named("al@example.org") == 1);
    world.accounts.remove("dora@example.net", [](const auto& removed) { REQUIRE(removed.has_value()); });
    CHECK(world.code("subject erase", "dora@example.net") == "not_found");
    CHECK(world.named("dora@example.net") == 0);
}
