#pragma once
#include <array>
#include <csignal>
#include <string>
#include <string_view>

/// What whoever starts sottod can say to it, and what it says at its end: declared once, for the program itself and for
/// sottod(8).
namespace sotto::app {

struct DaemonOption {
    std::string_view name;
    std::string_view value; ///< what follows it; empty: nothing
    std::string_view meaning;
};
inline constexpr DaemonOption config_option{"--config", "FILE", "configuration file (YAML), see sotto.yaml(5)"};
inline constexpr DaemonOption check_option{"--check", "",
                                           "validate the configuration and everything that it names, say all that is "
                                           "wrong with its place and remedy, and exit"};
inline constexpr DaemonOption version_option{"--version", "", "show the version and exit"};

/// Exit statuses (DESIGN.md 7).
enum class Ending { done = 0, wrong = 1, usage = 2, unavailable = 3 };
struct EndingMeaning {
    Ending ending;
    std::string_view meaning;
};
inline constexpr std::array ending_meanings{
    EndingMeaning{Ending::done, "ended as asked, or the configuration is good"},
    EndingMeaning{Ending::wrong, "wrong configuration, no key for the audit log, or an address in use"},
    EndingMeaning{Ending::usage, "wrong use"},
    EndingMeaning{Ending::unavailable, "the store cannot be used, or another process holds it"}};

/// What a signal makes it do.
enum class Asked { drain, reload };
struct SignalMeaning {
    int number;
    std::string_view name;
    Asked asked;
};
inline constexpr std::array signal_meanings{SignalMeaning{SIGTERM, "SIGTERM", Asked::drain},
                                            SignalMeaning{SIGINT, "SIGINT", Asked::drain},
                                            SignalMeaning{SIGHUP, "SIGHUP", Asked::reload}};
constexpr auto signal_numbers()
{
    std::array<int, signal_meanings.size()> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = signal_meanings[i].number;
    return numbers;
}

/// docs/man/sottod.8, in man(7)'s language.
std::string daemon_manual();

} // namespace sotto::app
