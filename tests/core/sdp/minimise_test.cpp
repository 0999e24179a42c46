#include "core/sdp/minimise.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

using namespace sotto::sdp;
using namespace std::string_literals;

namespace {

std::string file(const std::string& name)
{
    std::ifstream in{SOTTO_SOURCE_DIR "/tests/core/sdp/data/" + name, std::ios::binary};
    REQUIRE(in);
    return {std::istreambuf_iterator<char>{in}, {}};
}

SdpPolicy policy() { return {.session_id = 4711, .version_offset = 1000}; }

/// Line feeds in the tests, CRLF on the wire.
std::string wire(std::string_view text)
{
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string{"\r\n"} : std::string{c};
    return out;
}
std::string readable(const SdpResult& result)
{
    if (!result.has_value()) return "refused " + std::to_string(static_cast<int>(result.error()));
    std::string out = *result;
    std::erase(out, '\r');
    return out;
}
std::string minimised(std::string_view text, const SdpPolicy& p = policy())
{
    return readable(minimise(wire(text), p));
}

SdpRefusal refusal(std::string_view text, const SdpPolicy& p = policy())
{
    const auto result = minimise(wire(text), p);
    REQUIRE_FALSE(result.has_value());
    return result.error();
}

bool has_line(const std::string& sdp, const std::string& line)
{
    return ("\n" + sdp).find("\n" + line + "\n") != std::string::npos;
}

const std::string session =
    "v=0\no=alice 53655765 2353687637 IN IP4 pc33.atlanta.example\ns=Alice's call\nc=IN IP4 192.0.2.3\nt=0 0\n";
const std::string key =
    "a=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n";
const std::string audio = "m=audio 49170 UDP/TLS/RTP/SAVPF 0\n";

} // namespace

