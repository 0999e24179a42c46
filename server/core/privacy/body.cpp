#include "core/privacy/body.hpp"

#include "core/privacy/shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace sotto {
namespace {

constexpr std::size_t most_parts = 8;
constexpr std::string_view boundary = "sotto";
constexpr std::string_view location_type = "application/pidf+xml";

enum class Content : std::uint8_t { sdp, sdp_fragment, status_line, dtmf, multipart, end_to_end };

struct Handling {
    std::string_view type;
    Content content;
};
constexpr std::array handlings{
    Handling{"application/sdp", Content::sdp},
    Handling{"application/trickle-ice-sdpfrag", Content::sdp_fragment},
    Handling{"message/sipfrag", Content::status_line},
    Handling{"application/dtmf-relay", Content::dtmf},
    Handling{"multipart/mixed", Content::multipart},
    Handling{"multipart/alternative", Content::multipart},
};

Content handling_of(std::string_view type)
{
    const auto* row = std::ranges::find(handlings, type, &Handling::type);
    return row == handlings.end() ? Content::end_to_end : row->content;
}

std::string_view line_of(std::string_view& rest)
{
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim(line);
}

/// RFC 3515 2.4.5: a transfer's progress is a status line; more would quote the other leg.
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

/// Signal and Duration of application/dtmf-relay, in one spelling.
std::string dtmf(std::string_view body)
{
    std::string signal;
    std::string duration;
    while (!body.empty()) {
        const auto line = line_of(body);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, equals));
        const auto value = trim(line.substr(equals + 1));
        constexpr std::string_view keys = "0123456789*#ABCDabcd";
        const bool number = !value.empty() && value.size() <= 5 && value.find_first_not_of("0123456789") == value.npos;
        if (iequals(name, "Signal") && value.size() == 1 && keys.find(value.front()) != keys.npos) signal = value;
        if (iequals(name, "Duration") && number) duration = value;
    }
    if (signal.empty()) return {};
    auto out = "Signal=" + signal + "\r\n";
    if (!duration.empty()) out += "Duration=" + duration + "\r\n";
    return out;
}

std::string unquoted(std::string_view value)
{
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string{value};
}

std::string parameter(std::string_view content_type, std::string_view name)
{
    const auto semicolon = content_type.find(';');
    if (semicolon == std::string_view::npos) return {};
    return unquoted(find_param(content_type.substr(semicolon + 1), name).value_or(std::string_view{}));
}

/// What a type keeps of its parameters: only what its content cannot be read without.
std::string type_with_parameters(std::string_view admitted, std::string_view written)
{
    std::string out{admitted};
    if (admitted == "text/plain" && iequals(parameter(written, "charset"), "utf-8")) out += ";charset=UTF-8";
    if (admitted == "application/pkcs7-mime")
        for (const std::string_view kind : {"enveloped-data", "signed-data", "authEnveloped-data"})
            if (iequals(parameter(written, "smime-type"), kind)) (out += ";smime-type=") += kind;
    return out;
}

BodyResult minimise_part(std::string_view written_type, std::string_view content, const BodyPolicy& policy,
                         bool inside);

struct Part {
    std::string_view type, content, id;
};

Part part_of(std::string_view text)
{
    Part part{"text/plain", {}, {}};
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && iequals(trim(line.substr(0, colon)), "Content-Type"))
            part.type = trim(line.substr(colon + 1));
        if (colon != std::string_view::npos && iequals(trim(line.substr(0, colon)), "Content-ID"))
            part.id = trim(line.substr(colon + 1));
    }
    part.content = text;
    return part;
}

/// RFC 2392: what a `cid:` URI may name, in angle brackets.
bool is_content_id(std::string_view id)
{
    constexpr std::size_t longest = 128;
    return id.size() > 2 && id.size() <= longest && id.front() == '<' && id.back() == '>' &&
           id.find_first_of(" \t\"\\", 0) == std::string_view::npos;
}

