#include "ctl/commands/shared.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array difference_fields{
    Field{"key",    "text", "the key of the configuration file", "KEY"},
    Field{"now",    "text", "its value in the running daemon", "NOW"},
    Field{"next",   "text", "its value in the file", "IN THE FILE"},
    Field{"effect", "text", "reload, or restart when a reload keeps the old value", "COUNTS AFTER A"}};

constexpr std::array<sv, 1> diff_examples{"sotto config diff"};
constexpr std::array<sv, 1> reload_examples{"sotto config diff && sotto config reload"};

constexpr std::array commands{
    Command{.words = "config diff", .summary = "show what a reload would change",
            .details = "Reads the file and everything that it names, as `sottod --check` does; says all that is wrong with it and exits 1.",
            .answer = {.rows = "differences", .empty = "the daemon runs with what the file says", .fields = difference_fields}, .examples = diff_examples},
    Command{.words = "config reload", .summary = "put the file into use, without dropping a call",
            .details = "All of it is taken, or nothing. The same as `sotto reload`.", .audit = {"operate"},
            .answer = {.fields = reload_fields}, .examples = reload_examples},
};
// clang-format on

} // namespace

Group config_group() { return {"config", "the configuration", commands}; }

} // namespace sotto::ctl
