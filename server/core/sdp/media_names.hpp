#pragma once
#include "core/sdp/text.hpp"
#include "core/types/ascii.hpp"

#include <array>
#include <cstdint>
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

struct Encoding {
    std::string_view name; ///< spelled as registered
    bool auxiliary{false}; ///< of no use without a codec beside it
};
inline constexpr std::array encodings{
    Encoding{"opus"},
    Encoding{"PCMU"},
    Encoding{"PCMA"},
    Encoding{"G722"},
    Encoding{"G729"},
    Encoding{"G723"},
    Encoding{"G728"},
    Encoding{"G7221"},
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
    Encoding{"iLBC"},
    Encoding{"ISAC"},
    Encoding{"speex"},
    Encoding{"SILK"},
    Encoding{"AMR"},
    Encoding{"AMR-WB"},
    Encoding{"EVS"},
    Encoding{"L16"},
    Encoding{"MP4A-LATM"},
    Encoding{"mpeg4-generic"},
    Encoding{"BV16"},
    Encoding{"BV32"},
    Encoding{"codec2"},
    Encoding{"VP8"},
    Encoding{"VP9"},
    Encoding{"AV1"},
    Encoding{"H264"},
    Encoding{"H265"},
    Encoding{"H261"},
    Encoding{"H263"},
    Encoding{"H263-1998"},
    Encoding{"H263-2000"},
    Encoding{"MP4V-ES"},
    Encoding{"JPEG"},
    Encoding{"t140"},
    Encoding{"telephone-event", true},
    Encoding{"CN", true},
    Encoding{"red", true},
    Encoding{"rtx", true},
    Encoding{"ulpfec", true},
    Encoding{"flexfec-03", true},
    Encoding{"flexfec", true},
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
enum class ParameterValue : std::uint8_t { number, hex, modes, word };

struct CodecParameter {
    std::string_view name;
    ParameterValue value;
    std::uint32_t highest{0}; ///< number, or digits of a hex value, that a codec can mean: none is the sender's own
};
inline constexpr std::array codec_parameters{
    CodecParameter{"apt", ParameterValue::number, 127},
    CodecParameter{"rtx-time", ParameterValue::number, 60'000},
    // opus, RFC 7587 6.1
    CodecParameter{"maxplaybackrate", ParameterValue::number, 48'000},
    CodecParameter{"sprop-maxcapturerate", ParameterValue::number, 48'000},
    CodecParameter{"maxaveragebitrate", ParameterValue::number, 510'000},
    CodecParameter{"minptime", ParameterValue::number, 120},
    CodecParameter{"stereo", ParameterValue::number, 1},
    CodecParameter{"sprop-stereo", ParameterValue::number, 1},
    CodecParameter{"cbr", ParameterValue::number, 1},
    CodecParameter{"useinbandfec", ParameterValue::number, 1},
    CodecParameter{"usedtx", ParameterValue::number, 1},
    // other speech codecs
    CodecParameter{"annexb", ParameterValue::word},
    CodecParameter{"annexa", ParameterValue::word},
    CodecParameter{"mode", ParameterValue::word},
    CodecParameter{"vbr", ParameterValue::word},
    CodecParameter{"cng", ParameterValue::word},
    CodecParameter{"bitrate", ParameterValue::number, 512'000},
    CodecParameter{"octet-align", ParameterValue::number, 1},
    CodecParameter{"mode-set", ParameterValue::modes},
    CodecParameter{"mode-change-period", ParameterValue::number, 2},
    CodecParameter{"mode-change-capability", ParameterValue::number, 2},
    CodecParameter{"mode-change-neighbor", ParameterValue::number, 1},
    CodecParameter{"max-red", ParameterValue::number, 65'535},
    CodecParameter{"crc", ParameterValue::number, 1},
    CodecParameter{"robust-sorting", ParameterValue::number, 1},
    // AAC, RFC 3640: not to be decoded without
    CodecParameter{"streamtype", ParameterValue::number, 63},
    CodecParameter{"config", ParameterValue::hex, 32},
    CodecParameter{"sizeLength", ParameterValue::number, 64},
    CodecParameter{"indexLength", ParameterValue::number, 64},
    CodecParameter{"indexDeltaLength", ParameterValue::number, 64},
    CodecParameter{"constantDuration", ParameterValue::number, 65'535},
    CodecParameter{"object", ParameterValue::number, 255},
    CodecParameter{"cpresent", ParameterValue::number, 1},
    // video: VP8, VP9, AV1, H.264 (RFC 6184 8.1), H.265, H.263
    CodecParameter{"level-asymmetry-allowed", ParameterValue::number, 1},
    CodecParameter{"packetization-mode", ParameterValue::number, 2},
    CodecParameter{"profile-level-id", ParameterValue::hex, 6},
    CodecParameter{"max-fs", ParameterValue::number, 139'264},
    CodecParameter{"max-fr", ParameterValue::number, 240},
    CodecParameter{"max-mbps", ParameterValue::number, 16'711'680},
    CodecParameter{"max-br", ParameterValue::number, 800'000},
    CodecParameter{"max-dpb", ParameterValue::number, 65'535},
    CodecParameter{"max-cpb", ParameterValue::number, 800'000},
    CodecParameter{"profile-id", ParameterValue::number, 31},
    CodecParameter{"profile-space", ParameterValue::number, 3},
    CodecParameter{"tier-flag", ParameterValue::number, 1},
    CodecParameter{"level-id", ParameterValue::number, 255},
    CodecParameter{"tx-mode", ParameterValue::word},
    CodecParameter{"profile", ParameterValue::number, 255},
    CodecParameter{"level", ParameterValue::number, 255},
    CodecParameter{"level-idx", ParameterValue::number, 31},
    CodecParameter{"tier", ParameterValue::number, 1},
    CodecParameter{"SQCIF", ParameterValue::number, 32},
    CodecParameter{"QCIF", ParameterValue::number, 32},
    CodecParameter{"CIF", ParameterValue::number, 32},
    CodecParameter{"CIF4", ParameterValue::number, 32},
    CodecParameter{"CIF16", ParameterValue::number, 32},
    // real-time text, RFC 4103 10; forward error correction, RFC 8627 5.1
    CodecParameter{"cps", ParameterValue::number, 65'535},
    CodecParameter{"L", ParameterValue::number, 255},
    CodecParameter{"D", ParameterValue::number, 255},
    CodecParameter{"ToP", ParameterValue::number, 4},
    CodecParameter{"repair-window", ParameterValue::number, 60'000'000},
};
inline constexpr std::array<std::string_view, 12> parameter_words{"yes", "no", "on",      "off",     "any",  "vad",
                                                                  "20",  "30", "AAC-hbr", "AAC-lbr", "SRST", "MRST"};

constexpr bool valid_parameter(const CodecParameter& parameter, std::string_view text)
{
    switch (parameter.value) {
    case ParameterValue::number: {
        const auto number = canonical_number(text);
        return number && *number <= parameter.highest;
    }
    case ParameterValue::hex:
        return consists_of(text, parameter.highest, is_hex);
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
