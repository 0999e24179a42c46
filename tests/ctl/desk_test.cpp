#include "audit/retention.hpp"
#include "ctl/admin/desk.hpp"
#include "store/memory_account_store.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::ctl;

namespace {

/// Remembers the commands that it was told of, or refuses each.
class Notes final : public audit::AuditLog {
public:
    audit::Written begin(const audit::Action& action) override
    {
        if (failure) return *failure;
        if (noted.size() == room) return std::make_error_code(std::errc::no_space_on_device);
        noted.push_back(action.what);
        about.emplace_back(action.subject, action.scope);
        subject = action.subject;
        purpose = action.purpose;
        reason = action.reason;
        scope = action.scope;
        return audit::Receipt{noted.size()};
    }
    void end(const audit::Receipt&, std::string_view how) override { result = how; }
    audit::Written record(const audit::Action& action, std::string_view) override { return begin(action); }
    bool forget(std::string_view) override { return true; }

    std::vector<std::string> noted;
    std::vector<std::pair<std::string, std::string>> about; ///< subject and scope of each
    std::string subject, purpose, reason, scope, result;    ///< of the last
    std::optional<std::error_code> failure;
    std::size_t room{1000}; ///< for so many entries
};

/// A value that the argument may have in a request.
json::value example_of(const Argument& argument)
{
    switch (argument.take) {
    case Take::number:
    case Take::duration:
        return 60;
    case Take::time:
        return "2026-11-25T12:00:00Z";
    case Take::period:
        return "2026-11";
    case Take::on_off:
    case Take::present:
    case Take::agreed:
    case Take::steered:
        return true;
    case Take::choice:
        return json::string_view{argument.choices.front().data(), argument.choices.front().size()};
    case Take::texts:
    case Take::rows:
        return json::array{};
    default:
        return "text";
    }
}

/// What a request for the command holds at least.
json::object least(const Command& command)
{
    json::object arguments;
    for (const auto& argument : command.arguments)
        if (argument.required && argument.take != Take::file) arguments[argument.name] = example_of(argument);
    if (command.audit.reason_required) arguments["reason"] = "why";
    return arguments;
}

/// A desk at which every command of the table has a handler, and somebody with these roles.
struct World {
    explicit World(Role roles)
        : desk{handlers(),
               [roles](const PeerCredentials&) { return roles; },
               [this](const std::string& typed) { return canonical(typed, policy, accounts); },
               notes,
               {},
               [](const std::string&, const std::string& typed) {
                   return typed.starts_with("bob") || typed == "+4930123456" ? typed : std::string{};
               }}
    {
    }

    Handlers handlers()
    {
        Handlers all;
        for (const auto& group : groups())
            for (const auto& command : group.commands)
                all[std::string{command.words}] = [this](const json::object&, const PeerCredentials&) -> Reply {
                    ++done;
                    return json::object{};
                };
        return all;
    }

    std::string code(const Command& command, const json::object& arguments)
    {
        const auto reply = desk.perform(command.words, arguments, {});
        const auto* error = std::get_if<CommandError>(&reply);
        return error == nullptr ? "" : error->code;
    }

    Notes notes;
    int done{0};
    store::AccountPolicy policy{.names = {{"example.org", "example.org"}, {"sip.example.org", "example.org"}},
                                .algorithm_of = {}};
    test::AccountMemory memory;
    test::MemoryAccountStore accounts{memory, policy};
    Desk desk;
};

template <class Check> void for_each_command(Check check)
{
    for (const auto& group : groups())
        for (const auto& command : group.commands) {
            CAPTURE(command.words);
            check(command);
        }
}

} // namespace

TEST_CASE("what a command does not declare is refused before anything is done", "[admin]")
{
    World world{Role::everybody};
    for_each_command([&](const Command& command) {
        auto arguments = least(command);
        arguments["undeclared"] = true;
        CHECK(world.code(command, arguments) == "usage");
        for (const auto& argument : command.arguments)
            if (argument.take == Take::file) { // stays with whoever types the command
                auto with_file = least(command);
                with_file[argument.name] = json::array{};
                CHECK(world.code(command, with_file) == "usage");
            }
        for (const auto& argument : command.arguments) { // and each declared one is of its type
            auto of_another_type = least(command);
            of_another_type[argument.name] = json::object{};
            CHECK(world.code(command, of_another_type) == "usage");
        }
    });
    CHECK(world.done == 0);
    CHECK(world.notes.noted.empty());
}

