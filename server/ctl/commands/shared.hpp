#pragma once
#include "ctl/commands/command.hpp"

#include <array>

/// What several groups of commands have in common.
namespace sotto::ctl {

// clang-format off
inline constexpr Argument account_address{.name = "address", .take = Take::address, .meaning = "the account's address, such as alice@example.org"};
inline constexpr std::array only_address{account_address};

inline constexpr std::array reload_fields{
    Field{"domains",       "number", "served domains"},
    Field{"changed",       "list",   "keys whose new value is in use"},
    Field{"needs_restart", "list",   "keys whose change counts after a restart only"}};
// clang-format on

} // namespace sotto::ctl
