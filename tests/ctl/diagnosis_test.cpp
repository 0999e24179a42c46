#include "ctl/admin/diagnosis_commands.hpp"
#include "ctl/running_admin.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("a trace is started under the one spelling of the address, however it was typed", "[trace][audit]")
{
    const test::Installation installation;
    const auto policy = ctl::account_policy(installation.settings);
    std::filesystem::create_directories(installation.settings.state_directory);
    store::SqliteAccountStore accounts{installation.settings.state_directory, policy};
    auto handlers = ctl::account_commands(accounts);
    std::string traced;
    handlers.merge(ctl::diagnosis_commands(
        {.start_trace = [&](AccountId, const std::string& address, seconds) -> ctl::Reply {
             traced = address;
             return ctl::json::object{};
         },
         .stop_trace = [] { return ctl::json::object{}; },
         .canonical = [&](const std::string& typed) { return ctl::canonical(typed, policy, accounts); },
         .pseudonym = [](std::string_view) { return std::string{}; }},
        accounts));
    const auto ask = [&](const char* command, const ctl::json::object& arguments) {
        return std::holds_alternative<ctl::json::object>(handlers.at(command)(arguments, {}));
    };
    REQUIRE(ask("account add", {{"address", "alice@example.org"}, {"password", "secret"}}));
    for (const auto* typed : {"alice@example.org", "alice@EXAMPLE.org", "sip:alice@sip.example.org"}) {
        CAPTURE(typed);
        traced.clear();
        CHECK(ask("trace start", {{"account", typed}, {"for", 60}}));
        CHECK(traced == "alice@example.org");
    }
    CHECK_FALSE(ask("trace start", {{"account", "bob@example.org"}, {"for", 60}}));
    CHECK(ask("trace start", {{"account", "alice@example.org"}, {"for", 3600}}));
    CHECK_FALSE(ask("trace start", {{"account", "alice@example.org"}, {"for", 3601}}));
}
