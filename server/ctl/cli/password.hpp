#pragma once
#include <optional>
#include <string>

namespace sotto::ctl {

/// Asks twice on the terminal, without echo. Nothing when there is no terminal, or the answers differ.
std::optional<std::string> ask_password(const std::string& address);
/// The first line of standard input. Nothing when there is none.
std::optional<std::string> password_from_stdin();
/// Asks a yes-or-no question on the terminal. Nothing when there is no terminal.
std::optional<bool> confirm(const std::string& question);

} // namespace sotto::ctl
