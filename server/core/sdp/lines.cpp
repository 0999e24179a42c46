#include "core/sdp/lines.hpp"

#include "core/sdp/address.hpp"
#include "core/sdp/line_rules.hpp"
#include "core/sdp/media_names.hpp"
#include "core/sdp/payloads.hpp"
#include "core/sdp/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

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
    if (text.starts_with("trr-int ")) line.interval = number_of<std::uint16_t>(text.substr(8));
    if (line.known == feedback.size() && !line.interval) return std::nullopt;
    return line;
}

std::string_view Extension::uri() const { return extensions[known]; }

/// <id>["/"<direction>] [urn:...:encrypt] <uri>
std::optional<Extension> read_extension(std::string_view value)
{
    auto direction = take_word(value);
    const auto id = number_of<std::uint16_t>(take_until(direction, '/'));
    auto uri = take_word(value);
    const bool encrypted = uri == encrypted_extension;
    if (encrypted) uri = take_word(value);
    const auto known = position_in(extensions, uri);
    const bool direction_valid = direction.empty() || direction == "sendrecv" || direction == "sendonly" ||
                                 direction == "recvonly" || direction == "inactive";
    // RFC 8285 5: one byte, or a number of an offer that the answerer replaces.
    const bool id_valid = id && ((*id >= 1 && *id <= 255) || (*id >= 4096 && *id <= 4351));
    if (!id_valid || known == extensions.size() || !direction_valid) return std::nullopt;
    return Extension{.id = *id, .direction = direction, .encrypted = encrypted, .known = known};
}

void put_extension(std::string& out, const Extension& extension)
{
    put_line(out, "a=extmap:", extension.id, extension.direction.empty() ? "" : "/", extension.direction, ' ',
             extension.encrypted ? encrypted_extension : "", extension.encrypted ? " " : "", extension.uri());
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
        const auto address = read_literal(take_word(value));
        const auto port = number_of<std::uint16_t>(take_word(value));
        if (!component || !address || !port || line.size() > 512) return;
        line += line.empty() ? ':' : ' ';
        append(line, *component);
        line += ' ';
        line += address->text;
        line += ' ';
        append(line, *port);
    }
    if (!line.empty()) put_line(out, "a=remote-candidates", line);
}

bool put_ice_options(std::string& out, std::string_view value)
{
    std::array<bool, known_ice_options.size()> named{};
    for (auto word = take_word(value); !word.empty(); word = take_word(value))
        if (const auto known = position_in(known_ice_options, word); known < named.size()) named[known] = true;
    std::string options;
    for (std::size_t i = 0; i < named.size(); ++i)
        if (named[i]) options.append(options.empty() ? ":" : " ").append(known_ice_options[i]);
    if (!options.empty()) put_line(out, "a=ice-options", options);
    return named[position_in(known_ice_options, "trickle")];
}

void put_crypto(std::string& out, std::string_view value)
{
    const auto tag = take_word(value);
    const auto suite = crypto_suites[position_in(crypto_suites, take_word(value))];
    put_line(out, "a=crypto:", tag, ' ', suite, ' ', take_word(value));
}

void put_fingerprint(std::string& out, std::string_view value)
{
    const auto name = lower(take_word(value));
    const auto bytes = take_word(value);
    put_line(out, "a=fingerprint:", name, ' ', bytes);
    for (char& c : std::span{out}.last(bytes.size() + 2))
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
}

void put_message_size(std::string& out, std::string_view value)
{
    if (const auto size = canonical_number(value)) put_line(out, "a=max-message-size:", std::bit_floor(*size));
}

std::string_view layer_name(std::string_view value)
{
    constexpr std::size_t longest = 16; // it stands in RTP: see value::mid
    const auto name = take_word(value);
    const auto direction = take_word(value);
    const bool valid = consists_of(name, longest, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; }) &&
                       (direction == "send" || direction == "recv");
    return valid ? name : std::string_view{};
}

void put_layer(std::string& out, std::string_view value, const Payloads& payloads)
{
    const auto name = layer_name(value);
    if (name.empty()) return;
    take_word(value);
    const auto direction = take_word(value);
    std::string types;
    std::array<std::optional<std::uint32_t>, layer_limits.size()> limits;
    for (auto rest = take_word(value); !rest.empty();) {
        auto limit = take_until(rest, ';');
        const auto what = take_until(limit, '=');
        const auto known = position_in(layer_limits, what);
        if (known < limits.size()) limits[known] = canonical_number(limit);
        while (what == "pt" && !limit.empty()) {
            const auto type = number_of<std::uint8_t>(take_until(limit, ','));
            if (!type || *type > 127 || payloads.rank(*type) == 0) continue;
            types += types.empty() ? "pt=" : ",";
            append(types, unsigned{*type});
        }
    }
    for (std::size_t i = 0; i < limits.size(); ++i) {
        if (!limits[i] || *limits[i] > highest_layer_limit) continue;
        if (!types.empty()) types += ';';
        (types += layer_limits[i]) += '=';
        append(types, *limits[i]);
    }
    put_line(out, "a=rid:", name, ' ', direction, types.empty() ? "" : " ", types);
}

namespace {

/// One direction's list: alternatives between commas, layers between semicolons, "~" before a paused one.
std::string layers_of(std::string_view list, const std::vector<std::string_view>& layers)
{
    std::string out;
    std::vector<std::string_view> named;
    while (!list.empty()) {
        auto alternatives = take_until(list, ';');
        bool first = true;
        while (!alternatives.empty()) {
            auto name = take_until(alternatives, ',');
            const bool paused = name.starts_with('~');
            if (paused) name.remove_prefix(1);
            if (std::ranges::find(layers, name) == layers.end() || std::ranges::find(named, name) != named.end())
                continue;
            named.push_back(name);
            if (!out.empty()) out += first ? ';' : ',';
            if (paused) out += '~';
            out += name;
            first = false;
        }
    }
    return out;
}

} // namespace

void put_simulcast(std::string& out, std::string_view value, const std::vector<std::string_view>& layers)
{
    std::string line;
    std::string_view last;
    for (auto direction = take_word(value); !direction.empty(); direction = take_word(value)) {
        const auto list = layers_of(take_word(value), layers);
        if ((direction != "send" && direction != "recv") || direction == last || list.empty()) return;
        line.append(line.empty() ? "" : " ").append(direction).append(" ").append(list);
        if (!last.empty() && !take_word(value).empty()) return;
        last = direction;
    }
    if (!line.empty()) put_line(out, "a=simulcast:", line);
}

} // namespace sotto::sdp
