#include "core/sdp/payloads.hpp"

#include <bitset>

namespace sotto::sdp {
namespace {

constexpr std::uint8_t most_channels = 8;
constexpr const CodecParameter& apt = codec_parameters.front(); ///< RFC 4588 8.1: what a retransmission repairs
static_assert(apt.name == "apt");

/// The small numbers that a list names, each once and in rising order; nothing when it is not such a list.
std::string rising(std::string_view list, bool as_ranges)
{
    std::bitset<last_event + 1> named;
    while (!list.empty()) {
        auto range = trim(take_until(list, ','));
        const auto first = number_of<std::uint8_t>(take_until(range, '-'));
        const auto last = range.empty() ? first : number_of<std::uint8_t>(range);
        if (!first || !last) return {};
        for (unsigned event = *first; event <= std::min(*last, last_event); ++event) named.set(event);
    }
    std::string out;
    for (unsigned event = 0; event <= last_event; ++event) {
        if (!named[event]) continue;
        const auto first = event;
        while (as_ranges && event < last_event && named[event + 1]) ++event;
        if (!out.empty()) out += ',';
        append(out, first);
        if (event == first) continue;
        out += '-';
        append(out, event);
    }
    return out;
}

void put_value(std::string& out, ParameterValue kind, std::string_view value)
{
    switch (kind) {
    case ParameterValue::number:
    case ParameterValue::rate:
        out += value;
        break;
    case ParameterValue::hex:
    case ParameterValue::level:
        out += lower(value);
        break;
    case ParameterValue::modes:
        out += rising(value, false);
        break;
    case ParameterValue::word:
        out += parameter_words[position_in(parameter_words, value)];
        break;
    }
}

} // namespace

std::optional<std::uint8_t> take_payload_type(std::string_view& value)
{
    const auto type = number_of<std::uint8_t>(take_word(value));
    return type && *type < 128 ? type : std::nullopt;
}

bool Payloads::read_formats(std::string_view formats)
{
    while (formats.find_first_not_of(" \t") != std::string_view::npos) {
        const auto type = take_payload_type(formats);
        if (!type) return false;
        if (rank_[*type] != 0) continue;
        types_[count_] = *type;
        rank_[*type] = static_cast<std::uint8_t>(++count_);
    }
    return true;
}

std::optional<Payloads::Map> Payloads::read_map(std::string_view text)
{
    const auto name = take_until(text, '/');
    const auto clock_rate = number_of<std::uint32_t>(take_until(text, '/'));
    const auto channels = text.empty() ? std::uint8_t{1} : number_of<std::uint8_t>(text);
    const auto encoding = std::ranges::find_if(encodings, [=](const Encoding& e) { return iequals(e.name, name); });
    if (encoding == encodings.end() || !clock_rate || !channels || *channels > most_channels) return std::nullopt;
    if (std::ranges::find(clock_rates, *clock_rate) == clock_rates.end()) return std::nullopt;
    return Map{&*encoding, *clock_rate, *channels};
}

void Payloads::read_rtpmap(std::string_view value)
{
    const auto type = take_payload_type(value);
    if (!type || mapped_[*type]) return;
    mapped_[*type] = true;
    if (const auto map = read_map(take_word(value))) maps_[*type] = *map;
}

void Payloads::read_fmtp(std::string_view value)
{
    const auto type = take_payload_type(value);
    if (!type) return;
    while (!value.empty()) {
        auto parameter = trim(take_until(value, ';'));
        const auto name = trim(take_until(parameter, '='));
        const auto repaired = trim(parameter);
        // The one that is written as well.
        if (repairs_[*type] != 0 || !iequals(name, apt.name) || !valid_parameter(apt, repaired)) continue;
        repairs_[*type] = static_cast<std::uint8_t>(*number_of<std::uint8_t>(repaired) + 1);
    }
}

void Payloads::admit(std::span<const std::string> permitted)
{
    for (const auto& known : static_payloads)
        if (rank_[known.type] != 0 && !mapped_[known.type]) maps_[known.type] = *read_map(known.map);

    const auto passes = [&](std::uint8_t type) {
        const auto* const encoding = maps_[type].encoding;
        if (encoding == nullptr) return false;
        return encoding->auxiliary || permitted.empty() ||
               std::ranges::any_of(permitted, [&](const std::string& name) { return iequals(name, encoding->name); });
    };
    const auto retransmits = [&](std::uint8_t type) {
        return maps_[type].encoding != nullptr && maps_[type].encoding->name == "rtx";
    };
    const auto of_use = [&](std::uint8_t type) { // RFC 4588 8.6: of another stream than a retransmission
        if (!retransmits(type)) return true;
        if (repairs_[type] == 0) return false;
        const auto repaired = static_cast<std::uint8_t>(repairs_[type] - 1);
        return rank_[repaired] != 0 && passes(repaired) && !retransmits(repaired);
    };

    std::array<std::uint8_t, most> kept{};
    std::size_t count = 0;
    for (const auto type : types()) {
        if (!passes(type) || !of_use(type)) continue;
        kept[count++] = type;
        usable_ |= !maps_[type].encoding->auxiliary;
    }
    types_ = kept;
    count_ = count;
    rank_ = {};
    for (std::size_t i = 0; i < count_; ++i) rank_[types_[i]] = static_cast<std::uint8_t>(i + 1);
}

void Payloads::put_rtpmap(std::string& out, std::uint8_t type) const
{
    const auto& map = maps_[type];
    out += "a=rtpmap:";
    append(out, unsigned{type});
    out += ' ';
    out += map.encoding->name;
    out += '/';
    append(out, map.clock_rate);
    if (map.channels > 1) { // RFC 8866 6.6: left out for one channel
        out += '/';
        append(out, unsigned{map.channels});
    }
    out += "\r\n";
}

/// RFC 2198 5: the payload types of the generations. Nothing when one of them does not pass.
std::string Payloads::repeated(std::string_view list) const
{
    std::string out;
    for (std::size_t count = 0; !list.empty(); ++count) {
        const auto type = number_of<std::uint8_t>(trim(take_until(list, '/')));
        if (!type || *type >= most || rank(*type) == 0 || count == most_repeated) return {};
        if (!out.empty()) out += '/';
        append(out, unsigned{*type});
    }
    return out;
}

void Payloads::put_fmtp(std::string& out, std::uint8_t type, std::string_view parameters) const
{
    const auto& encoding = *maps_[type].encoding;
    if (encoding.name == "telephone-event" || encoding.name == "red") { // a list of numbers and nothing else
        const auto list = encoding.name == "red" ? repeated(trim(parameters)) : rising(trim(parameters), true);
        if (!list.empty()) put_line(out, "a=fmtp:", unsigned{type}, ' ', list);
        return;
    }
    if (encoding.codec == Codec::plain) return;

    std::array<std::string_view, codec_parameters.size()> values{};
    while (!parameters.empty()) {
        auto parameter = trim(take_until(parameters, ';'));
        const auto name = trim(take_until(parameter, '='));
        const auto value = trim(parameter);
        const auto known = std::ranges::find_if(
            codec_parameters, [=](auto& p) { return p.of.has(encoding.codec) && iequals(p.name, name); });
        if (known == codec_parameters.end() || !valid_parameter(*known, value)) continue;
        auto& place = values[static_cast<std::size_t>(known - codec_parameters.begin())];
        if (place.empty()) place = value;
    }

    bool first = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].empty()) continue;
        if (first) {
            out += "a=fmtp:";
            append(out, unsigned{type});
        }
        out += first ? ' ' : ';';
        out += codec_parameters[i].name;
        out += '=';
        put_value(out, codec_parameters[i].value, values[i]);
        first = false;
    }
    if (!first) out += "\r\n";
}

} // namespace sotto::sdp