TEST_CASE("each command is done for its roles, and for no other", "[admin]")
{
    for (const auto role : {Role::none, Role::operator_, Role::billing, Role::privacy_officer}) {
        CAPTURE(names_of(role));
        World world{role};
        for_each_command([&](const Command& command) {
            CHECK(world.code(command, least(command)) == (share(command.roles, role) ? "" : "forbidden"));
        });
    }
}

TEST_CASE("without room for the record nothing is done that is to be recorded", "[admin][audit]")
{
    World world{Role::everybody};
    for_each_command([&](const Command& command) {
        world.notes = {};
        world.done = 0;
        CHECK(world.code(command, least(command)).empty());
        CHECK(world.notes.noted.empty() == command.audit.purpose.empty());
        const auto done = std::exchange(world.done, 0);
        world.notes.failure = std::make_error_code(std::errc::no_space_on_device);
        CHECK(world.code(command, least(command)) == (command.audit.purpose.empty() ? "" : "audit"));
        CHECK(world.done == (command.audit.purpose.empty() ? done : 0));
    });
}

TEST_CASE("a person's entries are under one spelling, however the address was typed", "[admin][audit]")
{
    World world{Role::everybody};
    int about_somebody = 0;
    for_each_command([&](const Command& command) {
        if (command.audit.subject.empty()) return;
        ++about_somebody;
        for (const auto* typed : {"alice@example.org", "sip:alice@example.org", "SIPS:alice@Example.ORG",
                                  "alice@sip.example.org", "sip:alice@SIP.example.org"}) {
            CAPTURE(typed);
            auto arguments = least(command);
            arguments[command.audit.subject] = typed;
            CHECK(world.code(command, arguments).empty());
            CHECK(world.notes.subject == "alice@example.org");
        }
        // A domain that is not served may have been.
        for (const auto& [other, kept] : {std::pair{"alice", "alice"},
                                          {"sip:alice@elsewhere.example", "alice@elsewhere.example"},
                                          {"alice@Elsewhere.Example", "alice@elsewhere.example"}}) {
            auto arguments = least(command);
            arguments[command.audit.subject] = other;
            CHECK(world.code(command, arguments).empty());
            CHECK(world.notes.subject == kept);
        }
    });
    CHECK(about_somebody > 0);
}

TEST_CASE("every command that is recorded keeps the reason that is given, and some are not done without one",
          "[admin][audit]")
{
    World world{Role::everybody};
    std::vector<std::string_view> demand;
    for_each_command([&](const Command& command) {
        auto arguments = least(command);
        arguments["reason"] = "ticket 4711";
        CHECK(world.code(command, arguments) == (command.audit.purpose.empty() ? "usage" : ""));
        if (!command.audit.purpose.empty()) CHECK(std::exchange(world.notes.reason, "") == "ticket 4711");
        arguments.erase("reason");
        if (world.code(command, arguments) == "usage") demand.push_back(command.words);
    });
    // Where a person is looked for in what names nobody, and where only the consent makes it right.
    CHECK(demand == std::vector<std::string_view>{"trace start", "log explain"});
}

TEST_CASE("an entry that leads to a former address is kept as long as any", "[admin][audit]")
{
    World world{Role::everybody};
    const auto* set = find_command("account set");
    CHECK(world.code(*set, least(*set)).empty());
    CHECK(world.notes.purpose == "provision");
    auto arguments = least(*set);
    arguments["detach"] = json::array{"al@example.org"};
    CHECK(world.code(*set, arguments).empty());
    CHECK(world.notes.purpose == "access");
    const auto times = audit::keep_times();
    const auto kept = std::ranges::find(times, world.notes.purpose, &audit::Keep::purpose);
    REQUIRE(kept != times.end());
    for (const auto& other : times) CHECK(other.time <= kept->time);
}

