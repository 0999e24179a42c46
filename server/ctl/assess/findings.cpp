#include "ctl/assess/findings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sotto::assess {
namespace {

struct Answer {
    Verdict verdict;
    std::string seen;
};

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

Answer yes_is_bad(const std::optional<bool>& answer, const char* yes, const char* no)
{
    if (!answer) return {Verdict::unknown, "could not be found out"};
    return *answer ? Answer{Verdict::bad, yes} : Answer{Verdict::good, no};
}

Answer tls(const Observed& seen)
{
    if (seen.version.empty()) return {Verdict::unknown, "could not be found out"};
    if (seen.version == "TLSv1.3") return {Verdict::good, seen.version};
    return {seen.version == "TLSv1.2" ? Verdict::weak : Verdict::bad, seen.version};
}

Answer old_tls(const Observed& seen)
{
    return yes_is_bad(seen.old_tls, "TLS 1.1 or older is accepted", "TLS 1.1 and older are refused");
}

Answer ciphers(const Observed& seen)
{
    return yes_is_bad(seen.weak_ciphers, "TLS 1.2 without forward secrecy or AEAD is accepted",
                      "nothing without forward secrecy and AEAD is accepted");
}

Answer certificate(const Observed& seen)
{
    if (seen.version.empty()) return {Verdict::unknown, "could not be found out"};
    if (!seen.certificate_fault.empty()) return {Verdict::bad, seen.certificate_fault};
    const auto days = std::to_string(seen.certificate_days) + " days left";
    constexpr int soon = 7;
    return {seen.certificate_days < soon ? Verdict::weak : Verdict::good, days};
}

Answer plaintext(const Observed& seen)
{
    if (seen.plain_tcp.value_or(false) || seen.plain_udp.value_or(false))
        return {Verdict::bad, std::string{"SIP is answered without encryption, over "} +
                                  (seen.plain_tcp.value_or(false) ? "TCP" : "UDP")};
    if (!seen.plain_tcp || !seen.plain_udp) return {Verdict::unknown, "could not be found out"};
    return {Verdict::good, "nothing answers without encryption on port 5060"};
}

Answer software(const Observed& seen)
{
    if (!seen.answers) return {Verdict::unknown, "no answer to look at"};
    if (seen.software.empty()) return {Verdict::good, "names no program"};
    return {Verdict::bad, "names " + joined(seen.software)};
}

Answer addresses(const Observed& seen)
{
    if (!seen.answers) return {Verdict::unknown, "no answer to look at"};
    if (seen.addresses.empty()) return {Verdict::good, "shows no address of its network"};
    return {Verdict::bad, "shows " + joined(seen.addresses)};
}

/// RFC 3261 22: whoever has proved nothing is challenged, whether or not the address exists.
Answer unknown_addresses(const Observed& seen)
{
    const std::array statuses{seen.unknown_registers, seen.unknown_is_asked};
    constexpr std::array<int, 4> telling{404, 604, 410, 403};
    for (const int status : statuses) {
        if (status >= 200 && status < 300) return {Verdict::bad, "serves a stranger: " + std::to_string(status)};
        if (std::ranges::find(telling, status) != telling.end())
            return {Verdict::bad, "says to a stranger that an address is unknown: " + std::to_string(status)};
    }
    if (seen.unknown_registers == 0) return {Verdict::unknown, "no answer to look at"};
    return {Verdict::good,
            "a stranger gets " + std::to_string(seen.unknown_registers) + " for an address that nobody has"};
}

Answer digest(const Observed& seen)
{
    if (seen.digests.empty()) return {Verdict::unknown, "asks for no password"};
    const bool strong = std::ranges::any_of(seen.digests, [](const auto& name) { return name.starts_with("SHA-"); });
    const bool md5 = std::ranges::any_of(seen.digests, [](const auto& name) { return name.starts_with("MD5"); });
    return {!strong ? Verdict::bad : md5 ? Verdict::weak : Verdict::good, joined(seen.digests)};
}

Answer padding(const Observed& seen)
{
    if (!seen.padded) return {Verdict::unknown, "no answers to compare"};
    return *seen.padded ? Answer{Verdict::good, "answers of different lengths are as long on the wire"}
                        : Answer{Verdict::bad, "the length of an answer shows on the wire"};
}

struct Question {
    std::string_view check;
    int of;
    Answer (*answer)(const Observed&);
    std::string_view matters;
};
// clang-format off
constexpr std::array questions{
    Question{"tls",         15, tls,               "forward secrecy, and a handshake that shows no certificate (RFC 8446, RFC 9325 3.1.1)"},
    Question{"old_tls",     15, old_tls,           "TLS 1.0 and 1.1 are broken (RFC 8996)"},
    Question{"ciphers",     10, ciphers,           "who records traffic today must not read it with a key stolen tomorrow (RFC 9325 4.1)"},
    Question{"certificate", 15, certificate,       "without it anybody on the way can take the server's place (RFC 5922 7)"},
    Question{"plaintext",   20, plaintext,         "who calls whom, and passwords' hashes, can be read on the way (RFC 3261 26, RFC 7258)"},
    Question{"software",     5, software,          "tells an attacker which faults to try (RFC 3261 20.35, 20.41)"},
    Question{"addresses",    5, addresses,         "draws the network behind the server (RFC 3323 5.1)"},
    Question{"enumeration",  5, unknown_addresses, "strangers can find out who is a subscriber (RFC 3261 26.3.2)"},
    Question{"digest",       5, digest,            "MD5 is the weaker hash (RFC 8760 2.1)"},
    Question{"padding",      5, padding,           "lengths tell kinds of messages, and names apart (RFC 8446 5.4, RFC 7624 5.2)"}};
// clang-format on

int points_for(Verdict verdict, int of)
{
    return verdict == Verdict::good ? of : verdict == Verdict::weak ? of / 2 : 0;
}

} // namespace

