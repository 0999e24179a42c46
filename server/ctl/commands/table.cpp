#include "ctl/commands/command.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace sotto::ctl {
namespace {

struct RoleName {
    Role role;
    std::string_view name;
};
constexpr std::array role_names{RoleName{Role::operator_, "operator"}, RoleName{Role::billing, "billing"},
                                RoleName{Role::privacy_officer, "privacy-officer"}};

} // namespace

std::string names_of(Role roles)
{
    std::string names;
    for (const auto& [role, name] : role_names)
        if (share(role, roles)) names.append(names.empty() ? "" : ", ").append(name);
    return names;
}

std::span<const Group> groups()
{
    static const std::array all{account_group(), binding_group(), route_group(),  billing_group(), retention_group(),
                                hold_group(),    subject_group(), key_group(),    config_group(),  audit_group(),
                                trace_group(),   log_group(),     report_group(), daemon_group()};
    return all;
}

const Command* find_command(std::string_view words)
{
    for (const auto& group : groups())
        for (const auto& command : group.commands)
            if (command.words == words) return &command;
    return nullptr;
}

std::string_view last_word(const Command& command) { return command.words.substr(command.words.find(' ') + 1); }

} // namespace sotto::ctl
