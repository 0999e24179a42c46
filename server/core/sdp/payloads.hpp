#pragma once
#include "core/sdp/media_names.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sotto::sdp {

/// The payload types of one RTP section that Sotto lets pass, in the phone's order of preference.
class Payloads {
public:
    /// Takes the formats of an m= line. False when one of them is no payload type (RFC 3551 6: 0 to 127).
    bool read_formats(std::string_view formats);
    /// To be told every a=rtpmap and a=fmtp of the section before `admit`.
    void read_rtpmap(std::string_view value);
    void read_fmtp(std::string_view value);
    /// Drops unknown codecs, the ones not in `permitted` (if it names any), and retransmission of dropped ones.
    void admit(std::span<const std::string> permitted);

    [[nodiscard]] std::span<const std::uint8_t> types() const { return std::span{types_}.first(count_); }
    /// False when nothing but helpers (events, comfort noise, repair) is left.
    [[nodiscard]] bool usable() const { return usable_; }
    /// 1 for the most preferred payload type, 0 for one that does not pass.
    [[nodiscard]] std::uint8_t rank(std::uint8_t type) const { return rank_[type]; }

    void put_rtpmap(std::string& out, std::uint8_t type) const;
    /// a=fmtp with the parameters that the table knows, in its order; nothing when none is left. `parameters` without
    /// the payload type.
    void put_fmtp(std::string& out, std::uint8_t type, std::string_view parameters) const;

private:
    static constexpr std::size_t most = 128;

    struct Map {
        const Encoding* encoding{nullptr};
        std::uint32_t clock_rate{0};
        std::uint8_t channels{1};
    };
    static std::optional<Map> read_map(std::string_view text);
    [[nodiscard]] std::string repeated(std::string_view list) const;

    std::array<std::uint8_t, most> types_{};
    std::size_t count_{0};
    bool usable_{false};
    std::array<std::uint8_t, most> rank_{};
    std::array<Map, most> maps_{};
    std::array<bool, most> mapped_{};          ///< an a=rtpmap was there, whatever it said
    std::array<std::uint8_t, most> repairs_{}; ///< the payload type that this one retransmits, plus 1
};

/// A payload type at the front of an attribute's value, which it takes off.
std::optional<std::uint8_t> take_payload_type(std::string_view& value);

} // namespace sotto::sdp
