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
           "**passes**: the sender's value, reduced to what Sotto knows, in one spelling. **rebuilt**: written anew "
           "from what Sotto\n"
           "knows. **sealed**: under a seal of this dialog and this receiver (SEALING.md). **ours**: Sotto's own "
           "value. **-**: does\n"
           "not leave.\n\n## Headers\n\n| header | in requests | in responses | why | source |\n| --- | --- | --- | "
           "--- | --- |\n";
    for (const auto& rule : header_rules())
        out << "| " << name_of(rule.header) << " | " << cell(rule.request) << " | " << cell(rule.response) << " | "
            << rule.reason << " | " << rule.source << " |\n";
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
