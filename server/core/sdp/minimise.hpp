#pragma once
#include <boost/system/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sotto::sdp {

/// What one receiver may learn of a session description, and which keys may protect the media.
struct SdpPolicy {
    bool relay_only{false};      ///< only relayed addresses pass (RFC 3323 5.2, RFC 8828 mode 4)
    bool permit_sdes{false};     ///< a gateway route under `weaken:` may carry a=crypto when there is nothing better
    bool dtls_srtp{true};        ///< RFC 5763
    bool zrtp{true};             ///< RFC 6189
    bool offer{false};           ///< a section of it that may not pass can be left out (RFC 3264 6)
    std::uint64_t session_id{0}; ///< for o=; the same for all descriptions of one side of one dialog
    std::uint32_t version_offset{0};                 ///< added to the o= version, below 2^30
    std::span<const std::string> permitted_codecs{}; ///< encoding names; empty: all that Sotto knows
};

/// Why a description cannot be passed on. Each is answered with 488 (RFC 3261 21.4.26).
enum class SdpRefusal : std::uint8_t {
    malformed,          ///< not the grammar of RFC 8866, or more than any call needs
    plain_rtp,          ///< media that nothing protects
    sdes_only,          ///< the only key is one that every server on the way can read
    no_relay_candidate, ///< an address would have to be shown
    unsupported_media   ///< no media stream remains that Sotto carries
};

/// For the Warning that goes with the 488 (RFC 3261 20.43); says what the phone must do, and nothing about anybody.
std::string_view explanation_of(SdpRefusal refusal);

using SdpResult = boost::system::result<std::string, SdpRefusal>;

/// A session description for the other side (RFC 8866, offers and answers of RFC 3264 alike): built anew from the lines
/// that the table in line_rules.hpp admits, in one order and spelling. Media sections keep their number and order: what
/// Sotto does not carry stays as a rejected section (port 0). Payload types keep their order of preference.
SdpResult minimise(std::string_view sdp, const SdpPolicy& policy);

/// The same for a body of type application/trickle-ice-sdpfrag (RFC 8840 9). Credentials stand in the media sections,
/// as they do in what `minimise` writes.
SdpResult minimise_sdpfrag(std::string_view fragment, const SdpPolicy& policy);

} // namespace sotto::sdp
