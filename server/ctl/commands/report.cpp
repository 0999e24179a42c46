#include "ctl/commands/command.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array minimisation_fields{
    Field{"header",   "text",   "its name"},
    Field{"request",  "object", "what happens to it in a request: -, passes, rebuilt, sealed or ours, for each kind of receiver"},
    Field{"response", "object", "the same in a response"},
    Field{"why",      "text",   "what it is good for"},
    Field{"source",   "text",   "RFC and section"}};

constexpr std::array<sv, 2> minimisation_examples{"sotto report minimisation", "sotto --json report minimisation"};

constexpr std::array commands{
    Command{.words = "report minimisation", .summary = "what the other side of a call learns, header by header", .details = "Printed from the tables that the daemon goes by.",
            .roles = Role::everybody, .place = Place::here,
            .answer = {.rows = "headers", .fields = minimisation_fields}, .examples = minimisation_examples},
};
// clang-format on

} // namespace

Group report_group() { return {"report", "what this server does with what it learns", commands}; }

} // namespace sotto::ctl
