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
constexpr std::array document{Field{"document", "document", "the text, in Markdown"}};
constexpr std::array<sv, 1> notice_examples{"sotto report notice | pandoc -o notice.html"};
constexpr std::array<sv, 1> processing_examples{"sotto report processing | pandoc -o processing.html"};
constexpr std::array<sv, 1> assessment_examples{"sotto report assessment | pandoc -o assessment.html"};
constexpr auto readers = Role::operator_ | Role::privacy_officer;

constexpr std::array commands{
    Command{.words = "report minimisation", .summary = "what the other side of a call learns, header by header", .details = "Printed from the tables that the daemon goes by.",
            .roles = Role::everybody, .place = Place::here,
            .answer = {.rows = "headers", .fields = minimisation_fields}, .examples = minimisation_examples},
    Command{.words = "report notice", .summary = "write the privacy notice for subscribers", .details = "From the running configuration: what it weakens is in it.",
            .roles = readers, .answer = {.fields = document}, .examples = notice_examples},
    Command{.words = "report processing", .summary = "write the record of processing (GDPR Art. 30)", .roles = readers, .answer = {.fields = document}, .examples = processing_examples},
    Command{.words = "report assessment", .summary = "write the input for the impact assessment (GDPR Art. 35)", .roles = readers, .answer = {.fields = document}, .examples = assessment_examples},
};
// clang-format on

} // namespace

Group report_group() { return {"report", "what this server does with what it learns", commands}; }

} // namespace sotto::ctl
