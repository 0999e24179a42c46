// Descriptions that are none, or made to cost.
#include "core/sdp/descriptions.hpp"

#include <chrono>
#include <vector>

using namespace sotto::sdp;
using namespace sotto::sdp::test;

TEST_CASE("what is not a session description is refused", "[sdp][hostile]")
{
    for (const auto* text :
         {"", "\n", "v=0\n", "v=1\no=- 1 1 IN IP4 192.0.2.1\n", "o=- 1 1 IN IP4 192.0.2.1\nv=0\n", "hello",
          "v=0\no=- 1 1 IN IP4 192.0.2.1\nv=0\n", "v=0\no=- 1 1 IN IP4 192.0.2.1\no=- 1 1 IN IP4 192.0.2.1\n",
          "v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 224.2.36.42/127\n", "v=0\no=- 1 1 IN IP4 192.0.2.1\nA=x\n",
          "v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio\n", "v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 70000 RTP/AVP 0\n",
          "v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 1 UDP/TLS/RTP/SAVPF 111 (\na=fingerprint:sha-256 "
          "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\nc=IN IP4 "
          "192.0.2.1\n",
          "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=\x01\n", "v=0\n\no=- 1 1 IN IP4 192.0.2.1\n"}) {
        INFO(text);
        CHECK(refusal(text) == SdpRefusal::malformed);
    }
    CHECK(refusal(session + audio.substr(0, audio.size() - 1) + std::string("\0", 1) + "\n" + key) ==
          SdpRefusal::malformed);
    CHECK(refusal("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n" + audio + key) == SdpRefusal::malformed); // no c=
}

TEST_CASE("hostile descriptions cost no more than their length", "[sdp][hostile][time]")
{
    const auto filled = [](std::string text, const std::string& line, std::size_t size = 65'000) {
        for (int i = 0; text.size() < size; ++i) text += line + std::to_string(i) + "\r\n";
        return text;
    };
    const auto start = wire(session + audio + key);
    auto relay_only = policy();
    relay_only.relay_only = true;
    std::vector<std::string> hostile{filled(start, "a=msid:x"),
                                     filled(start, "a=ssrc-group:FID "),
                                     filled(start, "a=rtpmap:0 PCMU/"),
                                     filled(start, "a=x"),
                                     filled(wire(session + key), "a=fingerprint:sha-256 AB"),
                                     filled(wire(session), "a=group:BUNDLE a b "),
                                     filled(start, "m=audio 1 UDP/TLS/RTP/SAVPF "),
                                     start + "a=fmtp:0 " + std::string(60'000, ';') + "\r\n",
                                     start + "a=simulcast:" + std::string(60'000, ' ') + "\r\n",
                                     wire(session) + "m=audio 1 UDP/TLS/RTP/SAVPF" +
                                         [] {
                                             std::string types;
                                             for (int i = 0; i < 20'000; ++i) types += " " + std::to_string(i % 128);
                                             return types;
                                         }() +
                                         "\r\n"};
    std::string candidates = start;
    for (unsigned i = 0; candidates.size() < 65'000; ++i)
        candidates += "a=candidate:" + std::to_string(i) + " 1 udp 1 192.0.2.1 9 typ relay\r\n";
    hostile.push_back(candidates);
    std::string lowered = wire(session);
    for (unsigned i = 0; i < 400; ++i) lowered += "a=fingerprint:sha-256 " + std::string(130, 'A') + "\r\n";
    for (unsigned i = 0; i < 32; ++i) lowered += wire(audio);
    hostile.push_back(lowered);

    const auto in_rtp = wire("a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n");
    for (const auto* many : {"a=rid:x", "a=rid:x send\r\na=simulcast:send x;x"})
        hostile.push_back(filled(start, many, 1'000'000) + in_rtp);

    const auto before = std::chrono::steady_clock::now();
    for (const auto& text : hostile)
        for (const auto& p : {policy(), relay_only}) {
            const auto result = minimise(text, p);
            CHECK((!result.has_value() || result->size() < 300'000));
        }
    CHECK(std::chrono::steady_clock::now() - before <
          std::chrono::seconds{5}); // milliseconds in truth; quadratic takes minutes
}
