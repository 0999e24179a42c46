#include "core/sdp/lines.hpp"

#include "core/sdp/address.hpp"
#include "core/sdp/line_rules.hpp"
#include "core/sdp/media_names.hpp"
#include "core/sdp/payloads.hpp"
#include "core/sdp/text.hpp"

#include <array>

namespace sotto::sdp {

std::optional<Feedback> read_feedback(std::string_view value)
{
    Feedback line;
    const auto type = take_word(value);
    if (type != "*") {
        auto digits = type;
        line.type = take_payload_type(digits);
        if (!line.type) return std::nullopt;
    }
    std::array<char, 24> buffer; // words joined by one space
    std::size_t length = 0;
    for (auto word = take_word(value); !word.empty(); word = take_word(value)) {
        if (length + 1 + word.size() > buffer.size()) return std::nullopt;
        if (length > 0) buffer[length++] = ' ';
        length += word.copy(buffer.data() + length, word.size());
    }
    const std::string_view text{buffer.data(), length};
    line.known = position_in(feedback, text);
    if (text.starts_with("trr-int ")) line.interval = number_of<std::uint32_t>(text.substr(8));
    if (line.known == feedback.size() && !line.interval) return std::nullopt;
    return line;
}

/// <id>["/"<direction>] [urn:...:encrypt] <uri> (RFC 8285 5, RFC 6904 3)
void put_extension(std::string& out, std::string_view value)
{
    auto first = take_word(value);
    const auto id = number_of<std::uint16_t>(take_until(first, '/'));
    auto uri = take_word(value);
    const bool encrypted = uri == encrypted_extension;
    if (encrypted) uri = take_word(value);
    const auto known = position_in(extensions, uri);
    const bool direction_valid =
        first.empty() || first == "sendrecv" || first == "sendonly" || first == "recvonly" || first == "inactive";
    if (!id || known == extensions.size() || !direction_valid) return;
    put_line(out, "a=extmap:", *id, first.empty() ? "" : "/", first,
             encrypted ? " urn:ietf:params:rtp-hdrext:encrypt " : " ", extensions[known]);
}

void put_feedback(std::string& out, std::string_view value)
{
    const auto line = read_feedback(value);
    if (!line) return;
    out += "a=rtcp-fb:";
    if (line->type)
        append(out, unsigned{*line->type});
    else
        out += '*';
    out += ' ';
    if (line->interval)
        put_line(out, "trr-int ", *line->interval);
    else
        put_line(out, feedback[line->known]);
}

void put_remote_candidates(std::string& out, std::string_view value)
{
    std::string line;
    for (auto word = take_word(value); !word.empty(); word = take_word(value)) {
        const auto component = number_of<std::uint16_t>(word);
        const auto address = take_word(value);
        const auto port = number_of<std::uint16_t>(take_word(value));
        if (!component || !valid_address(address) || !port || line.size() > 512) return;
        line += line.empty() ? ':' : ' ';
        append(line, *component);
        line += ' ';
        line += address;
        line += ' ';
        append(line, *port);
    }
    if (!line.empty()) put_line(out, "a=remote-candidates", line);
}

void put_ice_options(std::string& out, std::string_view value)
{
    std::array<bool, known_ice_options.size()> named{};
    for (auto word = take_word(value); !word.empty(); word = take_word(value))
        if (const auto known = position_in(known_ice_options, word); known < named.size()) named[known] = true;
    std::string options;
    for (std::size_t i = 0; i < named.size(); ++i)
        if (named[i]) options.append(options.empty() ? ":" : " ").append(known_ice_options[i]);
    if (!options.empty()) put_line(out, "a=ice-options", options);
}

void put_ssrc_group(std::string& out, std::string_view value)
{
    const auto semantics = position_in(ssrc_groups, take_word(value));
    if (semantics == ssrc_groups.size()) return;
    std::string sources;
    for (auto word = take_word(value); !word.empty(); word = take_word(value)) {
        const auto source = number_of<std::uint32_t>(word);
        if (!source) return;
        sources += ' ';
        append(sources, *source);
    }
    put_line(out, "a=ssrc-group:", ssrc_groups[semantics], sources);
}

void put_source(std::string& out, std::string_view value)
{
    const auto source = number_of<std::uint32_t>(take_word(value));
    if (source && take_word(value).starts_with("cname:")) put_line(out, "a=ssrc:", *source, " cname:-");
}

void put_crypto(std::string& out, std::string_view value)
{
    const auto tag = take_word(value);
    const auto suite = crypto_suites[position_in(crypto_suites, take_word(value))];
    put_line(out, "a=crypto:", tag, ' ', suite, ' ', take_word(value));
}

} // namespace sotto::sdp
