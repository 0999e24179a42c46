#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sotto::test {

/// RFC 6455 11.8.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What a frame declares of itself (RFC 6455 5.2).
struct Head {
    unsigned opcode;
    bool last{true};
    bool masked{true};
    unsigned reserved{0};
    unsigned length_size{0}; ///< in bytes, where it is longer than needed
    std::uint32_t key{0};    ///< zeros are allowed and easy to read
};

/// One frame, of a client unless `masked` says otherwise.
inline std::string frame(const Head& head, std::string_view payload)
{
    const auto size = payload.size();
    const auto needed = size > 0xffff ? 8U : size > 125 ? 2U : 0U;
    const auto length_size = head.length_size > needed ? head.length_size : needed;
    const auto brief = length_size == 8 ? 127U : length_size == 2 ? 126U : static_cast<unsigned>(size);
    std::string out;
    out += static_cast<char>((head.last ? 0x80U : 0U) | head.reserved << 4U | head.opcode);
    out += static_cast<char>((head.masked ? 0x80U : 0U) | brief);
    for (auto i = length_size; i-- > 0;) out += static_cast<char>(size >> 8U * i & 0xffU);
    if (!head.masked) return out.append(payload);
    std::array<char, 4> key{};
    for (unsigned i = 0; i < key.size(); ++i) out += key[i] = static_cast<char>(head.key >> 8U * (3 - i) & 0xffU);
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ key[i % key.size()]);
    return out;
}

inline std::string masked(Opcode opcode, std::string_view payload, bool last = true)
{
    return frame({.opcode = static_cast<unsigned>(opcode), .last = last}, payload);
}

/// As a server sends it.
inline std::string bare(Opcode opcode, std::string_view payload)
{
    return frame({.opcode = static_cast<unsigned>(opcode), .masked = false}, payload);
}

/// Payload of a Close.
inline std::string close_payload(unsigned code, std::string_view reason = {})
{
    return std::string{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)}.append(reason);
}

/// The handshake of RFC 6455 1.3, with the sub-protocol of RFC 7118.
constexpr std::string_view web_handshake =
    "GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n";

} // namespace sotto::test
