#pragma once
#include "ctl/admin/protocol.hpp"
#include "ctl/cli/terminal.hpp"

#include <string>
#include <string_view>

namespace sotto::ctl {

/// One account's line in a table.
std::vector<Table::Cell> account_row(const json::object& account);
/// The heading for `account_row`.
std::vector<std::string> account_heading();
/// One account, a property a line.
void print_account(const json::object& account);
/// Anything else: `name: value` a line, aligned; members of objects as `outer.inner`.
void print_properties(const json::object& object);
void print_bindings(const json::object& result);

/// An error on standard error, as "sotto: sentence".
void print_error(std::string_view sentence);
void print_json(const json::value& value);

} // namespace sotto::ctl
