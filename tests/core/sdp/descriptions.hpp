#pragma once
#include "core/sdp/minimise.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace sotto::sdp::test {

inline std::string file(const std::string& name)
{
    std::ifstream in{SOTTO_SOURCE_DIR "/tests/core/sdp/data/" + name, std::ios::binary};
    REQUIRE(in);
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline SdpPolicy policy() { return {.session_id = 4711, .version_offset = 1000}; }

/// Line feeds in the tests, CRLF on the wire.
inline std::string wire(std::string_view text)
{
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string{"\r\n"} : std::string{c};
    return out;
}
inline std::string readable(const SdpResult& result)
{
    if (!result.has_value()) return "refused " + std::to_string(static_cast<int>(result.error()));
    std::string out = *result;
    std::erase(out, '\r');
    return out;
}
inline std::string minimised(std::string_view text, const SdpPolicy& p = policy())
{
    return readable(minimise(wire(text), p));
}

inline SdpRefusal refusal(std::string_view text, const SdpPolicy& p = policy())
{
    const auto result = minimise(wire(text), p);
    REQUIRE_FALSE(result.has_value());
    return result.error();
}

inline bool has_line(const std::string& sdp, const std::string& line)
{
    return ("\n" + sdp).find("\n" + line + "\n") != std::string::npos;
}

inline std::vector<std::string> lines_of(const std::string& sdp, std::string_view beginning)
{
    std::vector<std::string> lines;
    std::istringstream text{sdp};
    for (std::string line; std::getline(text, line);)
        if (line.starts_with(beginning)) lines.push_back(line);
    return lines;
}

inline const std::string session =
    "v=0\no=alice 53655765 2353687637 IN IP4 pc33.atlanta.example\ns=Alice's call\nc=IN IP4 192.0.2.3\nt=0 0\n";
inline const std::string key =
    "a=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n";
inline const std::string audio = "m=audio 49170 UDP/TLS/RTP/SAVPF 0\n";

} // namespace sotto::sdp::test
