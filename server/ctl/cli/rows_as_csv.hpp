#pragma once
#include "ctl/admin/protocol.hpp"
#include "ctl/commands/command.hpp"

#include <span>
#include <string>

namespace sotto::ctl {

/// Rows of an answer as CSV (RFC 4180): the names of the fields first, then a line for each row, in their order.
std::string csv_header(std::span<const Field> fields);
std::string csv_line(std::span<const Field> fields, const json::object& row);

} // namespace sotto::ctl