std::optional<Target> target_from(const std::string& text)
{
    const auto is_port = [](std::string_view port) {
        unsigned number = 0;
        const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
        return wrong == std::errc{} && end == port.data() + port.size() && number > 0 && number < 65'536;
    };
    const bool bracketed = text.starts_with('[');
    const auto close = bracketed ? text.find(']') : text.rfind(':');
    Target target;
    std::string rest;
    if (bracketed) {
        if (close == std::string::npos) return std::nullopt;
        target.host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
    } else {
        target.host = text.substr(0, close);
        rest = close == std::string::npos ? "" : text.substr(close);
    }
    constexpr std::string_view of_a_host = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const bool named = target.host.find_first_not_of(of_a_host) == std::string::npos;
    const bool numbered = bracketed && target.host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos;
    if (target.host.empty() || (!named && !numbered)) return std::nullopt;
    if (rest.empty()) return target;
    if (!rest.starts_with(':') || !is_port(std::string_view{rest}.substr(1))) return std::nullopt;
    target.port = rest.substr(1);
    return target;
}

std::string_view name_of(Verdict verdict)
{
    constexpr std::array<std::string_view, 4> names{"good", "weak", "bad", "unknown"};
    return names[static_cast<std::size_t>(verdict)];
}

std::vector<Finding> judge(const Observed& observed)
{
    std::vector<Finding> findings;
    for (const auto& question : questions) {
        auto [verdict, seen] = question.answer(observed);
        findings.push_back({.check = question.check,
                            .verdict = verdict,
                            .points = points_for(verdict, question.of),
                            .of = question.of,
                            .seen = std::move(seen),
                            .matters = question.matters});
    }
    return findings;
}

int score(const std::vector<Finding>& findings)
{
    int got = 0;
    int possible = 0;
    for (const auto& finding : findings) {
        if (finding.verdict == Verdict::unknown) continue;
        got += finding.points;
        possible += finding.of;
    }
    return possible == 0 ? 0 : got * 100 / possible;
}

} // namespace sotto::assess
