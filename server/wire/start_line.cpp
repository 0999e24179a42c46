#include "wire/start_line.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"

namespace sotto::wire {
namespace {

constexpr std::string_view own_version = "SIP/2.0";
constexpr auto none = std::string_view::npos;

bool is_version(std::string_view text)
{
    if (text.size() < 7 || !iequals(text.substr(0, 4), "SIP/")) return false;
    const auto dot = text.find('.', 4);
    return dot != none && all_digits(text.substr(4, dot - 4)) && all_digits(text.substr(dot + 1));
}

// A reason phrase is never read: Sotto writes its own.
std::optional<StartLine> status_line(std::string_view line)
{
    if (line.size() < 11 || !iequals(line.substr(0, 8), "SIP/2.0 ")) return std::nullopt;
    const auto digits = line.substr(8, 3);
    if (!all_digits(digits) || (line.size() > 11 && line[11] != ' ')) return std::nullopt;
    const auto status = static_cast<std::uint16_t>(number_up_to(1'000, digits));
    if (status < 100 || status > 699) return std::nullopt;
    return StartLine{.is_request = false, .status = status};
}

} // namespace

std::optional<StartLine> read_start_line(std::string_view line)
{
    if (line.size() >= 4 && iequals(line.substr(0, 4), "SIP/")) return status_line(line);

    const auto first = line.find(' ');
    if (first == none) return std::nullopt;
    const auto trimmed = trim(line);
    const auto last = trimmed.rfind(' ');
    if (last == none) return std::nullopt;
    const auto version = trimmed.substr(last + 1);
    StartLine start{.method = line.substr(0, first)};
    if (!all(In::token, start.method) || !is_version(version)) return std::nullopt;

    // Exactly one space on either side of the URI, none inside and nothing behind the version (RFC 3261 7.1).
    if (last > first) start.uri = line.substr(first + 1, last - first - 1);
    if (trimmed.size() != line.size() || start.uri.empty() || find_either(start.uri, ' ', '\t') != none)
        start.defect = Refusal::malformed_request_line;
    else if (!iequals(version, own_version))
        start.defect = Refusal::unsupported_version;
    return start;
}

} // namespace sotto::wire
