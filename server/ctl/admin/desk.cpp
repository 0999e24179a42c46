#include "ctl/admin/desk.hpp"

#include "ctl/commands/values.hpp"

#include <algorithm>
#include <array>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <unistd.h>

namespace sotto::ctl {
namespace {

constexpr std::size_t entry_bytes = 16'384; // of the user and group database
constexpr std::string_view elsewhere = "[in an entry of its own]";

bool is_member(const PeerCredentials& peer, const std::string& group)
{
    const auto gid = gid_of(group);
    return gid && (peer.gid == *gid || std::ranges::find(peer.groups, *gid) != peer.groups.end());
}

/// What was asked for, without what must not be kept (passwords) and what has a place of its own.
json::object scope_of(const Command& command, const json::object& arguments)
{
    json::object scope;
    for (const auto& argument : command.arguments) {
        const auto* value = arguments.if_contains(argument.name);
        if (value == nullptr || argument.take == Take::secret || argument.name == command.audit.subject) continue;
        if (argument.take == Take::rows)
            scope[argument.name] = value->get_array().size();
        else
            scope[argument.name] = *value;
    }
    if (arguments.contains("from")) scope["page"] = "next"; // `from` may be somebody's address
    return scope;
}

std::string_view purpose_of(const Command& command, const json::object& arguments)
{
    const bool leads = !command.audit.former.empty() && arguments.contains(command.audit.former);
    return leads ? "access" : command.audit.purpose;
}

std::string text_in(const json::object& arguments, std::string_view name)
{
    const auto* value = name.empty() ? nullptr : arguments.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

/// What helps where the audit log cannot be written.
std::string remedy_for(const std::error_code& why)
{
    const std::string folder = "the folder audit of state_directory";
    if (why == std::errc::read_only_file_system) return "mount the file system of " + folder + " for writing";
    if (why == std::errc::permission_denied || why == std::errc::operation_not_permitted)
        return "let the service's user write in " + folder;
    if (why == std::errc::no_space_on_device) return "make room in " + folder;
    return "look at the disk of " + folder;
}

} // namespace

std::string result_of(const Reply& reply)
{
    const auto* error = std::get_if<CommandError>(&reply);
    return error == nullptr ? "done" : "refused " + error->code;
}

std::string name_of(uid_t uid)
{
    std::vector<char> room(entry_bytes);
    ::passwd entry{};
    ::passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) return {};
    return found->pw_name;
}

std::optional<gid_t> gid_of(const std::string& group)
{
    std::vector<char> room(entry_bytes);
    ::group entry{};
    ::group* found = nullptr;
    if (::getgrnam_r(group.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return found->gr_gid;
}

std::vector<gid_t> gids_of(const RoleGroups& groups)
{
    std::vector<gid_t> gids;
    for (const auto* name : {&groups.operators, &groups.billing, &groups.privacy_officers})
        if (const auto gid = gid_of(*name)) gids.push_back(*gid);
    return gids;
}

Role roles_by_group(const RoleGroups& groups, const PeerCredentials& peer)
{
    if (peer.uid == 0 || peer.uid == ::geteuid()) return Role::everybody;
    auto roles = Role::none;
    if (is_member(peer, groups.operators)) roles = roles | Role::operator_;
    if (is_member(peer, groups.billing)) roles = roles | Role::billing;
    if (is_member(peer, groups.privacy_officers)) roles = roles | Role::privacy_officer;
    return roles;
}

Desk::Desk(Handlers handlers, RolesOf roles_of, Canonical canonical, audit::AuditLog& audit, Nearest nearest,
           Another another, Unwritable on_unwritable)
    : handlers_{std::move(handlers)}, roles_of_{std::move(roles_of)}, canonical_{std::move(canonical)}, audit_{audit},
      nearest_{std::move(nearest)}, another_{std::move(another)}, on_unwritable_{std::move(on_unwritable)}
{
}

Reply Desk::perform(std::string_view words, const json::object& arguments, const PeerCredentials& peer)
{
    const auto* command = find_command(words);
    if (command == nullptr) return CommandError{std::string{usage_code}, "the daemon does not know this command"};
    if (!share(command->roles, roles_of_(peer)))
        return CommandError{"forbidden", "`" + std::string{words} + "` is for the role " + names_of(command->roles) +
                                             "; `sotto whoami` shows what you are"};
    if (const auto wrong = wrong_in(*command, arguments); !wrong.empty())
        return CommandError{std::string{usage_code}, wrong};
    if (words == "whoami") return whoami(peer);
    const auto handler = handlers_.find(words);
    if (handler == handlers_.end())
        return CommandError{"not_here", "`" + std::string{words} + "` does not work here: it needs the running daemon"};
    if (command->audit.purpose.empty()) return handler->second(arguments, peer);
    return recorded(*command, handler->second, arguments, peer);
}

Reply Desk::recorded(const Command& command, const Handler& handler, const json::object& arguments,
                     const PeerCredentials& peer)
{
    // Entries about a person are found and forgotten by one spelling, however many the store accepts.
    const auto subject = canonical_(text_in(arguments, command.audit.subject));
    auto scope = scope_of(command, arguments);
    const auto others = take_others(command, subject, scope);
    audit::Action action{.who = {peer.uid, name_of(peer.uid)},
                         .what = std::string{command.words},
                         .purpose = std::string{purpose_of(command, arguments)},
                         .reason = text_in(arguments, "reason"),
                         .subject = subject,
                         .scope = scope.empty() ? std::string{} : json::serialize(scope)};
    const auto entry = audit_.begin(action);
    if (!entry) return unwritable("nothing was done", entry.error());
    for (const auto& [argument, address] : others) {
        auto theirs = action;
        theirs.subject = address;
        theirs.scope = json::serialize(json::object{{"as", argument}});
        if (const auto written = audit_.record(theirs, "found"); !written) {
            audit_.end(*entry, "refused audit");
            return unwritable("nothing was done", written.error());
        }
    }
    auto asked = arguments;
    asked.erase("reason");
    try {
        auto reply = handler(asked, peer);
        if (auto refused = name_the_answered(command, reply, std::move(action))) reply = *std::move(refused);
        audit_.end(*entry, helped(reply, subject, peer));
        return reply;
    } catch (...) {
        audit_.end(*entry, "refused internal");
        throw;
    }
}

Desk::Others Desk::take_others(const Command& command, const std::string& subject, json::object& scope) const
{
    Others others;
    if (!another_) return others;
    const auto take = [&](std::string_view argument, json::value& value) {
        auto address = another_(subject, std::string{value.as_string()});
        if (address.empty()) return;
        others.emplace_back(argument, canonical_(address));
        value = elsewhere;
    };
    for (const auto argument : command.audit.others) {
        auto* value = scope.if_contains(argument);
        if (value == nullptr) continue;
        if (auto* list = value->if_array())
            for (auto& one : *list) take(argument, one);
        else
            take(argument, *value);
    }
    return others;
}

CommandError Desk::unwritable(const std::string& what, const std::error_code& why) const
{
    if (on_unwritable_) on_unwritable_(why);
    if (why == audit::heads_wait)
        return CommandError{"audit", what + ", because the daemon's log does not take what proves the audit log whole; "
                                            "see to the journal, or to who reads the daemon's standard error, then ask "
                                            "again"};
    return CommandError{"audit", what + ", because the audit log cannot be written: " + why.message() + "; " +
                                     remedy_for(why) + ", then ask again"};
}

std::optional<CommandError> Desk::name_the_answered(const Command& command, Reply& reply, audit::Action action)
{
    auto* answer = std::get_if<json::object>(&reply);
    if (command.audit.answered.empty() || answer == nullptr) return std::nullopt;
    action.subject = canonical_(text_in(*answer, command.audit.answered));
    if (action.subject.empty()) return std::nullopt;
    const auto declared = [&](const Field& field) { return field.name == command.audit.answered; };
    if (std::ranges::none_of(command.answer.fields, declared)) answer->erase(command.audit.answered);
    const auto written = audit_.record(action, "found");
    return written ? std::nullopt : std::optional{unwritable("nothing is shown", written.error())};
}

std::string Desk::helped(Reply& reply, const std::string& address, const PeerCredentials& peer) const
{
    auto result = result_of(reply);
    auto* error = std::get_if<CommandError>(&reply);
    if (error == nullptr || error->code != "not_found" || address.empty() || !nearest_) return result;
    if (!share(find_command("account list")->roles, roles_of_(peer))) return result;
    const auto meant = nearest_(address);
    if (meant.empty() || meant == address) return result; // the address is somebody's: something else was not found
    error->sentence += "; did you mean " + meant + "?";
    return result + ", the nearest named";
}

Reply Desk::whoami(const PeerCredentials& peer) const
{
    const auto roles = roles_of_(peer);
    json::array names, commands;
    for (const auto role : {Role::operator_, Role::billing, Role::privacy_officer})
        if (share(role, roles)) names.emplace_back(names_of(role));
    for (const auto& group : groups())
        for (const auto& command : group.commands)
            if (share(command.roles, roles)) commands.emplace_back(command.words);
    return json::object{
        {"uid", peer.uid}, {"name", name_of(peer.uid)}, {"roles", std::move(names)}, {"commands", std::move(commands)}};
}

} // namespace sotto::ctl