BodyResult minimise_multipart(std::string_view admitted, std::string_view written_type, std::string_view content,
                              const BodyPolicy& policy)
{
    const auto mark = parameter(written_type, "boundary");
    if (mark.empty() || mark.size() > 70) return BodyRefusal{Refusal::bad_body, {}};
    const auto delimiter = "--" + mark;
    std::vector<Body> kept;
    auto at = content.starts_with(delimiter) ? 0 : content.find("\r\n" + delimiter);
    for (std::size_t parts = 0; at != std::string_view::npos; ++parts) {
        if (parts > most_parts) return BodyRefusal{Refusal::bad_body, {}};
        const auto from = content.find(delimiter, at) + delimiter.size();
        if (content.substr(from).starts_with("--")) break;
        const auto next = content.find("\r\n" + delimiter, from);
        if (next == std::string_view::npos) return BodyRefusal{Refusal::bad_body, {}};
        auto text = content.substr(from, next - from);
        line_of(text); // the rest of the delimiter's own line
        const auto part = part_of(text);
        auto minimised = minimise_part(part.type, part.content, policy, true);
        if (minimised) {
            if (minimised->content_type == location_type && is_content_id(part.id)) minimised->content_id = part.id;
            if (!minimised->content.empty()) kept.push_back(std::move(*minimised));
        } else if (minimised.error().refusal != Refusal::unsupported_media) {
            return minimised.error(); // a description that may not pass is not hidden by leaving it out
        }
        at = next;
    }
    if (kept.empty()) return BodyRefusal{Refusal::unsupported_media, {}};
    if (kept.size() == 1) return std::move(kept.front());
    Body out;
    std::string own{boundary};
    while (std::ranges::any_of(kept, [&](const Body& b) { return b.content.find("--" + own) != std::string::npos; }))
        own += '-';
    out.content_type = std::string{admitted} + ";boundary=" + own;
    for (const auto& part : kept) {
        out.content += "--" + own + "\r\nContent-Type: " + part.content_type + "\r\n";
        if (!part.content_id.empty()) out.content += "Content-ID: " + part.content_id + "\r\n";
        out.content += "\r\n" + part.content + "\r\n";
    }
    out.content += "--" + own + "--\r\n";
    return out;
}

BodyResult from_sdp(std::string_view type, sdp::SdpResult result)
{
    if (!result) return BodyRefusal{Refusal::not_acceptable_here, sdp::explanation_of(result.error())};
    return Body{std::string{type}, std::move(*result)};
}

BodyResult minimise_part(std::string_view written_type, std::string_view content, const BodyPolicy& policy, bool inside)
{
    const auto admitted = admitted_media_type(written_type);
    if (admitted.empty() && policy.location &&
        iequals(trim(written_type.substr(0, written_type.find(';'))), location_type))
        return Body{std::string{location_type}, std::string{content}};
    if (admitted.empty()) return BodyRefusal{Refusal::unsupported_media, {}};
    const auto built = [&](std::string text) -> BodyResult {
        if (text.empty()) return BodyRefusal{Refusal::bad_body, {}};
        return Body{std::string{admitted}, std::move(text)};
    };
    switch (handling_of(admitted)) {
    case Content::sdp:
        return from_sdp(admitted, sdp::minimise(content, policy.sdp));
    case Content::sdp_fragment:
        return from_sdp(admitted, sdp::minimise_sdpfrag(content, policy.sdp));
    case Content::status_line:
        return built(status_line(content));
    case Content::dtmf:
        return built(dtmf(content));
    case Content::multipart:
        if (inside) return BodyRefusal{Refusal::bad_body, {}};
        return minimise_multipart(admitted, written_type, content, policy);
    case Content::end_to_end:
        break;
    }
    return Body{type_with_parameters(admitted, written_type), std::string{content}};
}

} // namespace

BodyResult minimise_body(const Message& source, const BodyPolicy& policy)
{
    if (source.body.empty()) return Body{};
    const auto type = source.field(Header::content_type);
    if (!type) return BodyRefusal{Refusal::bad_body, {}};
    if (const auto coding = source.field(Header::content_encoding); coding && !iequals(*coding, "identity"))
        return BodyRefusal{Refusal::unsupported_media, {}};
    return minimise_part(*type, source.body, policy, false);
}

void throw_exception_from_error(const BodyRefusal&, const boost::source_location&)
{
    throw std::logic_error{"a refused body has no value"};
}

} // namespace sotto
