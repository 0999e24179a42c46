// Writes docs/minimisation.md from the tables that the daemon itself goes by.
#include "core/privacy/allow_list.hpp"
#include "core/sdp/line_rules.hpp"

#include <iostream>
#include <string>

namespace {

using namespace sotto;

std::string_view word(Treatment treatment)
{
    constexpr std::array<std::string_view, 5> words{"-", "passes", "rebuilt", "sealed", "ours"};
    return words[static_cast<std::size_t>(treatment)];
}

std::string_view word(sdp::Treatment treatment)
{
    constexpr std::array<std::string_view, 3> words{"-", "passes", "rebuilt"};
    return words[static_cast<std::size_t>(treatment)];
}

/// One word where all receivers are treated alike, else one for each.
std::string cell(const std::array<Treatment, 4>& treatments)
{
    constexpr std::array<std::string_view, 4> receivers{"subscriber", "peer", "gateway", "emergency"};
    bool alike = true;
    for (const auto treatment : treatments) alike = alike && treatment == treatments.front();
    if (alike) return std::string{word(treatments.front())};
    std::string out;
    for (std::size_t i = 0; i < receivers.size(); ++i) {
        if (i > 0) out += ", ";
        out.append(receivers[i]).append(": ").append(word(treatments[i]));
    }
    return out;
}

void list(std::string_view title, std::span<const std::string_view> values)
{
    std::cout << "* " << title << ':';
    for (const auto value : values) std::cout << " `" << value << '`';
    std::cout << '\n';
}

} // namespace

int main()
{
    std::cout
        << "# What the other side learns\n\n"
           "Every message that leaves is built from these tables, in their order; what has no row does not leave. The "
           "page is\n"
           "written from the tables in `server/core/privacy/allow_list.cpp` and `server/core/sdp/line_rules.hpp` by\n"
           "`minimisation_reference`; a test fails when they differ.\n\n"
           "**passes**: the sender's value, reduced to what Sotto knows, in one spelling. **rebuilt**: written anew "
           "from what Sotto\n"
           "knows. **sealed**: under a seal of this dialog and this receiver (SEALING.md). **ours**: Sotto's own "
           "value. **-**: does\n"
           "not leave.\n\n## Headers\n\n| header | in requests | in responses | why | source |\n| --- | --- | --- | "
           "--- | --- |\n";
    for (const auto& rule : header_rules())
        std::cout << "| " << name_of(rule.header) << " | " << cell(rule.request) << " | " << cell(rule.response)
                  << " | " << rule.reason << " | " << rule.source << " |\n";
    std::cout << "\nWhat passes is reduced to these, in this order:\n\n";
    list("option tags", carried_option_tags());
    list("methods", carried_methods());
    list("media types", carried_media_types());
    list("event packages", carried_events());
    std::cout << "\n## Session descriptions\n\n| line | treatment | why and source |\n| --- | --- | --- |\n";
    for (const auto& rule : sdp::line_rules)
        std::cout << "| `" << rule.line << "` | " << word(rule.treatment) << " | " << rule.reason << " |\n";
    std::cout << "\n## Lengths\n\n"
                 "Sotto fills whole cells of `privacy.padding` bytes on the wire with every message, so that its "
                 "length tells neither the\n"
                 "kind of message nor a name nor the variant of a description; keep-alives stay small. What a phone "
                 "itself sends is as long\n"
                 "as the phone makes it: who watches the phone's own line can tell messages by their length in that "
                 "direction.\n";
    return std::cout.good() ? 0 : 1;
}
