#include "core/privacy/minimisation_page.hpp"

#include "core/privacy/body_rules.hpp"
#include "core/privacy/rfc5379.hpp"
#include "core/sdp/line_rules.hpp"

#include <sstream>

namespace sotto {
namespace {

std::string_view word(sdp::Treatment treatment)
{
    constexpr std::array<std::string_view, 3> words{"-", "passes", "rebuilt"};
    return words[static_cast<std::size_t>(treatment)];
}

std::string names_of(Methods methods)
{
    std::string out;
    for (auto i = 0U; i < static_cast<unsigned>(Method::other); ++i) {
        const auto method = static_cast<Method>(i);
        if (methods.has(method)) out.append(out.empty() ? "" : ", ").append(name_of(method));
    }
    return out;
}

/// The messages in which what passes has a meaning; nothing when it has one in all.
std::string requests_of(const Meaning& meaning)
{
    return meaning.requests == Methods::all() ? std::string{} : " in " + names_of(meaning.requests);
}

std::string responses_of(const Meaning& meaning)
{
    std::string list;
    bool every = meaning.answers == Methods::all();
    for (unsigned i = 1; i <= 6; ++i) {
        every = every && meaning.classes.has(i * 100);
        if (meaning.classes.has(i * 100)) list.append(list.empty() ? "" : ", ").append(std::to_string(i)).append("xx");
    }
    if (every) return {};
    if (!list.empty() && meaning.answers != Methods::all()) list += " to " + names_of(meaning.answers);
    if (!list.empty() && meaning.statuses.front() != 0) list += "; ";
    std::string statuses;
    for (const auto status : meaning.statuses)
        if (status != 0) statuses.append(statuses.empty() ? "" : ", ").append(std::to_string(status));
    return " in " + list + statuses;
}

/// One word where all receivers are treated alike, else one for each.
std::string cell(const std::array<Treatment, 4>& treatments)
{
    bool alike = true;
    for (const auto treatment : treatments) alike = alike && treatment == treatments.front();
    if (alike) return std::string{name_of(treatments.front())};
    std::string out;
    for (std::size_t i = 0; i < treatments.size(); ++i) {
        if (i > 0) out += ", ";
        out.append(name_of(static_cast<Receiver>(i))).append(": ").append(name_of(treatments[i]));
    }
    return out;
}

void list(std::ostream& out, std::string_view title, std::span<const std::string_view> values)
{
    out << "* " << title << ':';
    for (const auto value : values) out << " `" << value << '`';
    out << '\n';
}

void privacy_values(std::ostream& out)
{
    out << "\n## What a Privacy header changes\n\n"
           "RFC 5379 says what a privacy service does to each header for each value of `Privacy`. Sotto does as much "
           "for "
           "every\nmessage, whatever it asks for; the table says what is left to decide. **always**: nothing of it "
           "ever "
           "leaves, or only under\na seal. **then**: it is shown unless a value asks otherwise.\n\n"
           "| header | in | user | header | session | id | history | Sotto |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for (const auto& row : rfc5379::treatments) {
        out << "| " << row.header << " | " << row.where;
        for (const auto demand : row.demands) out << " | " << rfc5379::word(demand);
        out << " | " << (row.kept == rfc5379::Kept::always ? "always" : "then") << " |\n";
    }
}

} // namespace

std::string_view name_of(Receiver receiver)
{
    constexpr std::array<std::string_view, 4> names{"subscriber", "peer", "gateway", "emergency"};
    return names[static_cast<std::size_t>(receiver)];
}

std::string_view name_of(Treatment treatment)
{
    constexpr std::array<std::string_view, 5> names{"-", "passes", "rebuilt", "sealed", "ours"};
    return names[static_cast<std::size_t>(treatment)];
}

std::string minimisation_page()
{
    std::ostringstream out;
    out << "# What the other side learns\n\n"
           "Every message that leaves is built from these tables, in their order; what has no row does not leave. The "
           "page is\n"
           "written from the tables in `server/core/privacy/` (`allow_list.cpp`, `body_rules.hpp`) and "
           "`server/core/sdp/line_rules.hpp` by\n"
           "`minimisation_reference`; a test fails when they differ, and `sotto report minimisation` prints it.\n\n"
           "**passes**: the sender's value, reduced to what Sotto knows, in one spelling; in those messages only "
           "where some are named.\n"
           "**rebuilt**: written anew from what Sotto knows. **sealed**: under a seal of this dialog and this receiver "
           "(SEALING.md). **ours**: Sotto's own "
           "value. **-**: does\n"
           "not leave.\n\n## Headers\n\n| header | in requests | in responses | why | source |\n| --- | --- | --- | "
           "--- | --- |\n";
    for (const auto& rule : header_rules())
        out << "| " << name_of(rule.header) << " | " << cell(rule.request)
            << (rule.request.front() == Treatment::pass ? requests_of(rule.meaning) : "") << " | "
            << cell(rule.response) << (rule.response.front() == Treatment::pass ? responses_of(rule.meaning) : "")
            << " | " << rule.reason << " | " << rule.source << " |\n";
    out << "\nWhat passes is reduced to these, in this order:\n\n";
    list(out, "option tags", carried_option_tags());
    list(out, "methods", carried_methods());
    list(out, "media types", carried_media_types());
    list(out, "event packages", carried_events());
    privacy_values(out);
    out << "\n## Bodies\n\n| type | in | what leaves of it |\n| --- | --- | --- |\n";
    for (const auto& rule : body_rules)
        out << "| `" << rule.type << "` | " << (rule.within == Within::message ? "MESSAGE" : "any message") << " | "
            << rule.reason << " |\n";
    out << "\n## Session descriptions\n\n| line | treatment | why and source |\n| --- | --- | --- |\n";
    for (const auto& rule : sdp::line_rules)
        out << "| `" << rule.line << "` | " << word(rule.treatment) << " | " << rule.reason << " |\n";
    out << "\n## Lengths\n\n"
           "Sotto fills whole cells of `privacy.padding` bytes on the wire with every message, so that its "
           "length tells neither the\n"
           "kind of message nor a name nor the variant of a description; keep-alives stay small. What a phone "
           "itself sends is as long\n"
           "as the phone makes it: who watches the phone's own line can tell messages by their length in that "
           "direction.\n";
    return out.str();
}

} // namespace sotto
