#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::sdp {

class Payloads;

/// a=rtcp-fb (RFC 4585 4.2): a payload type or all, and feedback that the table knows, or trr-int.
struct Feedback {
    std::optional<std::uint8_t> type;
    std::size_t known{0};
    std::optional<std::uint32_t> interval;
};

/// Nothing when it says nothing that the table knows.
std::optional<Feedback> read_feedback(std::string_view value);

/// a=extmap (RFC 8285 5, RFC 6904 3), of an RTP header extension that the table knows.
struct Extension {
    std::uint16_t id{0};
    std::string_view direction; ///< empty: none was named
    bool encrypted{false};
    std::size_t known{0}; ///< its place in the table

    [[nodiscard]] std::string_view uri() const;
};

/// Nothing when it is malformed or unknown.
std::optional<Extension> read_extension(std::string_view value);

// Lines whose form needs nothing but their own value. Each appends one line to `out`, in the one shape that it has for
// every sender, or none when the value is malformed or unknown.

void put_feedback(std::string& out, std::string_view value);
void put_extension(std::string& out, const Extension& extension);
/// a=remote-candidates (RFC 8839 5.2)
void put_remote_candidates(std::string& out, std::string_view value);
/// a=ice-options (RFC 8839 5.6): those that the table knows, in its order. Whether candidates are to be trickled.
bool put_ice_options(std::string& out, std::string_view value);
/// a=crypto (RFC 4568 9.1): without session parameters. The suite is one of the table.
void put_crypto(std::string& out, std::string_view value);

/// a=fingerprint (RFC 8122 5), valid: the hash in lower, its bytes in upper case
void put_fingerprint(std::string& out, std::string_view value);
/// a=max-message-size (RFC 8841 6), lowered to a power of two: the exact number tells the software
void put_message_size(std::string& out, std::string_view value);
/// The name of a layer in the value of an a=rid; empty when it is malformed.
std::string_view layer_name(std::string_view value);
/// a=rid (RFC 8851 10): its payload types are those of `payloads`.
void put_layer(std::string& out, std::string_view value, const Payloads& payloads);
/// a=simulcast (RFC 8853 5.1): each of `layers` once in each direction, and no other
void put_simulcast(std::string& out, std::string_view value, const std::vector<std::string_view>& layers);

} // namespace sotto::sdp
