#include "load/session_description.hpp"

#include "load/text.hpp"

namespace sotto::load {

std::string session_description(std::uint16_t media_port, std::string_view setup)
{
    const auto port = std::to_string(media_port);
    return join(
        "v=0\r\no=- 3961", port, " 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio ", port,
        " UDP/TLS/RTP/SAVPF 0 8 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:"
        "DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n"
        "a=setup:",
        setup, "\r\na=rtcp-mux\r\na=ptime:20\r\na=sendrecv\r\n");
}

} // namespace sotto::load
