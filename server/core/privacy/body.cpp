#include "core/privacy/body.hpp"

#include "core/privacy/body_rules.hpp"
#include "core/privacy/geolocation.hpp"
#include "core/privacy/rebuilt_body.hpp"
#include "core/privacy/secure_mime.hpp"
#include "core/privacy/shape.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sotto {
namespace {

constexpr std::size_t most_parts = 8;
constexpr std::string_view boundary = "sotto";
constexpr std::size_t longest_boundary = 70;
constexpr std::string_view location_type = "application/pidf+xml";

std::string_view line_of(std::string_view& rest)
{
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim(line);
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
std::string text_type(std::string_view admitted, std::string_view written)
{
    std::string out{admitted};
    if (iequals(parameter(written, "charset"), "utf-8")) out += ";charset=UTF-8";
    return out;
}

BodyResult minimise_part(std::string_view written_type, std::string_view content, const BodyPolicy& policy,
                         bool inside);

struct Part {
    std::string_view type, content, id, disposition;
    bool coded{false}; ///< in another form than its own (RFC 2045 6): not read, and so not carried
};

Part part_of(std::string_view text)
{
    constexpr std::array<std::string_view, 3> own_form{"7bit", "8bit", "binary"};
    Part part{"text/plain", {}, {}, {}};
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, colon));
        const auto value = trim(line.substr(colon + 1));
        if (iequals(name, "Content-Type")) part.type = value;
        if (iequals(name, "Content-ID")) part.id = value;
        if (iequals(name, "Content-Disposition")) part.disposition = value;
        if (iequals(name, "Content-Transfer-Encoding"))
            part.coded = std::ranges::none_of(own_form, [&](auto form) { return iequals(form, value); });
    }
    part.content = text;
    return part;
}

BodyResult minimise_inner(const Part& part, const BodyPolicy& policy)
{
    if (part.coded) return BodyRefusal{Refusal::unsupported_media, {}};
    return minimise_part(part.type, part.content, policy, true);
}

/// The parts between the delimiters of a multipart, without preamble and epilogue; nothing when it is malformed.
std::optional<std::vector<std::string_view>> parts_of(std::string_view written_type, std::string_view content)
{
    const auto mark = parameter(written_type, "boundary");
    if (mark.empty() || mark.size() > longest_boundary) return std::nullopt;
    const auto delimiter = "--" + mark;
    std::vector<std::string_view> parts;
    auto at = content.starts_with(delimiter) ? 0 : content.find("\r\n" + delimiter);
    while (at != std::string_view::npos) {
        const auto from = content.find(delimiter, at) + delimiter.size();
        if (content.substr(from).starts_with("--")) return parts;
        const auto next = content.find("\r\n" + delimiter, from);
        if (next == std::string_view::npos || parts.size() == most_parts) return std::nullopt;
        auto text = content.substr(from, next - from);
        line_of(text); // the rest of the delimiter's own line
        parts.push_back(text);
        at = next;
    }
    return parts;
}

/// A boundary of ours that is in none of the parts: the same for the same parts, so that it says nothing of who wrote
/// it and stays when they are built anew. Nothing when it would be longer than RFC 2046 5.1.1 has it.
std::optional<std::string> boundary_for(const std::vector<std::string>& parts)
{
    const auto delimiter = "--" + std::string{boundary};
    std::size_t dashes = 0; // one more than behind any that is in the parts
    for (const std::string_view part : parts)
        for (auto at = part.find(delimiter); at != std::string_view::npos; at = part.find(delimiter, at)) {
            at += delimiter.size();
            const auto end = std::min(part.find_first_not_of('-', at), part.size());
            dashes = std::max(dashes, end - at + 1);
        }
    if (boundary.size() + dashes > longest_boundary) return std::nullopt;
    return std::string{boundary}.append(dashes, '-');
}

std::string joined(const std::vector<std::string>& parts, std::string_view own)
{
    std::string out;
    for (const auto& part : parts) out.append("--").append(own).append("\r\n").append(part).append("\r\n");
    return out.append("--").append(own).append("--\r\n");
}