TEST_CASE("a phone's description keeps what media needs and loses the rest", "[sdp][privacy]")
{
    CHECK(minimised(R"(v=0
o=alice 53655765 2353687637 IN IP4 pc33.atlanta.example
s=Alice's call
i=About the divorce
u=https://alice.example/
e=alice@alice.example (Alice)
p=+44-171-345-0000
c=IN IP4 192.0.2.3
b=AS:380
t=3034423619 3042462419
r=604800 3600 0 90000
z=2882844526 -1h
k=clear:secret
a=tool:phone 4.2
a=lang:de
a=charset:ISO-8859-1
a=keywds:private
a=x-serial:0018B9
a=setup:actpass
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F
a=sendonly
m=audio 49170/2 UDP/TLS/RTP/SAVPF 96   0 101
i=microphone of Alice
b=TIAS:64000
a=label:alice
a=fmtp:101   0-15
a=rtpmap:101 Telephone-Event/8000
a=fmtp:96 useinbandfec=1; x-token=1; stereo=0;maxaveragebitrate=abc
a=rtpmap:96 OPUS/48000/2
a=rtcp-xr:voip-metrics
a=rtcp:49171
a=ptime:20
)") == R"(v=0
o=- 4711 206204989 IN IP4 0.0.0.0
s=-
t=0 0
m=audio 49170 UDP/TLS/RTP/SAVPF 96 0 101
c=IN IP4 192.0.2.3
a=sendonly
a=setup:actpass
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F
a=rtcp:49171
a=ptime:20
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=0;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
)");
}

TEST_CASE("one call has one shape, wherever a phone puts its lines and however it spells them", "[sdp][privacy]")
{
    const auto one =
        minimised(session + key +
                  "a=setup:actpass\na=recvonly\nm=audio 9 udp/tls/rtp/savpf 8 0\na=rtpmap:8 pcma/8000/1\n"
                  "a=rtcp-fb:8 nack  pli\na=rtcp-fb:8 transport-cc\na=ice-options:ice2 trickle google-ice\n");
    const auto other =
        minimised("v=0\no=- 1 2353687637 IN IP6 ::1\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 8 0\nc=IN IP4 192.0.2.3\n"
                  "a=ice-options:trickle ice2\na=rtcp-fb:8 transport-cc\na=rtcp-fb:8 nack pli\na=rtpmap:0 PCMU/8000\n"
                  "a=recvonly\na=setup:actpass\n" +
                  key);
    CHECK(one == other);
}

TEST_CASE("the o= version rises with the sender's, and the session id is ours", "[sdp][rfc3264][8]")
{
    const auto version = [](std::string_view number) {
        return minimised("v=0\no=- 1 " + std::string{number} + " IN IP4 192.0.2.3\ns=-\nc=IN IP4 192.0.2.3\nt=0 0\n" +
                         audio + key);
    };
    CHECK(has_line(version("1"), "o=- 4711 1001 IN IP4 0.0.0.0"));
    CHECK(has_line(version("2"), "o=- 4711 1002 IN IP4 0.0.0.0"));
    CHECK(refusal("v=0\no=- 1 x IN IP4 192.0.2.3\ns=-\nt=0 0\n") == SdpRefusal::malformed);
}

TEST_CASE("media that nothing protects is refused", "[sdp][keys]")
{
    CHECK(refusal(session + "m=audio 49170 RTP/AVP 0\n") == SdpRefusal::plain_rtp);
    CHECK(refusal(session + "m=audio 49170 RTP/SAVP 0\n") == SdpRefusal::plain_rtp);
    CHECK(refusal(session + audio) == SdpRefusal::plain_rtp);
    CHECK(refusal(session + "m=application 49170 UDP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000\n") ==
          SdpRefusal::plain_rtp);
    CHECK(refusal(session + audio + key + "m=video 49172 RTP/AVP 31\n") == SdpRefusal::plain_rtp);
}

TEST_CASE("keys that the way can read are removed when there is a better one, else refused", "[sdp][keys]")
{
    const std::string sdes = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\n";
    const std::string savp = "m=audio 49170 RTP/SAVP 0\n";
    CHECK(refusal(session + savp + sdes) == SdpRefusal::sdes_only);
    CHECK(refusal(session + "a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO\n" + savp) == SdpRefusal::sdes_only);
    CHECK(refusal(session + savp + "k=base64:c2VjcmV0\n") == SdpRefusal::sdes_only);

    const auto dtls = minimised(session + savp + sdes + key);
    CHECK(dtls.find("inline:") == std::string::npos);
    CHECK(has_line(dtls,
                   "a=fingerprint:sha-256 "
                   "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"));

    const auto zrtp = minimised(
        session +
        "m=audio 49170 RTP/AVP 0\na=zrtp-hash:1.10 fe30efd02423cb054e50efd0248742ac7a52c8f91bc2df881ae642c371ba46df\n" +
        sdes);
    CHECK(zrtp.find("inline:") == std::string::npos);
    CHECK(zrtp.find("a=zrtp-hash:1.10 fe30ef") != std::string::npos);

    auto gateway = policy();
    gateway.permit_sdes = true;
    CHECK(minimised(session + savp + sdes, gateway).find(sdes) != std::string::npos);
    CHECK(minimised(session + savp + sdes + key, gateway).find("inline:") == std::string::npos);
    CHECK(refusal(session + "m=audio 49170 RTP/AVP 0\n", gateway) == SdpRefusal::plain_rtp);
}

TEST_CASE("a permitted readable key carries a suite and keys, and nothing else", "[sdp][keys][rfc4568]")
{
    auto gateway = policy();
    gateway.permit_sdes = true;
    const auto through = [&](const std::string& crypto) {
        return minimised(session + "m=audio 49170 RTP/SAVP 0\na=crypto:" + crypto + "\n", gateway);
    };
    CHECK(has_line(through("1   AES_CM_128_HMAC_SHA1_80\t inline:PS1uQCVe|2^20|1:4"),
                   "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVe|2^20|1:4"));
    for (const auto* line : {"1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVe UNENCRYPTED_SRTP",
                             "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVe 192.0.2.3 10100 typ host",
                             "1 X_CANARY inline:PS1uQCVe", "x AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVe",
                             "1 AES_CM_128_HMAC_SHA1_80 uri:PS1uQCVe", "1 AES_CM_128_HMAC_SHA1_80"}) {
        INFO(line);
        CHECK(refusal(session + "m=audio 49170 RTP/SAVP 0\na=crypto:" + line + "\n", gateway) == SdpRefusal::plain_rtp);
    }

    // Descriptions in which a line of candidates had run into one with a key.
    gateway.relay_only = true;
    gateway.dtls_srtp = false;
    for (const auto* name : {"crypto-hides-candidate-1.sdp", "crypto-hides-candidate-2.sdp"}) {
        INFO(name);
        const auto result = minimise(file(name), gateway);
        CHECK((!result.has_value() || result->find(" typ host") == std::string::npos));
    }
}

TEST_CASE("a retransmission of a retransmission is of no use", "[sdp][rfc4588]")
{
    const auto out = minimised(session + "m=video 1 UDP/TLS/RTP/SAVPF 0 101 102 103\n" + key +
                               "a=rtpmap:101 rtx/90000\na=rtpmap:102 rtx/90000\na=fmtp:102 apt=0\n"
                               "a=rtpmap:103 rtx/90000\na=fmtp:103 apt=101\n");
    CHECK(has_line(out, "m=video 1 UDP/TLS/RTP/SAVPF 0 102"));
    CHECK(out.find("103") == std::string::npos);
}

TEST_CASE("simulcast names what is sent and received, and nothing else", "[sdp][rfc8853]")
{
    const auto through = [](const std::string& value) {
        std::string layers;
        for (const auto* name : {"1", "2", "3", "4"}) layers += "a=rid:" + std::string{name} + " send\n";
        return minimised(session + audio + key + layers + "a=simulcast:" + value + "\n");
    };
    for (const auto* line : {"send 1;2;3", "recv 1", "send 1;~2,3 recv 4", "recv 4 send 1"}) {
        INFO(line);
        CHECK(has_line(through(line), std::string{"a=simulcast:"} + line));
    }
    for (const auto* line :
         {"typ host", "send 1 typ host", "send", "send 1 send 2", "send zzcanary", "send 1 recv 2 x"}) {
        INFO(line);
        CHECK(through(line).find("a=simulcast") == std::string::npos);
    }
}

TEST_CASE("only the keying that the operator permits counts", "[sdp][keys]")
{
    auto only_zrtp = policy();
    only_zrtp.dtls_srtp = false;
    CHECK(refusal(session + audio + key, only_zrtp) == SdpRefusal::plain_rtp);
    auto only_dtls = policy();
    only_dtls.zrtp = false;
    CHECK(refusal(session + "m=audio 49170 RTP/AVP 0\na=zrtp-hash:1.10 " + std::string(64, 'a') + "\n", only_dtls) ==
          SdpRefusal::plain_rtp);
}

TEST_CASE("fingerprints pass, all of them and in their order, in one spelling", "[sdp][rfc8122]")
{
    std::string sha1;
    for (int i = 0; i < 20; ++i) sha1 += i == 0 ? "ab" : ":ab";
    std::string upper = sha1;
    for (char& c : upper) c = c == 'a' ? 'A' : c == 'b' ? 'B' : c;
    const auto out = minimised(session + audio + "a=fingerprint:SHA-1 " + sha1 + "\n" + key);
    CHECK(out.find("a=fingerprint:sha-1 " + upper + "\n" + key) != std::string::npos);
    for (const auto& value :
         {"zz-canary AB:CD"s, "sha-256 AB:CD"s, "sha-1 " + sha1 + ":AB", "md5 " + sha1.substr(0, 47)})
        CHECK(refusal(session + audio + "a=fingerprint:" + value + "\n") == SdpRefusal::plain_rtp);
}

TEST_CASE("a line holds no word and no number of its sender's own", "[sdp][privacy]")
{
    const auto line = [](const std::string& text) {
        const auto with = minimised(session + audio + key + "a=rid:1 send\n" + text + "\n");
        const auto without = minimised(session + audio + key + "a=rid:1 send\n");
        INFO(with);
        return with == without;
    };
    for (const auto* text : {"a=rid:zz_canary_zz_canary send",
                             "a=sctp-port:1234567",
                             "a=sctp-port:05000",
                             "a=ptime:020",
                             "a=ptime:1234567890",
                             "a=maxptime:0",
                             "a=tls-id:zzcanary",
                             "a=ice-ufrag:zz-canary",
                             "a=ice-pwd:zzcanary",
                             "a=mid:zz-canary-zz-canary",
                             "a=extmap:4444 urn:ietf:params:rtp-hdrext:sdes:mid",
                             "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid",
                             "a=remote-candidates:1 zzcanary-laptop.example.org 4000",
                             "a=candidate:1 1 udp 1 zzcanary-laptop.local 4000 typ host",
                             "a=candidate:1 1 udp 1 zzcanary.example.org 4000 typ host",
                             "a=rtcp-fb:0 trr-int 1234567890",
                             "a=fmtp:0 12345678901234567890/123",
                             "a=rtpmap:96 opus/1234567/2",
                             "a=simulcast:send zzcanary",
                             "a=max-message-size:0262144"}) {
        INFO(text);
        CHECK(line(text));
    }
    CHECK(has_line(minimised(session + audio + key + "a=rid:hi send zz=zzcanary;max-width=1280;pt=0,77,zzcanary\n"),
                   "a=rid:hi send pt=0;max-width=1280"));
    CHECK(
        has_line(minimised(session + audio + key + "a=max-message-size:1073741823\n"), "a=max-message-size:536870912"));
    CHECK(refusal("v=0\no=- 1 1 IN IP4 192.0.2.3\ns=-\nc=IN IP4 zzcanary-laptop.example.org\nt=0 0\n" + audio + key) ==
          SdpRefusal::malformed);
    CHECK(
        has_line(minimised(session + audio + key + "a=rtcp:4007 IN IP4 zzcanary-laptop.example.org\n"), "a=rtcp:4007"));
}

TEST_CASE("what codecs are told is known, and in one spelling", "[sdp][privacy]")
{
    const auto fmtp = [](const std::string& codec, const std::string& parameters) {
        const auto out = minimised(session + "m=audio 1 UDP/TLS/RTP/SAVPF 0 96\n" + key + "a=rtpmap:96 " + codec +
                                   "\na=fmtp:96 " + parameters + "\n");
        const auto at = out.find("a=fmtp:96 ");
        return at == std::string::npos ? std::string{} : out.substr(at + 10, out.find('\n', at) - at - 10);
    };
    CHECK(fmtp("opus/48000/2", "stereo=1;maxaveragebitrate=1234567;minptime=010;cbr=0") == "stereo=1;cbr=0");
    CHECK(fmtp("opus/48000/2", "0-15").empty());
    CHECK(fmtp("telephone-event/8000", "16, 0-15,66,254") == "0-16");
    CHECK(fmtp("telephone-event/8000", "zzcanary").empty());
    CHECK(fmtp("red/8000", "0/0") == "0/0");
    CHECK(fmtp("red/8000", "47/11/47").empty());
    CHECK(fmtp("H264/90000", "profile-level-id=42E01F;packetization-mode=1;max-fs=zz") ==
          "packetization-mode=1;profile-level-id=42e01f");
    CHECK(fmtp("AMR/8000", "mode-set=7,0,2,2") == "mode-set=0,2,7");
    CHECK(fmtp("mpeg4-generic/48000", "mode=aac-HBR") == "mode=AAC-hbr");
}

TEST_CASE("addresses have one spelling, and a browser's drawn name passes", "[sdp][rfc5952]")
{
    const auto out = minimised(session + audio + key +
                               "a=candidate:1 1 udp 2 2001:DB8:0:0:0:0:0:1 4000 typ host\n"
                               "a=candidate:2 1 udp 1 1F4712DB-ea17-4bcf-a596-105139dfd8bf.local 4001 typ host\n");
    CHECK(has_line(out, "a=candidate:1 1 UDP 2 2001:db8::1 4000 typ host"));
    CHECK(has_line(out, "a=candidate:2 1 UDP 1 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 4001 typ host"));
}

TEST_CASE("ICE candidates lose what only concerns their owner", "[sdp][rfc8839]")
{
    const auto out = minimised(
        session + audio + key +
        "a=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\n"
        "a=candidate:983072742 1 udp 2113937151 192.0.2.3 49170 typ host generation 0 ufrag 8hhY network-id 1 "
        "network-cost 50\n"
        "a=candidate:2245074553  1 udp 1845501695 203.0.113.9 62397 typ srflx raddr 192.0.2.3 rport 49170 generation "
        "0\n"
        "a=candidate:983072742 2 udp 2113937150 192.0.2.3 49171 typ host\n"
        "a=candidate:1 1 tcp 1518280447 2001:db8::3 9 typ host tcptype active generation 0 network-id 2\n"
        "a=candidate:1 1 tcp 33562367 2001:db8::9 40975 typ relay raddr 2001:db8::3 rport 54085 tcptype passive\n"
        "a=candidate:nonsense\n"
        "a=candidate:5 1 sctp 1 192.0.2.3 1 typ host\n"
        "a=candidate:5 1 udp 1 fe80::1%eth0 1 typ host\n");
    CHECK(out.find("a=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\n") != std::string::npos);
    CHECK(out.substr(out.find("a=candidate")) ==
          "a=candidate:1 1 UDP 2113937151 192.0.2.3 49170 typ host\n"
          "a=candidate:2 1 UDP 1845501695 203.0.113.9 62397 typ srflx raddr 0.0.0.0 rport 9\n"
          "a=candidate:3 1 TCP 1518280447 2001:db8::3 9 typ host tcptype active\n"
          "a=candidate:3 1 TCP 33562367 2001:db8::9 40975 typ relay raddr :: rport 9 tcptype passive\n"
          "a=candidate:1 2 UDP 2113937150 192.0.2.3 49171 typ host\n");
}

TEST_CASE("relay-only lets no address through but the relay's", "[sdp][privacy][relay-only]")
{
    auto relay_only = policy();
    relay_only.relay_only = true;
    const std::string relay = "a=candidate:3 1 udp 33562367 198.51.100.7 40975 typ relay raddr 192.0.2.3 rport 49170\n";
    const std::string host =
        "a=candidate:1 1 udp 2113937151 192.0.2.3 49170 typ host\na=remote-candidates:1 192.0.2.3 1\n";

    SECTION("c=, m= and a=rtcp name it")
    {
        const auto out =
            minimised(session + audio + key + host + relay +
                          "a=rtcp:49171 IN IP4 192.0.2.3\n"
                          "a=candidate:3 2 udp 33562366 198.51.100.7 40976 typ relay raddr 192.0.2.3 rport 49171\n",
                      relay_only);
        CHECK(has_line(out, "m=audio 40975 UDP/TLS/RTP/SAVPF 0"));
        CHECK(has_line(out, "c=IN IP4 198.51.100.7"));
        CHECK(has_line(out, "a=rtcp:40976 IN IP4 198.51.100.7"));
        CHECK(out.find("192.0.2.3") == std::string::npos);
        CHECK(out.find("typ host") == std::string::npos);
    }
    SECTION("without one the description is refused, trickling or not")
    {
        CHECK(refusal(session + audio + key + host, relay_only) == SdpRefusal::no_relay_candidate);
        CHECK(refusal(session + audio + key, relay_only) == SdpRefusal::no_relay_candidate);
        CHECK(refusal(session + audio + key + host + "a=ice-options:trickle\n", relay_only) ==
              SdpRefusal::no_relay_candidate);
    }
    SECTION("with nothing gathered yet there is nothing to hide")
    {
        const auto out =
            minimised("v=0\no=- 1 1 IN IP4 192.0.2.3\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 0.0.0.0\n"
                      "a=ice-options:trickle\n" +
                          key,
                      relay_only);
        CHECK(has_line(out, "m=audio 9 UDP/TLS/RTP/SAVPF 0"));
        CHECK(has_line(out, "c=IN IP4 0.0.0.0"));
    }
    SECTION("a section of a bundle uses its group's relay")
    {
        const auto out = minimised(session + "a=group:BUNDLE a v\n" + audio + "a=mid:a\n" + key + host + relay +
                                       "m=video 49170 UDP/TLS/RTP/SAVPF 96\na=mid:v\na=rtpmap:96 VP8/90000\n",
                                   relay_only);
        CHECK(has_line(out, "a=group:BUNDLE a v"));
        CHECK(has_line(out, "m=video 40975 UDP/TLS/RTP/SAVPF 96"));
        CHECK(out.find("192.0.2.3") == std::string::npos);
    }
    SECTION("IPv6")
    {
        const auto out = minimised(session + audio + key + host +
                                       "a=candidate:3 1 udp 1 2001:db8::7 40975 typ relay raddr :: rport 9\n",
                                   relay_only);
        CHECK(has_line(out, "c=IN IP6 2001:db8::7"));
    }
}

TEST_CASE("sections keep their number and order; what Sotto does not carry is rejected in its place",
          "[sdp][rfc3264][8]")
{
    const auto out = minimised(
        session +
        "a=group:BUNDLE a i d\n"
        "m=image 5000 udptl t38\na=mid:i\na=T38FaxVersion:0\n" +
        audio + "a=mid:a\n" + key +
        "m=video 0 RTP/AVP 31 32\na=mid:v\na=rtpmap:31 H261/90000\n"
        "m=audio 5004 UDP/TLS/RTP/SAVPF 97\na=rtpmap:97 canary/8000\n" +
        key +
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\na=sctp-port:5000\na=max-message-size:65536\n" +
        key);
    std::vector<std::string> lines;
    std::istringstream text{out};
    for (std::string line; std::getline(text, line);)
        if (line.starts_with("m=")) lines.push_back(line);
    CHECK(lines == std::vector<std::string>{"m=application 0 RTP/AVP 0", "m=audio 49170 UDP/TLS/RTP/SAVPF 0",
                                            "m=video 0 RTP/AVP 0", "m=audio 0 UDP/TLS/RTP/SAVPF 0",
                                            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"});
    CHECK(has_line(out, "a=group:BUNDLE a d"));
    CHECK(has_line(out, "a=max-message-size:65536"));
    CHECK(refusal(session + "m=image 5000 udptl t38\n") == SdpRefusal::unsupported_media);
    CHECK(minimised(session + "m=image 0 udptl t38\n").find("m=application 0 RTP/AVP 0\n") != std::string::npos);
    CHECK(minimised(session).ends_with("t=0 0\n"));
}

TEST_CASE("payload types keep their order of preference; unknown and unwanted codecs go with all their lines",
          "[sdp][codecs]")
{
    const std::string offer =
        session + key +
        "m=video 49170 UDP/TLS/RTP/SAVPF 98 97 96 100 99 126\n"
        "a=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\na=rtpmap:98 H264/90000\n"
        "a=fmtp:98 profile-level-id=42e01f;packetization-mode=1;sprop-parameter-sets=Z0IAH5WoFAFuQA==\n"
        "a=rtpmap:99 rtx/90000\na=fmtp:99 apt=98\na=rtpmap:100 x-canary/90000\na=rtcp-fb:100 nack\na=rtcp-fb:96 "
        "nack\na=rtcp-fb:* canary\n"
        "a=rtcp-fb:* ccm fir\na=rtcp-fb:*canary nack\na=rtcp-fb:98 trr-int 100\n";
    const auto out = minimised(offer);
    CHECK(has_line(out, "m=video 49170 UDP/TLS/RTP/SAVPF 98 97 96 99"));
    CHECK(out.substr(out.find("a=rtcp-fb:*")) ==
          "a=rtcp-fb:* ccm fir\na=rtpmap:98 H264/90000\na=fmtp:98 packetization-mode=1;profile-level-id=42e01f\n"
          "a=rtcp-fb:98 trr-int 100\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\na=rtpmap:96 VP8/90000\na=rtcp-fb:96 "
          "nack\na=rtpmap:99 rtx/90000\na=fmtp:99 apt=98\n");

    const std::vector<std::string> permitted{"vp8"};
    auto narrow = policy();
    narrow.permitted_codecs = permitted;
    CHECK(has_line(minimised(offer, narrow), "m=video 49170 UDP/TLS/RTP/SAVPF 97 96"));
    const std::vector<std::string> other{"opus"};
    narrow.permitted_codecs = other;
    CHECK(refusal(offer, narrow) == SdpRefusal::unsupported_media);
    CHECK(refusal(session + key + "m=audio 9 UDP/TLS/RTP/SAVPF 300\n") == SdpRefusal::malformed);
}

TEST_CASE("names that link a user's calls are replaced", "[sdp][privacy]")
{
    const auto out =
        minimised(session + key + "a=msid-semantic: WMS 1PBx\na=identity:eyJpZHAi\n" + audio +
                  "a=msid:1PBx 1PBxa0\na=ssrc-group:FID 11 12\na=ssrc:11 cname:mKDNt7SQ\n"
                  "a=ssrc:11 msid:1PBx 1PBxa0\na=ssrc:12 cname:mKDNt7SQ\n"
                  "m=video 49172 UDP/TLS/RTP/SAVPF 31\na=msid:2QCy v0\na=msid:1PBx v1\na=msid:- v2\n"
                  "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\na=extmap:3/recvonly "
                  "urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on\n"
                  "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\na=extmap:12 urn:canary\n");
    CHECK(out.find("a=msid:s0\na=ssrc-group:FID 11 12\na=ssrc:11 cname:-\na=ssrc:12 cname:-\nm=video") !=
          std::string::npos);
    CHECK(out.find("a=msid:s100\na=msid:s0\na=msid:-\n") != std::string::npos);
    CHECK(out.find("a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\na=extmap:3/recvonly "
                   "urn:ietf:params:rtp-hdrext:ssrc-audio-level\na=rtpmap") != std::string::npos);
    CHECK(out.find("1PBx") == std::string::npos);
    CHECK(out.find("canary") == std::string::npos);
    CHECK(out.find("identity") == std::string::npos);
}

TEST_CASE("a bundled section without a key of its own uses its group's", "[sdp][rfc8843][7.1.3]")
{
    const auto out = minimised(session + "a=group:BUNDLE a v\n" + audio + "a=mid:a\n" + key +
                               "m=video 0 UDP/TLS/RTP/SAVPF 31\na=bundle-only\na=mid:v\n");
    CHECK(has_line(out, "m=video 0 UDP/TLS/RTP/SAVPF 31"));
    CHECK(has_line(out, "a=bundle-only"));
    CHECK(has_line(out, "a=rtpmap:31 H261/90000"));
    CHECK(std::string{out}.rfind("a=fingerprint") < out.find("m=video"));
}

TEST_CASE("a key or a relay in a section that stays behind protects no other", "[sdp][keys]")
{
    const std::string bundle = session + "a=group:BUNDLE a v\n" + audio + "a=mid:a\n";
    CHECK(refusal(bundle + "m=video 9 UDP/TLS/RTP/CANARY 96\na=mid:v\n" + key) == SdpRefusal::plain_rtp);
    CHECK(refusal(bundle + "m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:v\na=rtpmap:96 canary/90000\n" + key) ==
          SdpRefusal::plain_rtp);
    auto relay_only = policy();
    relay_only.relay_only = true;
    CHECK(refusal(bundle + key + "m=video 0 UDP/TLS/RTP/SAVPF 31\na=mid:v\n" +
                      "a=candidate:3 1 udp 1 198.51.100.7 40975 typ relay\n",
                  relay_only) == SdpRefusal::no_relay_candidate);
}

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

TEST_CASE("hostile descriptions cost no more than their length", "[sdp][hostile]")
{
    const auto filled = [](std::string text, const std::string& line) {
        for (int i = 0; text.size() < 65'000; ++i) text += line + std::to_string(i) + "\r\n";
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

    const auto before = std::chrono::steady_clock::now();
    for (const auto& text : hostile)
        for (const auto& p : {policy(), relay_only}) {
            const auto result = minimise(text, p);
            CHECK((!result.has_value() || result->size() < 300'000));
        }
    CHECK(std::chrono::steady_clock::now() - before <
          std::chrono::seconds{5}); // milliseconds in truth; quadratic takes minutes
}

TEST_CASE("real descriptions: what comes out is not changed by a second pass", "[sdp]")
{
    auto neutral = policy();
    neutral.version_offset = 0;
    for (const auto* name :
         {"webrtc-41.sdp", "webrtc-12.sdp", "rfc8829-001.sdp", "rfc8829-003.sdp", "rfc8829-005.sdp"}) {
        INFO(name);
        const auto once = minimise(file(name), neutral);
        REQUIRE(once.has_value());
        const auto twice = minimise(*once, neutral);
        REQUIRE(twice.has_value());
        CHECK(*once == *twice);
    }
    for (const auto* name : {"rfc8839-005.sdp", "rfc8866-001.sdp"}) {
        INFO(name);
        CHECK(minimise(file(name), neutral).error() == SdpRefusal::plain_rtp);
    }
}

TEST_CASE("a browser's description through a relay shows the relay alone", "[sdp][relay-only]")
{
    auto relay_only = policy();
    relay_only.relay_only = true;
    const auto out = readable(minimise(file("webrtc-41.sdp"), relay_only));
    CHECK(has_line(out, "a=group:BUNDLE audio video"));
    CHECK(has_line(out, "m=audio 32952 UDP/TLS/RTP/SAVPF 111 103 104 0 8 107 106 105 13 126"));
    CHECK(has_line(out, "m=video 32952 UDP/TLS/RTP/SAVPF 100 116 117"));
    CHECK(has_line(out, "c=IN IP4 128.64.32.16"));
    CHECK(has_line(out, "a=candidate:1 1 UDP 33562367 128.64.32.16 32952 typ relay raddr 0.0.0.0 rport 9"));
    for (const auto* hidden :
         {"192.168.137.1", "172.22.0.56", "32.64.128.1", "inline:", "1PBxet", "mKDNt7SQ", "generation", "google-ice"}) {
        INFO(hidden);
        CHECK(out.find(hidden) == std::string::npos);
    }
}

TEST_CASE("trickled candidates are treated like those of a description", "[sdp][rfc8840]")
{
    const std::string fragment =
        "a=group:BUNDLE a v\na=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\na=tool:x\n"
        "m=audio 49170 UDP/TLS/RTP/SAVPF 0\na=mid:a\na=x-canary:1\n"
        "a=candidate:77 1 udp 2113937151 192.0.2.3 49170 typ host generation 0\n"
        "a=candidate:78 1 udp 33562367 198.51.100.7 40975 typ relay raddr 192.0.2.3 rport 49170\na=end-of-candidates\n";
    CHECK(readable(minimise_sdpfrag(wire(fragment), policy())) ==
          "a=group:BUNDLE a\nm=audio 9 RTP/AVP 0\na=mid:a\na=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\n"
          "a=candidate:1 1 UDP 2113937151 192.0.2.3 49170 typ host\n"
          "a=candidate:2 1 UDP 33562367 198.51.100.7 40975 typ relay raddr 0.0.0.0 rport 9\na=end-of-candidates\n");

    auto relay_only = policy();
    relay_only.relay_only = true;
    const auto hidden = readable(minimise_sdpfrag(wire(fragment), relay_only));
    CHECK(hidden.find("192.0.2.3") == std::string::npos);
    CHECK(has_line(hidden, "a=candidate:1 1 UDP 33562367 198.51.100.7 40975 typ relay raddr 0.0.0.0 rport 9"));

    CHECK(readable(minimise_sdpfrag("a=ice-ufrag:xyzw\r\na=end-of-candidates\r\n", policy())) ==
          "a=ice-ufrag:xyzw\na=end-of-candidates\n");
    CHECK_FALSE(minimise_sdpfrag("v=0\r\n", policy()).has_value());
}

TEST_CASE("every refusal can be explained to the phone", "[sdp][rfc3261][20.43]")
{
    for (const auto one : {SdpRefusal::malformed, SdpRefusal::plain_rtp, SdpRefusal::sdes_only,
                           SdpRefusal::no_relay_candidate, SdpRefusal::unsupported_media})
        CHECK_FALSE(explanation_of(one).empty());
}
