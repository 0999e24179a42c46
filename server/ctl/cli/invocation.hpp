#pragma once
#include "ctl/admin/protocol.hpp"
#include "ctl/commands/command.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace sotto::ctl {

/// A wrong use of the command line, or a refusal: the sentence and the exit status (DESIGN.md 7).
class Refused : public std::runtime_error {
public:
    Refused(int status, const std::string& sentence) : std::runtime_error{sentence}, status_{status} {}
    [[nodiscard]] int status() const { return status_; }

private:
    int status_;
};
inline constexpr int status_done = 0;
inline constexpr int status_refused = 1;
inline constexpr int status_usage = 2;
inline constexpr int status_unreachable = 3;

/// What the operator asked for.
struct Invocation {
    std::filesystem::path config{"/etc/sotto/sotto.yaml"};
    bool json{false};
    bool csv{false};          ///< rows as CSV
    bool yes{false};          ///< no question before something is destroyed
    bool secret_stdin{false}; ///< the secret comes from standard input
    const Command* command{nullptr};
    json::object arguments;
    std::filesystem::path file; ///< of the argument that is a file; "-": standard input

    [[nodiscard]] std::string text(std::string_view argument) const;
};

/// Reads the command line. Throws Refused (usage), with the nearest command or option when one was mistyped; for
/// --help and --version it prints and throws Refused with status 0 and no sentence.
Invocation read_command_line(int argc, const char* const* argv);

/// "{address}" in a text of the table stands for that argument.
std::string filled_in(std::string_view text, const Invocation& invocation);

} // namespace sotto::ctl
