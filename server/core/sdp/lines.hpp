#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::sdp {

/// a=rtcp-fb (RFC 4585 4.2): a payload type or all, and feedback that the table knows, or trr-int.
struct Feedback {
    std::optional<std::uint8_t> type;
    std::size_t known{0};
    std::optional<std::uint32_t> interval;
};

/// Nothing when it says nothing that the table knows.
std::optional<Feedback> read_feedback(std::string_view value);

// Lines whose form needs nothing but their own value. Each appends one line to `out`, in the one shape that it has for
// every sender, or none when the value is malformed or unknown.

void put_feedback(std::string& out, std::string_view value);
/// a=extmap (RFC 8285 5, RFC 6904 3)
void put_extension(std::string& out, std::string_view value);
/// a=remote-candidates (RFC 8839 5.2)
void put_remote_candidates(std::string& out, std::string_view value);
/// a=ice-options (RFC 8839 5.6): those that the table knows, in its order
void put_ice_options(std::string& out, std::string_view value);
/// a=ssrc-group (RFC 5576 4.2)
void put_ssrc_group(std::string& out, std::string_view value);
/// a=ssrc (RFC 5576 4.1): the source stays, its name does not
void put_source(std::string& out, std::string_view value);
/// a=crypto (RFC 4568 9.1): without session parameters. The suite is one of the table.
void put_crypto(std::string& out, std::string_view value);

} // namespace sotto::sdp
