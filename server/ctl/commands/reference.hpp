#pragma once
#include <string>

namespace sotto::ctl {

/// docs/commands.md: every command with its arguments, role, audit and the fields of its answer.
std::string command_page();
/// docs/man/sotto.1, in man(7)'s language.
std::string manual_page();
/// packaging/completion/sotto, for bash.
std::string bash_completion();

} // namespace sotto::ctl
