#include "net/web/frame.hpp"

#include <algorithm>
#include <array>

namespace sotto::net::web {
namespace {

constexpr std::size_t longest_control = 125; // RFC 6455 5.5
constexpr std::size_t mask_size = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint64_t big_endian(std::string_view bytes)
{
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) number = (number << 8U) | byte_at(bytes, i);
    return number;
}

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::string unmasked(std::string_view payload, std::string_view mask)
{
    std::string out{payload};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ mask[i % mask_size]);
    return out;
}

} // namespace

Frame next_frame(std::string_view buffer, std::size_t most)
{
    if (buffer.size() < 2) return {};
    const auto first = byte_at(buffer, 0);
    const auto opcode = static_cast<std::uint8_t>(first & 0x0fU);
    const auto brief = static_cast<std::uint8_t>(byte_at(buffer, 1) & 0x7fU);
    const bool control = opcode >= 8;
    const bool last = (first & 0x80U) != 0;
    const bool masked = (byte_at(buffer, 1) & 0x80U) != 0;
    // Reserved bits belong to extensions, and none was agreed on.
    if ((first & 0x70U) != 0 || !is_known(opcode) || !masked || (control && (!last || brief > longest_control)))
        return {.kind = Frame::Kind::broken};

    const std::size_t length_size = brief == 126 ? 2 : brief == 127 ? 8 : 0;
    const auto head = 2 + length_size + mask_size;
    if (buffer.size() < head) return {};
    const auto length = length_size == 0 ? brief : big_endian(buffer.substr(2, length_size));
    const auto shortest = length_size == 2 ? 126U : length_size == 8 ? 65'536U : 0U;
    if (length < shortest) return {.kind = Frame::Kind::broken};
    if (length > most) return {.kind = Frame::Kind::too_big};
    if (buffer.size() - head < length) return {};
    return {.kind = Frame::Kind::whole,
            .size = head + length,
            .opcode = static_cast<Opcode>(opcode),
            .last = last,
            .payload = unmasked(buffer.substr(head, length), buffer.substr(head - mask_size, mask_size))};
}

std::string frame(Opcode opcode, std::string_view payload)
{
    std::string out;
    out.reserve(10 + payload.size());
    out.push_back(static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
    const auto big = [&](int bytes) {
        for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8U * unsigned(i))));
    };
    if (payload.size() <= longest_control) {
        out.push_back(static_cast<char>(payload.size()));
    } else if (payload.size() <= 0xffff) {
        out.push_back(126);
        big(2);
    } else {
        out.push_back(127);
        big(8);
    }
    return out.append(payload);
}

std::string message_frame(std::string_view message)
{
    return frame(is_utf8(message) ? Opcode::text : Opcode::binary, message);
}

std::string close_frame(CloseCode code)
{
    const auto number = static_cast<std::uint16_t>(code);
    const std::array<char, 2> payload{static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
    return frame(Opcode::close, {payload.data(), payload.size()});
}

std::optional<CloseCode> fault_of_close(std::string_view payload)
{
    struct Range {
        std::uint64_t from, to;
    };
    // Those of the RFC and of its registry, libraries', and applications'. 1004 to 1006 and 1015 are never sent.
    static constexpr std::array codes{Range{1000, 1003}, Range{1007, 1014}, Range{3000, 4999}};
    if (payload.empty()) return std::nullopt;
    const auto code = big_endian(payload.substr(0, 2));
    const auto holds = [code](const Range& range) { return code >= range.from && code <= range.to; };
    if (payload.size() < 2 || std::ranges::none_of(codes, holds)) return CloseCode::protocol_error;
    return is_utf8(payload.substr(2)) ? std::nullopt : std::optional{CloseCode::not_sip};
}

// RFC 3629 4: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text)
{
    struct Lead {
        std::uint8_t from, to;  ///< of the first byte
        std::uint8_t low, high; ///< of the second one
        std::size_t more;       ///< bytes after the first one
    };
    static constexpr std::array leads{Lead{0xc2, 0xdf, 0x80, 0xbf, 1}, Lead{0xe0, 0xe0, 0xa0, 0xbf, 2},
                                      Lead{0xe1, 0xec, 0x80, 0xbf, 2}, Lead{0xed, 0xed, 0x80, 0x9f, 2},
                                      Lead{0xee, 0xef, 0x80, 0xbf, 2}, Lead{0xf0, 0xf0, 0x90, 0xbf, 3},
                                      Lead{0xf1, 0xf3, 0x80, 0xbf, 3}, Lead{0xf4, 0xf4, 0x80, 0x8f, 3}};
    std::size_t at = 0;
    while (at < text.size()) {
        const auto first = byte_at(text, at);
        if (first < 0x80) {
            ++at;
            continue;
        }
        const Lead* found = nullptr;
        for (const auto& lead : leads)
            if (first >= lead.from && first <= lead.to) found = &lead;
        if (found == nullptr || text.size() - at <= found->more) return false;
        const auto second = byte_at(text, at + 1);
        if (second < found->low || second > found->high) return false;
        for (std::size_t i = 2; i <= found->more; ++i)
            if ((byte_at(text, at + i) & 0xc0U) != 0x80) return false;
        at += 1 + found->more;
    }
    return true;
}

} // namespace sotto::net::web
