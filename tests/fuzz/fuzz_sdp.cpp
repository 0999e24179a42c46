// Any bytes as a session description and as a trickled fragment:
// - only lines leave that a rule admits, and nothing of those that no rule reads;
// - under relay-only every address that leaves is a relay's;
// - no key leaves that the policy does not permit, and no media without a key;
// - what was minimised once is of the canonical form: minimising it changes nothing.
#include "core/sdp/line_rules.hpp"
#include "core/sdp/minimise.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace sotto::sdp;
using sotto::fuzz::require;

namespace {

using Minimise = SdpResult (*)(std::string_view, const SdpPolicy&);

constexpr std::string_view canary = "zqCanaryzq";

/// In the session's own part, and behind all else.
std::string with_unread_lines(std::string_view text)
{
    constexpr std::string_view lines = "i=zqCanaryzq\r\nb=AS:zqCanaryzq\r\na=tool:zqCanaryzq\r\na=x-zqCanaryzq\r\n"
                                       "a=cname:zqCanaryzq\r\na=key-mgmt:zqCanaryzq\r\n";
    std::string out{text};
    out.insert(std::min(out.size(), out.find('\n') + 1), lines);
    if (!out.ends_with('\n')) out += "\r\n";
    return out += lines;
}

/// The lines of `text` that begin so, without that beginning.
std::vector<std::string_view> lines_of(std::string_view text, std::string_view beginning)
{
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto line = take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with(beginning)) lines.push_back(line.substr(beginning.size()));
    }
    return lines;
}

/// Not by what the minimiser reads candidates and addresses with.
void check_relayed(std::string_view text)
{
    std::vector<std::string> relays{" 0.0.0.0", " ::"};
    for (auto candidate : lines_of(text, "a=candidate:")) {
        require(candidate.find(" typ relay") != std::string_view::npos, "relay-only shows relays only");
        for (int words = 0; words < 4; ++words) take_word(candidate);
        relays.push_back(" " + std::string{take_word(candidate)});
        const auto related = candidate.substr(std::min(candidate.size(), candidate.find(" raddr ")));
        require(related.starts_with(" raddr 0.0.0.0 rport 9") || related.starts_with(" raddr :: rport 9"),
                "nor what is behind them");
    }
    for (const auto beginning : {"c=", "a=rtcp:"})
        for (const auto line : lines_of(text, beginning))
            require(std::ranges::any_of(relays, [&](const auto& relay) { return line.ends_with(relay); }),
                    "media goes to a relay");
    require(lines_of(text, "a=remote-candidates").empty(), "nor how the other side is reached");
}

void check_lines(std::string_view text, const SdpPolicy& policy)
{
    for (const auto attribute : lines_of(text, "a=")) {
        const auto* rule = attribute_rule(attribute.substr(0, attribute.find(':')));
        require(rule != nullptr, "only known attributes leave");
        require(rule->treatment != Treatment::drop || (policy.permit_sdes && rule->kind == Kind::crypto),
                "only attributes that a rule admits leave");
    }
    require(policy.permit_sdes || lines_of(text, "a=crypto").empty(), "no readable key leaves");
    require(policy.dtls_srtp || lines_of(text, "a=fingerprint").empty(), "no key of a keying that is switched off");
    require(policy.zrtp || lines_of(text, "a=zrtp-hash").empty(), "no hash of one that is switched off");
}

/// Every section that carries media has a key, or shares the transport of one that has (RFC 8843). Not by what the
/// minimiser finds that out with.
void check_protected(std::string_view text)
{
    struct Media {
        bool carried{false}, keyed{false};
        std::string_view mid;
    };
    std::vector<Media> sections;
    std::vector<std::string> groups;
    for (const auto line : lines_of(text, "")) {
        if (line.starts_with("a=group:BUNDLE ")) groups.push_back(std::string{line.substr(14)} + ' ');
        if (line.starts_with("m=")) sections.push_back({.carried = line.find(" 0 ") != line.find(' ')});
        if (sections.empty()) continue;
        auto& section = sections.back();
        if (line == "a=bundle-only") section.carried = true;
        if (line.starts_with("a=mid:")) section.mid = line.substr(6);
        for (const auto key : {"a=fingerprint:", "a=zrtp-hash:", "a=crypto:"})
            section.keyed = section.keyed || line.starts_with(key);
    }
    const auto named = [](const std::string& group, const Media& section) {
        return !section.mid.empty() && group.find(" " + std::string{section.mid} + " ") != std::string::npos;
    };
    for (const auto& section : sections) {
        const auto shares = [&](const Media& other) {
            return other.carried && other.keyed && std::ranges::any_of(groups, [&](const auto& group) {
                       return named(group, section) && named(group, other);
                   });
        };
        require(!section.carried || section.keyed || std::ranges::any_of(sections, shares),
                "no media leaves without a key");
    }
}

void check(std::string_view text, const SdpPolicy& policy, Minimise minimise_text)
{
    const auto once = minimise_text(text, policy);
    if (!once.has_value()) return;

    check_lines(*once, policy);
    if (minimise_text == &minimise) check_protected(*once);
    if (policy.relay_only) check_relayed(*once);
    for (const char c : *once) require((c >= ' ' && c < '\x7F') || c == '\r' || c == '\n', "only text leaves");

    // What was minimised once is of the canonical form; and nothing that a policy refuses hides in what it let pass.
    const auto twice = minimise_text(*once, policy);
    require(twice.has_value(), "a second pass takes it");
    require(*twice == *once, "a second pass changes nothing");
}

} // namespace

/// The number of bytes chooses the policy, so that session descriptions as they are can be seeds: a line `a=pad:`,
/// which no rule reads, brings one to a length of the policy that it is for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const SdpPolicy policy{.relay_only = (size & 1U) != 0,
                           .permit_sdes = (size & 2U) != 0,
                           .dtls_srtp = (size & 12U) != 4,
                           .zrtp = (size & 12U) != 8,
                           .offer = (size & 16U) != 0,
                           .session_id = 1};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    for (const auto minimise_text : {minimise, minimise_sdpfrag}) {
        check(text, policy, minimise_text);
        if (text.find(canary) != std::string_view::npos) continue;
        const auto unread = minimise_text(with_unread_lines(text), policy);
        require(!unread || unread->find(canary) == std::string::npos, "nothing of an unread line survives");
    }
    return 0;
}
