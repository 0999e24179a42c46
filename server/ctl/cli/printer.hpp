#pragma once
#include "ctl/admin/protocol.hpp"
#include "ctl/cli/terminal.hpp"
#include "ctl/commands/command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sotto::ctl {

/// Prints what a command answered, for a person: rows in columns, or an object as `name  value` lines. Pages of one
/// answer go through the same object, so that they stay aligned.
class Printer {
public:
    explicit Printer(const Command& command);
    void add(const json::object& result);
    /// After the last page.
    void finish();

private:
    const Command& command_;
    Table table_;
    bool nothing_{true};
};

/// An error on standard error, as "sotto: sentence".
void print_error(std::string_view sentence);
void print_json(const json::value& value);

} // namespace sotto::ctl
