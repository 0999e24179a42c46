#pragma once
#include "core/sdp/text.hpp"
#include "core/types/ascii.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace sotto::sdp {

// The names that may stand in a media section. Each table is in the order in which its entries leave; a name that is in
// none of them could carry anything, and does not leave.

/// What a media stream is for.
inline constexpr std::array<std::string_view, 4> media_types{"audio", "video", "text", "application"};

enum class Stream : std::uint8_t { rtp, data_channel };

struct Profile {
    std::string_view name;
    Stream stream;
    bool dtls; ///< the profile itself asks for DTLS
};
inline constexpr std::array profiles{
    Profile{"UDP/TLS/RTP/SAVPF", Stream::rtp, true}, // RFC 5764 8
    Profile{"UDP/TLS/RTP/SAVP", Stream::rtp, true},
    Profile{"TCP/TLS/RTP/SAVPF", Stream::rtp, true}, // RFC 7850
    Profile{"TCP/TLS/RTP/SAVP", Stream::rtp, true},
    Profile{"RTP/SAVPF", Stream::rtp, false}, // RFC 5124
    Profile{"RTP/SAVP", Stream::rtp, false},
    Profile{"RTP/AVPF", Stream::rtp, false}, // with a=zrtp-hash or a=fingerprint only
    Profile{"RTP/AVP", Stream::rtp, false},
    Profile{"UDP/DTLS/SCTP", Stream::data_channel, true}, // RFC 8841
    Profile{"TCP/DTLS/SCTP", Stream::data_channel, true},
};

/// Encodings that are told the same parameters; of a `plain` one none is known.
enum class Codec : std::uint8_t {
    plain,
    opus,
    g729,
    g723,
    g7221,
    ilbc,
    speex,
    silk,
    amr,
    latm,
    aac,
    vp8,
    vp9,
    av1,
    h264,
    h265,
    h263,
    mp4v,
    t140,
    rtx,
    flexfec
};

struct Encoding {
    std::string_view name; ///< spelled as registered
    Codec codec{Codec::plain};
    bool auxiliary{false}; ///< of no use without a codec beside it
};
inline constexpr std::array encodings{
    Encoding{"opus", Codec::opus},
    Encoding{"PCMU"},
    Encoding{"PCMA"},
    Encoding{"G722"},
    Encoding{"G729", Codec::g729},
    Encoding{"G723", Codec::g723},
    Encoding{"G728"},
    Encoding{"G7221", Codec::g7221},
    Encoding{"G726-16"},
    Encoding{"G726-24"},
    Encoding{"G726-32"},
    Encoding{"G726-40"},
    Encoding{"AAL2-G726-16"},
    Encoding{"AAL2-G726-24"},
    Encoding{"AAL2-G726-32"},
    Encoding{"AAL2-G726-40"},
    Encoding{"GSM"},
    Encoding{"GSM-EFR"},
    Encoding{"iLBC", Codec::ilbc},
    Encoding{"ISAC"},
    Encoding{"speex", Codec::speex},
    Encoding{"SILK", Codec::silk},
    Encoding{"AMR", Codec::amr},
    Encoding{"AMR-WB", Codec::amr},
    Encoding{"EVS", Codec::amr},
    Encoding{"L16"},
    Encoding{"MP4A-LATM", Codec::latm},
    Encoding{"mpeg4-generic", Codec::aac},
    Encoding{"BV16"},
    Encoding{"BV32"},
    Encoding{"codec2"},
    Encoding{"VP8", Codec::vp8},
    Encoding{"VP9", Codec::vp9},
    Encoding{"AV1", Codec::av1},
    Encoding{"H264", Codec::h264},
    Encoding{"H265", Codec::h265},
    Encoding{"H261", Codec::h263},
    Encoding{"H263", Codec::h263},
    Encoding{"H263-1998", Codec::h263},
    Encoding{"H263-2000", Codec::h263},
    Encoding{"MP4V-ES", Codec::mp4v},
    Encoding{"JPEG"},
    Encoding{"t140", Codec::t140},
    Encoding{"telephone-event", Codec::plain, true},
    Encoding{"CN", Codec::plain, true},
    Encoding{"red", Codec::plain, true},
    Encoding{"rtx", Codec::rtx, true},
    Encoding{"ulpfec", Codec::plain, true},
    Encoding{"flexfec-03", Codec::flexfec, true},
    Encoding{"flexfec", Codec::flexfec, true},
};