std::string written(const Body& part)
{
    auto out = "Content-Type: " + part.content_type + "\r\n";
    if (!part.content_id.empty()) out += "Content-ID: " + part.content_id + "\r\n";
    if (!part.disposition.empty()) out += "Content-Disposition: " + part.disposition + "\r\n";
    return out + "\r\n" + part.content;
}

BodyResult minimise_multipart(std::string_view admitted, std::string_view written_type, std::string_view content,
                              const BodyPolicy& policy)
{
    const auto parts = parts_of(written_type, content);
    if (!parts) return BodyRefusal{Refusal::bad_body, {}};
    std::vector<Body> kept;
    std::vector<std::string> locations;
    for (const auto text : *parts) {
        const auto part = part_of(text);
        auto minimised = minimise_inner(part, policy);
        if (minimised) {
            if (minimised->content.empty()) continue;
            if (minimised->content_type == location_type) {
                minimised->content_id = location_id(locations.size());
                locations.emplace_back(part.id);
            }
            minimised->disposition = disposition(part.disposition, minimised->content_type);
            kept.push_back(std::move(*minimised));
        } else if (minimised.error().refusal != Refusal::unsupported_media) {
            return minimised.error(); // a description that may not pass is not hidden by leaving it out
        }
    }
    if (kept.empty()) return BodyRefusal{Refusal::unsupported_media, {}};
    if (kept.size() == 1 && kept.front().disposition.empty() && kept.front().content_id.empty())
        return std::move(kept.front());
    std::vector<std::string> texts;
    texts.reserve(kept.size());
    for (const auto& part : kept) texts.push_back(written(part));
    const auto own = boundary_for(texts);
    if (!own) return BodyRefusal{Refusal::bad_body, {}};
    return Body{.content_type = std::string{admitted} + ";boundary=" + *own,
                .content = joined(texts, *own),
                .locations = std::move(locations)};
}

/// RFC 3862: who writes to whom and when is said by the message around it, as far as it may be; the text remains.
BodyResult minimise_cpim(std::string_view content, const BodyPolicy& policy)
{
    while (!line_of(content).empty()) {
    }
    const auto part = part_of(content);
    auto inner = minimise_inner(part, policy);
    if (!inner) return inner.error();
    return Body{"message/cpim", "\r\n" + written(*inner)};
}

/// Why a message whose addresses cannot be hidden does not go on (RFC 3323 5).
Refusal not_hidden(const BodyPolicy& policy)
{
    return policy.critical ? Refusal::privacy_critical : Refusal::not_acceptable_here;
}

/// S/MIME as RFC 3261 23.2 has it. What is sealed to the receiver passes as it is, where nobody has to vouch for what
/// is in it: under relay-only an address could be. Certificates are named around what is sealed, of a withheld sender
/// not its own. A signature that can be read vouches for text and nothing else, and names its maker.
BodyResult minimise_enveloped(std::string_view content, const BodyPolicy& policy)
{
    if (policy.sdp.relay_only && policy.method != Method::message)
        return BodyRefusal{not_hidden(policy), "Media addresses that cannot be read cannot be hidden"};
    const auto kind = cms_content(content);
    if (kind != CmsContent::other && policy.withheld && !names_receiver_alone(content))
        return BodyRefusal{Refusal::not_acceptable_here, "S/MIME for others too names who withholds a name"};
    switch (kind) {
    case CmsContent::enveloped:
        return Body{"application/pkcs7-mime;smime-type=enveloped-data", std::string{content}};
    case CmsContent::auth_enveloped:
        return Body{"application/pkcs7-mime;smime-type=authEnveloped-data", std::string{content}};
    case CmsContent::other:
        break;
    }
    return BodyRefusal{Refusal::not_acceptable_here, "S/MIME must be encrypted for its receiver"};
}

