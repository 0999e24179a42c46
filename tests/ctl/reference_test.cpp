#include "audit/retention.hpp"
#include "config/reference.hpp"
#include "ctl/commands/command.hpp"
#include "ctl/commands/reference.hpp"
#include "ctl/commands/values.hpp"
#include "store/database/purpose.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

using namespace sotto::ctl;

namespace {

std::string file(const std::string& path)
{
    std::ostringstream text;
    text << std::ifstream{std::string{SOTTO_SOURCE_DIR} + "/" + path, std::ios::binary}.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("what is made from the table of commands is what stands in the tree", "[docs]")
{
    INFO("write them again: CONTRIBUTING.md says how");
    CHECK(file("docs/commands.md") == command_page());
    CHECK(file("docs/man/sotto.1") == manual_page());
    CHECK(file("docs/man/sotto.yaml.5") == sotto::config::manual_page());
    CHECK(file("packaging/completion/sotto") == bash_completion());
}

TEST_CASE("every command is declared whole")
{
    std::set<std::string_view> words;
    for (const auto& group : groups())
        for (const auto& command : group.commands) {
            CAPTURE(command.words);
            CHECK(words.insert(command.words).second);
            CHECK((group.word.empty() || command.words.starts_with(group.word)));
            CHECK(command.roles != Role::none);
            CHECK_FALSE(command.summary.empty());
            CHECK_FALSE(command.answer.fields.empty());
            CHECK_FALSE(command.examples.empty());
            const auto kept = sotto::audit::keep_times();
            CHECK((command.audit.purpose.empty() ||
                   std::ranges::find(kept, command.audit.purpose, &sotto::audit::Keep::purpose) != kept.end()));
            CHECK((command.audit.subject.empty() || !command.audit.purpose.empty()));
            for (const auto& argument : command.arguments) CHECK_FALSE(argument.meaning.empty());
            CHECK(find_command(command.words) == &command);
        }
}

TEST_CASE("what destroys, or needs somebody's consent, asks first")
{
    std::set<std::string_view> asks;
    for (const auto& group : groups())
        for (const auto& command : group.commands)
            if (!command.confirmation.empty()) asks.insert(command.words);
    CHECK(asks == std::set<std::string_view>{"account remove", "account unblock", "binding remove", "hold release",
                                             "key change", "subject erase", "trace start"});
}

TEST_CASE("who may give a command is one of those who may act for its purpose")
{
    const auto& purposes = sotto::store::Purposes::declared().all();
    for (const auto& group : groups())
        for (const auto& command : group.commands) {
            if (command.audit.purpose.empty()) continue;
            CAPTURE(command.words, command.audit.purpose);
            const auto purpose =
                std::ranges::find(purposes, command.audit.purpose, &sotto::store::DeclaredPurpose::name);
            REQUIRE(purpose != purposes.end());
            for (const auto role : {Role::operator_, Role::billing, Role::privacy_officer}) {
                if (!share(role, command.roles)) continue;
                CAPTURE(names_of(role));
                CHECK(std::ranges::count(purpose->roles, names_of(role)) == 1);
            }
        }
}

TEST_CASE("arguments are what the table says, or the request is refused")
{
    const auto wrong = [](const char* words, const char* arguments) {
        return wrong_in(*find_command(words), json::parse(arguments).as_object());
    };
    CHECK(wrong("account show", R"({"address":"alice@example.org"})").empty());
    CHECK(wrong("account show", R"({"address":"alice@example.org","reason":"why"})").empty());
    CHECK(wrong("account show", R"({})") == "argument address is missing");
    CHECK_FALSE(wrong("account show", R"({"address":7})").empty());
    CHECK_FALSE(wrong("account show", R"({"address":"a\nb"})").empty());
    CHECK_FALSE(wrong("account show", R"({"address":"alice@example.org","more":true})").empty());
    CHECK(wrong("account set", R"({"address":"a@b","status":"active","relay_only":true,"attach":["c@b"]})").empty());
    CHECK_FALSE(wrong("account set", R"({"address":"a@b","status":"gone"})").empty());
    CHECK_FALSE(wrong("account set", R"({"address":"a@b","relay_only":"on"})").empty());
    CHECK_FALSE(wrong("account set", R"({"address":"a@b","attach":[1]})").empty());
    CHECK(wrong("account list", R"({"from":"x"})").empty());
    CHECK(wrong("trace start", R"({"account":"a@b","for":60,"reason":"why","consent":true})").empty());
    for (const auto* reason : {"", " ", "   "})
        CHECK(wrong("trace start",
                    (std::string{R"({"account":"a@b","for":60,"consent":true,"reason":")"} + reason + "\"}").c_str())
                  .starts_with("this needs a reason"));
    CHECK(wrong("trace start", R"({"account":"a@b","for":60,"reason":"why"})") == "argument consent is missing");
    CHECK_FALSE(wrong("trace start", R"({"account":"a@b","for":60,"reason":"why","consent":false})").empty());
    CHECK_FALSE(wrong("status", R"({"reason":"none is kept"})").empty());
    CHECK(wrong("account import", R"({"rows":[],"more":true})").empty());
    CHECK(wrong("subject export", R"({"address":"alice@example.org"})").empty());
    CHECK_FALSE(wrong("subject export", R"({"address":"alice@example.org","output":[]})").empty());
    CHECK_FALSE(wrong("subject export", R"({"address":"alice@example.org","more":true})").empty());
    CHECK(wrong("audit show", R"({"since":"2026-11-25T00:00:00Z"})").empty());
    CHECK_FALSE(wrong("audit show", R"({"since":"yesterday"})").empty());
}