/// Clock rates of these: any other number would be the sender's own.
inline constexpr std::array<std::uint32_t, 12> clock_rates{1000,  8000,  11025, 12000, 16000, 22050,
                                                           24000, 32000, 44100, 48000, 90000, 96000};

/// Lists of numbers, which are all that their a=fmtp holds.
inline constexpr std::uint8_t last_event = 16;  ///< RFC 4733 3.2: digits and flash
inline constexpr std::size_t most_repeated = 8; ///< generations of RFC 2198

/// RFC 3551 tables 4 and 5: what a payload type means when no a=rtpmap says so.
struct StaticPayload {
    std::uint8_t type;
    std::string_view map;
};
inline constexpr std::array static_payloads{
    StaticPayload{0, "PCMU/8000"},   StaticPayload{3, "GSM/8000"},    StaticPayload{4, "G723/8000"},
    StaticPayload{8, "PCMA/8000"},   StaticPayload{9, "G722/8000"},   StaticPayload{10, "L16/44100/2"},
    StaticPayload{11, "L16/44100"},  StaticPayload{13, "CN/8000"},    StaticPayload{15, "G728/8000"},
    StaticPayload{18, "G729/8000"},  StaticPayload{26, "JPEG/90000"}, StaticPayload{31, "H261/90000"},
    StaticPayload{34, "H263/90000"},
};

/// What the value of a codec parameter may look like, so that it can carry nothing else.
enum class ParameterValue : std::uint8_t { number, rate, hex, level, modes, word };

/// A set of codecs.
class Codecs {
public:
    constexpr Codecs(std::initializer_list<Codec> codecs)
    {
        for (const auto one : codecs) bits_ |= bit(one);
    }
    [[nodiscard]] constexpr bool has(Codec codec) const { return (bits_ & bit(codec)) != 0; }

private:
    static constexpr std::uint32_t bit(Codec codec) { return 1U << static_cast<unsigned>(codec); }
    std::uint32_t bits_{0};
};