TEST_CASE("whoever is meant beside the person has an entry of their own, and no name in the person's", "[admin][audit]")
{
    using Entries = std::vector<std::pair<std::string, std::string>>;
    World world{Role::everybody};
    const auto asked = [&](const char* words, json::object arguments) {
        world.notes = {};
        CHECK(world.code(*find_command(words), arguments).empty());
        return world.notes.about;
    };
    CHECK(asked("route test", {{"address", "alice@example.org"}, {"dialled", "bob@sip.example.org"}}) ==
          Entries{{"alice@example.org", R"({"dialled":"[in an entry of its own]"})"},
                  {"bob@example.org", R"({"as":"dialled"})"}});
    CHECK(asked("account set", {{"address", "alice@example.org"},
                                {"attach", json::array{"al@example.org", "bob@example.org"}},
                                {"number", "+4930123456"},
                                {"detach", json::array{"ally@example.org"}}}) ==
          Entries{{"alice@example.org", R"({"attach":["al@example.org","[in an entry of its own]"],)"
                                        R"("number":"[in an entry of its own]","detach":["ally@example.org"]})"},
                  {"bob@example.org", R"({"as":"attach"})"},
                  {"+4930123456", R"({"as":"number"})"}});
    world.notes = {};
    world.notes.room = 1;
    CHECK(world.code(*find_command("route test"), {{"address", "alice@example.org"}, {"dialled", "bob@example.org"}}) ==
          "audit");
    CHECK(world.notes.result == "refused audit");
}

TEST_CASE("the entry of a further page does not say after whom it begins", "[admin][audit]")
{
    World world{Role::everybody};
    int paged = 0;
    for_each_command([&](const Command& command) {
        if (!command.paged || command.audit.purpose.empty()) return;
        ++paged;
        auto arguments = least(command);
        arguments["from"] = "alice@example.org";
        CHECK(world.code(command, arguments).empty());
        CHECK(world.notes.scope.find("alice") == std::string::npos);
        CHECK(world.notes.scope.find(R"("page":"next")") != std::string::npos);
    });
    CHECK(paged > 0);
}

TEST_CASE("another address is named only where nobody has the one that was typed", "[admin]")
{
    Notes notes;
    Desk desk{{{"binding remove",
                [](const json::object&, const PeerCredentials&) -> Reply {
                    return CommandError{"not_found", "is not there"};
                }}},
              [](const PeerCredentials&) { return Role::everybody; },
              [](const std::string& typed) { return typed; },
              notes,
              [](const std::string&) { return "alice@example.org"; }};
    const auto asked = [&](const char* address) {
        auto arguments = least(*find_command("binding remove"));
        arguments["address"] = address;
        return std::get<CommandError>(desk.perform("binding remove", arguments, {})).sentence;
    };
    CHECK(asked("alise@example.org") == "is not there; did you mean alice@example.org?");
    CHECK(notes.result == "refused not_found, the nearest named");
    CHECK(asked("alice@example.org") == "is not there"); // it is the binding
    CHECK(notes.result == "refused not_found");
}

TEST_CASE("what helps where the audit log cannot be written is named", "[admin][audit]")
{
    World world{Role::everybody};
    const auto& command = *find_command("account show");
    const auto said_of = [&](std::errc why) {
        world.notes.failure = std::make_error_code(why);
        return std::get<CommandError>(world.desk.perform(command.words, least(command), {})).sentence;
    };
    CHECK(said_of(std::errc::no_space_on_device).find("; make room in the folder audit ") != std::string::npos);
    CHECK(said_of(std::errc::read_only_file_system).find("; mount the file system of the folder audit ") !=
          std::string::npos);
    CHECK(said_of(std::errc::permission_denied).find("; let the service's user write in the folder audit ") !=
          std::string::npos);
    CHECK(said_of(std::errc::io_error).find("; look at the disk of the folder audit ") != std::string::npos);
    CHECK(world.done == 0);
}
