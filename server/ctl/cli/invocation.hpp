#pragma once
#include "ctl/admin/protocol.hpp"

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
    bool yes{false}; ///< no question before a removal
    bool password_stdin{false};
    std::string command; ///< as the admin protocol names it
    json::object arguments;
    std::filesystem::path csv; ///< of `account import`; "-": standard input
};

/// Reads the command line. Throws Refused (usage), with the nearest command when one was mistyped; for --help and
/// --version it prints and throws Refused with status 0 and no sentence.
Invocation read_command_line(int argc, const char* const* argv);

} // namespace sotto::ctl