/// multipart/signed of a text and its signature (RFC 8551 3.5.3): the first part is signed as it stands, so it passes
/// so or not at all.
BodyResult minimise_signed(std::string_view written_type, std::string_view content, const BodyPolicy& policy)
{
    if (policy.withheld) return BodyRefusal{Refusal::not_acceptable_here, "A signature names who withholds a name"};
    const auto parts = parts_of(written_type, content);
    if (!parts || parts->size() != 2) return BodyRefusal{Refusal::bad_body, {}};
    const auto signature = part_of(parts->back());
    const auto coding = find_micalg(parameter(written_type, "micalg"));
    if (coding.empty() || !is_plain_text(parts->front()) ||
        !iequals(trim(signature.type.substr(0, signature.type.find(';'))), "application/pkcs7-signature") ||
        !is_base64_text(signature.content))
        return BodyRefusal{Refusal::unsupported_media, {}};
    const std::vector<std::string> texts{
        std::string{parts->front()},
        "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
            std::string{signature.content}};
    const auto own = boundary_for(texts);
    if (!own) return BodyRefusal{Refusal::bad_body, {}};
    return Body{"multipart/signed;protocol=\"application/pkcs7-signature\";micalg=" + std::string{coding} +
                    ";boundary=" + *own,
                joined(texts, *own)};
}

BodyResult from_sdp(std::string_view type, sdp::SdpResult result, const BodyPolicy& policy)
{
    if (!result)
        return BodyRefusal{result.error() == sdp::SdpRefusal::no_relay_candidate ? not_hidden(policy)
                                                                                 : Refusal::not_acceptable_here,
                           sdp::explanation_of(result.error())};
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
    const auto* rule = std::ranges::find(body_rules, admitted, &BodyRule::type);
    if (rule == body_rules.end() || (rule->within == Within::message && policy.method != Method::message))
        return BodyRefusal{Refusal::unsupported_media, {}};
    switch (rule->content) {
    case Content::sdp:
        return from_sdp(admitted, sdp::minimise(content, policy.sdp), policy);
    case Content::sdp_fragment:
        return from_sdp(admitted, sdp::minimise_sdpfrag(content, policy.sdp), policy);
    case Content::status_line:
        return built(rebuilt::status_line(content));
    case Content::dtmf:
        return built(rebuilt::dtmf(content));
    case Content::bare_dtmf:
        return built(rebuilt::bare_dtmf(content));
    case Content::composing:
        return built(rebuilt::composing(content));
    case Content::picture_request:
        return built(rebuilt::picture_request(content));
    case Content::text:
        return Body{text_type(admitted, written_type), std::string{content}};
    case Content::enveloped:
        return minimise_enveloped(content, policy);
    case Content::multipart:
    case Content::cpim:
    case Content::signed_text:
        break;
    }
    if (inside) return BodyRefusal{Refusal::bad_body, {}};
    if (rule->content == Content::cpim) return minimise_cpim(content, policy);
    if (rule->content == Content::signed_text) return minimise_signed(written_type, content, policy);
    return minimise_multipart(admitted, written_type, content, policy);
}

} // namespace

BodyResult minimise_body(const Message& source, const BodyPolicy& policy)
{
    if (source.body.empty()) return Body{};
    const auto type = source.field(Header::content_type);
    if (!type) return BodyRefusal{Refusal::bad_body, {}};
    if (const auto coding = source.field(Header::content_encoding); coding && !iequals(*coding, "identity"))
        return BodyRefusal{Refusal::unsupported_media, {}};
    auto body = minimise_part(*type, source.body, policy, false);
    if (body && body->content_type == location_type) { // RFC 8262: then the message itself says what it is called
        body->content_id = location_id(0);
        body->locations.emplace_back(source.field(Header::content_id).value_or(std::string_view{}));
    }
    return body;
}

void throw_exception_from_error(const BodyRefusal&, const boost::source_location&)
{
    throw std::logic_error{"a refused body has no value"};
}

} // namespace sotto
