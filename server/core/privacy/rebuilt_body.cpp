#include "core/privacy/rebuilt_body.hpp"

#include "core/message/refusal.hpp"
#include "core/types/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace sotto::rebuilt {
namespace {

std::string_view line_of(std::string_view& rest)
{
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim(line);
}

/// The text of the first element of that name, whatever its prefix and attributes; empty when there is none.
std::string_view text_in(std::string_view xml, std::string_view name)
{
    constexpr auto none = std::string_view::npos;
    auto open = xml.find('<');
    while (open != none) {
        const auto close = xml.find('>', open);
        if (close == none) break; // nor is there one for a later tag
        auto tag = xml.substr(open + 1, close - open - 1);
        tag = tag.substr(0, tag.find_first_of(" \t\r\n/"));
        if (const auto colon = tag.find(':'); colon != none) tag.remove_prefix(colon + 1);
        open = xml.find('<', close);
        if (tag == name) return trim(xml.substr(close + 1, open - close - 1));
    }
    return {};
}

std::optional<std::uint32_t> number_in(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

/// The keys of a telephone, in the order of RFC 4733 3.2.
constexpr std::string_view keys = "0123456789*#ABCD";

/// The key, in capitals; empty when it is none.
std::string key_in(std::string_view text)
{
    if (text.size() != 1) return {};
    const char key =
        text.front() >= 'a' && text.front() <= 'd' ? static_cast<char>(text.front() - 'a' + 'A') : text.front();
    return keys.find(key) == keys.npos ? std::string{} : std::string{key};
}

/// The key, also by its number; the flash is nothing else.
std::string signal_in(std::string_view text)
{
    constexpr std::string_view flash = "16";
    if (text == flash) return std::string{flash};
    if (text.size() == 1) return key_in(text);
    const auto number = text.size() == 2 && text.front() == '1' ? number_in(text) : std::nullopt;
    return number && *number < keys.size() ? std::string{keys[*number]} : std::string{};
}

} // namespace

std::string status_line(std::string_view body)
{
    constexpr std::string_view version = "SIP/2.0 ";
    const auto line = line_of(body);
    int status = 0;
    if (!line.starts_with(version)) return {};
    const auto digits = line.substr(version.size(), 3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    if (error != std::errc{} || end != digits.data() + 3 || status < 100 || status > 699) return {};
    return std::string{version}.append(digits).append(" ").append(reason_of(status)).append("\r\n");
}

std::string dtmf(std::string_view body)
{
    constexpr std::uint32_t usual = 160;
    constexpr std::uint32_t longest = 10'000;
    std::string signal;
    std::uint32_t duration = usual; // milliseconds
    while (!body.empty()) {
        const auto line = line_of(body);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, equals));
        const auto value = trim(line.substr(equals + 1));
        if (iequals(name, "Signal"))
            if (auto given = signal_in(value); !given.empty()) signal = std::move(given);
        if (iequals(name, "Duration")) duration = number_in(value).value_or(usual);
    }
    if (signal.empty()) return {};
    const auto seconds = (std::min(duration, longest) + 500) / 1'000;
    return "Signal=" + signal + "\r\nDuration=" + std::to_string(seconds == 0 ? usual : seconds * 1'000) + "\r\n";
}

std::string bare_dtmf(std::string_view body) { return signal_in(trim(body)); }

std::string composing(std::string_view body)
{
    constexpr std::size_t longest = 2'048; // what phones write has some 300 bytes
    if (body.size() > longest) return {};
    const auto state = text_in(body, "state");
    if (state != "active" && state != "idle") return {};
    return std::string{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                       "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>"}
        .append(state)
        .append("</state></isComposing>\r\n");
}

std::string picture_request(std::string_view body)
{
    if (body.find("picture_fast_update") == std::string_view::npos) return {};
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<media_control><vc_primitive><to_encoder>"
           "<picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n";
}

} // namespace sotto::rebuilt
