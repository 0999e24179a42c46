#include "ctl/cli/password.hpp"

#include <array>
#include <csignal>
#include <iostream>
#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

namespace sotto::ctl {
namespace {

/// Switches the echo of standard input off while it lives, and not longer: a process that is interrupted meanwhile
/// leaves the terminal as it was.
class Silence {
public:
    Silence()
    {
        ::tcgetattr(STDIN_FILENO, &before_);
        struct sigaction interrupted = {};
        interrupted.sa_handler = &Silence::interrupt;
        interrupted.sa_flags = static_cast<int>(SA_RESETHAND); // what was raised again ends the process
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], nullptr, &then_[i]);
            if (then_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &interrupted, nullptr);
        }
        auto silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence()
    {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &then_[i], nullptr);
    }

private:
    static void interrupt(int signal)
    {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        std::raise(signal);
    }

    static constexpr std::array signals{SIGINT, SIGQUIT, SIGTERM, SIGHUP};

    std::array<struct sigaction, signals.size()> then_{};
    inline static termios before_{}; // a signal handler gets to nothing else
};

bool on_terminal() { return ::isatty(STDIN_FILENO) != 0; }

std::optional<std::string> line_of_stdin()
{
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

} // namespace

std::optional<std::string> ask_password(const std::string& address)
{
    if (!on_terminal()) return std::nullopt;
    const Silence silence;
    std::cerr << "Password for " << address << ": " << std::flush;
    auto first = line_of_stdin();
    std::cerr << "\nOnce more: " << std::flush;
    auto second = line_of_stdin();
    std::cerr << '\n';
    const bool same = first && second && *first == *second;
    if (second) OPENSSL_cleanse(second->data(), second->size());
    if (!same) return std::nullopt;
    return first;
}

std::optional<std::string> password_from_stdin() { return line_of_stdin(); }

std::optional<bool> confirm(const std::string& question)
{
    if (!on_terminal()) return std::nullopt;
    std::cerr << question << " [y/N] " << std::flush;
    const auto reply = line_of_stdin();
    return reply && (*reply == "y" || *reply == "Y" || *reply == "yes");
}

} // namespace sotto::ctl