struct CodecParameter {
    std::string_view name;
    Codecs of; ///< a parameter of another codec means nothing
    ParameterValue value;
    std::uint32_t highest{0}; ///< number, or digits of a hex value, that a codec can mean: none is the sender's own
    std::uint32_t lowest{0};
};
inline constexpr std::array codec_parameters{
    CodecParameter{"apt", {Codec::rtx}, ParameterValue::number, 127},
    CodecParameter{"rtx-time", {Codec::rtx}, ParameterValue::number, 60'000},
    // opus, RFC 7587 6.1
    CodecParameter{"maxplaybackrate", {Codec::opus}, ParameterValue::rate},
    CodecParameter{"sprop-maxcapturerate", {Codec::opus}, ParameterValue::rate},
    CodecParameter{"maxaveragebitrate", {Codec::opus, Codec::silk}, ParameterValue::number, 510'000, 5'000},
    CodecParameter{"minptime", {Codec::opus}, ParameterValue::number, 120, 3},
    CodecParameter{"stereo", {Codec::opus}, ParameterValue::number, 1},
    CodecParameter{"sprop-stereo", {Codec::opus}, ParameterValue::number, 1},
    CodecParameter{"cbr", {Codec::opus}, ParameterValue::number, 1},
    CodecParameter{"useinbandfec", {Codec::opus, Codec::silk}, ParameterValue::number, 1},
    CodecParameter{"usedtx", {Codec::opus, Codec::silk}, ParameterValue::number, 1},
    // other speech codecs
    CodecParameter{"annexb", {Codec::g729}, ParameterValue::word},
    CodecParameter{"annexa", {Codec::g723}, ParameterValue::word},
    CodecParameter{"mode", {Codec::ilbc, Codec::speex, Codec::aac}, ParameterValue::word},
    CodecParameter{"vbr", {Codec::speex}, ParameterValue::word},
    CodecParameter{"cng", {Codec::speex}, ParameterValue::word},
    CodecParameter{"bitrate", {Codec::g7221, Codec::latm}, ParameterValue::number, 512'000, 8'000},
    CodecParameter{"octet-align", {Codec::amr}, ParameterValue::number, 1},
    CodecParameter{"mode-set", {Codec::amr}, ParameterValue::modes},
    CodecParameter{"mode-change-period", {Codec::amr}, ParameterValue::number, 2, 1},
    CodecParameter{"mode-change-capability", {Codec::amr}, ParameterValue::number, 2, 1},
    CodecParameter{"mode-change-neighbor", {Codec::amr}, ParameterValue::number, 1},
    CodecParameter{"max-red", {Codec::amr}, ParameterValue::number, 65'535},
    CodecParameter{"crc", {Codec::amr}, ParameterValue::number, 1},
    CodecParameter{"robust-sorting", {Codec::amr}, ParameterValue::number, 1},
    // AAC, RFC 3640 and RFC 6416: not to be decoded without
    CodecParameter{"streamtype", {Codec::aac}, ParameterValue::number, 63},
    CodecParameter{"config", {Codec::aac, Codec::latm}, ParameterValue::hex, 16},
    CodecParameter{"sizeLength", {Codec::aac}, ParameterValue::number, 64},
    CodecParameter{"indexLength", {Codec::aac}, ParameterValue::number, 64},
    CodecParameter{"indexDeltaLength", {Codec::aac}, ParameterValue::number, 64},
    CodecParameter{"constantDuration", {Codec::aac}, ParameterValue::number, 65'535},
    CodecParameter{"object", {Codec::latm}, ParameterValue::number, 255},
    CodecParameter{"cpresent", {Codec::latm}, ParameterValue::number, 1},
    CodecParameter{"profile-level-id", {Codec::aac, Codec::latm, Codec::mp4v}, ParameterValue::number, 255},
    // video: VP8, VP9, AV1, H.264 (RFC 6184 8.1), H.265, H.263
    CodecParameter{"level-asymmetry-allowed", {Codec::h264}, ParameterValue::number, 1},
    CodecParameter{"packetization-mode", {Codec::h264}, ParameterValue::number, 2},
    CodecParameter{"profile-level-id", {Codec::h264}, ParameterValue::level, 6},
    CodecParameter{"max-fs", {Codec::vp8, Codec::vp9, Codec::h264}, ParameterValue::number, 139'264},
    CodecParameter{"max-fr", {Codec::vp8, Codec::vp9}, ParameterValue::number, 240},
    CodecParameter{"max-mbps", {Codec::h264}, ParameterValue::number, 16'711'680},
    CodecParameter{"max-br", {Codec::h264}, ParameterValue::number, 800'000},
    CodecParameter{"max-dpb", {Codec::h264}, ParameterValue::number, 65'535},
    CodecParameter{"max-cpb", {Codec::h264}, ParameterValue::number, 800'000},
    CodecParameter{"profile-id", {Codec::vp9, Codec::h265}, ParameterValue::number, 31},
    CodecParameter{"profile-space", {Codec::h265}, ParameterValue::number, 3},
    CodecParameter{"tier-flag", {Codec::h265}, ParameterValue::number, 1},
    CodecParameter{"level-id", {Codec::h265}, ParameterValue::number, 255},
    CodecParameter{"tx-mode", {Codec::h265}, ParameterValue::word},
    CodecParameter{"profile", {Codec::av1, Codec::h263}, ParameterValue::number, 31},
    CodecParameter{"level", {Codec::h263}, ParameterValue::number, 100},
    CodecParameter{"level-idx", {Codec::av1}, ParameterValue::number, 31},
    CodecParameter{"tier", {Codec::av1}, ParameterValue::number, 1},
    CodecParameter{"SQCIF", {Codec::h263}, ParameterValue::number, 32, 1},
    CodecParameter{"QCIF", {Codec::h263}, ParameterValue::number, 32, 1},
    CodecParameter{"CIF", {Codec::h263}, ParameterValue::number, 32, 1},
    CodecParameter{"CIF4", {Codec::h263}, ParameterValue::number, 32, 1},
    CodecParameter{"CIF16", {Codec::h263}, ParameterValue::number, 32, 1},
    // real-time text, RFC 4103 10; forward error correction, RFC 8627 5.1
    CodecParameter{"cps", {Codec::t140}, ParameterValue::number, 65'535},
    CodecParameter{"L", {Codec::flexfec}, ParameterValue::number, 255},
    CodecParameter{"D", {Codec::flexfec}, ParameterValue::number, 255},
    CodecParameter{"ToP", {Codec::flexfec}, ParameterValue::number, 4},
    CodecParameter{"repair-window", {Codec::flexfec}, ParameterValue::number, 60'000'000},
};
inline constexpr std::array<std::string_view, 12> parameter_words{"yes", "no", "on",      "off",     "any",  "vad",
                                                                  "20",  "30", "AAC-hbr", "AAC-lbr", "SRST", "MRST"};

constexpr bool valid_parameter(const CodecParameter& parameter, std::string_view text)
{
    switch (parameter.value) {
    case ParameterValue::number: {
        const auto number = canonical_number(text);
        return number && *number >= parameter.lowest && *number <= parameter.highest;
    }
    case ParameterValue::rate: {
        const auto rate = canonical_number(text);
        return rate && std::find(clock_rates.begin(), clock_rates.end(), *rate) != clock_rates.end();
    }
    case ParameterValue::hex:
        return text.size() % 2 == 0 && consists_of(text, parameter.highest, is_hex);
    case ParameterValue::level: // of H.264: profile, constraints and level (RFC 6184 8.1)
        return text.size() == parameter.highest && consists_of(text, parameter.highest, is_hex);
    case ParameterValue::modes: // of AMR: 0 to 8 (RFC 4867 8.1)
        return text.size() % 2 == 1 && consists_of(text, 17, [](char c) { return c == ',' || (c >= '0' && c <= '8'); });
    case ParameterValue::word:
        break;
    }
    return std::any_of(parameter_words.begin(), parameter_words.end(), [=](auto word) { return iequals(word, text); });
}

inline constexpr std::array<std::string_view, 10> feedback{"transport-cc", "goog-remb", "ccm fir",  "ccm tmmbr",
                                                           "ccm tstr",     "nack",      "nack pli", "nack sli",
                                                           "nack rpsi",    "ack rpsi"};

/// Header extensions, some of them outside encryption: the ones that show the phone's clock (abs-capture-time,
/// video-timing) are left out, as a call works without them. abs-send-time wraps every 64 seconds.
inline constexpr std::array<std::string_view, 15> extensions{
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:csrc-audio-level",
    "urn:ietf:params:rtp-hdrext:toffset",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:3gpp:video-orientation",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "http://www.webrtc.org/experiments/rtp-hdrext/generic-frame-descriptor-00",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"};
inline constexpr std::string_view mid_extension = extensions[0];   ///< RFC 8843 15: each packet names its section
inline constexpr std::string_view layer_extension = extensions[1]; ///< RFC 8852 3.1: each packet names its layer
inline constexpr std::string_view encrypted_extension = "urn:ietf:params:rtp-hdrext:encrypt"; // RFC 6904

struct Hash {
    std::string_view name;
    std::size_t size; ///< bytes
};
/// RFC 8122 5, without MD2 and MD5, which must not be used.
inline constexpr std::array hashes{Hash{"sha-1", 20}, Hash{"sha-224", 28}, Hash{"sha-256", 32}, Hash{"sha-384", 48},
                                   Hash{"sha-512", 64}};

/// RFC 8851 10: what a receiver can see of a layer anyway.
inline constexpr std::array<std::string_view, 3> layer_limits{"max-width", "max-height", "max-fps"};
inline constexpr std::uint32_t highest_layer_limit = 16384;

inline constexpr std::array<std::string_view, 3> known_ice_options{"trickle", "ice2", "renomination"};
inline constexpr std::array<std::string_view, 4> ssrc_groups{"FID", "FEC-FR", "FEC", "SIM"};

/// RFC 4568 6.2, RFC 6188, RFC 7714.
inline constexpr std::array<std::string_view, 9> crypto_suites{
    "AEAD_AES_256_GCM",        "AEAD_AES_128_GCM",        "AES_256_CM_HMAC_SHA1_80",
    "AES_192_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32",
    "AES_192_CM_HMAC_SHA1_32", "AES_CM_128_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80"};

/// Position in a table of names, compared without case; the table's size when it is not there.
template <std::size_t size>
constexpr std::size_t position_in(const std::array<std::string_view, size>& names, std::string_view name)
{
    const auto found = std::find_if(names.begin(), names.end(), [=](auto one) { return iequals(one, name); });
    return static_cast<std::size_t>(found - names.begin());
}

} // namespace sotto::sdp
