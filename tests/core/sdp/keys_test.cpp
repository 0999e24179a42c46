// Keys of the media: who may read them on the way.
#include "core/sdp/descriptions.hpp"

using namespace sotto::sdp;
using namespace sotto::sdp::test;
using namespace std::string_literals;

TEST_CASE("media that nothing protects is refused", "[sdp][keys]")
{
    CHECK(refusal(session + "m=audio 49170 RTP/AVP 0\n") == SdpRefusal::plain_rtp);
    CHECK(refusal(session + "m=audio 49170 RTP/SAVP 0\n") == SdpRefusal::plain_rtp);
    CHECK(refusal(session + audio) == SdpRefusal::plain_rtp);
    CHECK(refusal(session + "m=application 49170 UDP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000\n") ==
          SdpRefusal::plain_rtp);
    CHECK(refusal(session + audio + key + "m=video 49172 RTP/AVP 31\n") == SdpRefusal::plain_rtp);
}

TEST_CASE("a section of an offer that nothing protects is left out beside one that is protected",
          "[sdp][keys][rfc3264][6]")
{
    auto offered = policy();
    offered.offer = true;
    const std::string sdes = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\n";
    const std::string other = GENERATE("RTP/AVP", "RTP/SAVP");
    const auto section = "m=audio 49172 " + other + " 0\n" + (other == "RTP/SAVP" ? sdes : "");
    for (const auto& text : {session + audio + key + section, session + section + audio + key}) {
        const auto out = minimised(text, offered);
        CHECK(lines_of(out, "m=").size() == 2);
        CHECK(has_line(out, "m=audio 0 " + other + " 0"));
        CHECK(out.find("a=fingerprint:") != std::string::npos);
        CHECK(out.find("49172") == std::string::npos);
        CHECK(out.find("inline:") == std::string::npos);
    }
    const auto expected = other == "RTP/SAVP" ? SdpRefusal::sdes_only : SdpRefusal::plain_rtp;
    CHECK(refusal(session + section, offered) == expected);
    CHECK(refusal(session + section + "m=image 5000 udptl t38\n", offered) == expected);
    CHECK(refusal(session + audio + key + section) == expected); // an answer: its offer had no such section
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

TEST_CASE("a bundled section without a key of its own uses its group's", "[sdp][rfc8843][7.1.3]")
{
    const auto out = minimised(session + "a=group:BUNDLE a v\n" + audio + "a=mid:a\n" + key +
                               "m=video 0 UDP/TLS/RTP/SAVPF 31\na=bundle-only\na=mid:v\n");
    CHECK(has_line(out, "m=video 0 UDP/TLS/RTP/SAVPF 31"));
    CHECK(has_line(out, "a=bundle-only"));
    CHECK(has_line(out, "a=rtpmap:31 H261/90000"));
    CHECK(std::string{out}.rfind("a=fingerprint") < out.find("m=video"));
}

TEST_CASE("a section with a=bundle-only takes no key from the session part, only from its group",
          "[sdp][rfc8843][7.1.3]")
{
    const auto kind = GENERATE(0, 1);
    const auto keyed = kind == 0 ? key : "a=zrtp-hash:1.10 " + std::string(64, 'a') + "\n";
    const std::string profile = kind == 0 ? "UDP/TLS/RTP/SAVPF" : "RTP/AVP";
    const auto sections = "m=audio 9 " + profile + " 0\nc=IN IP4 192.0.2.1\na=mid:a\nm=audio 0 " + profile +
                          " 0\na=bundle-only\na=mid:b\n";
    CHECK(refusal(session + keyed + sections) == SdpRefusal::plain_rtp);
    const auto out = minimised(session + "a=group:BUNDLE a b\n" + keyed + sections);
    CHECK(has_line(out, "m=audio 0 " + profile + " 0"));
    CHECK(has_line(minimised(out), "a=bundle-only")); // it is as secure as it was
}

TEST_CASE("a key behind many other lines of the session part stays with its media, or the description is refused",
          "[sdp][keys]")
{
    const std::string extension{"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\n"};
    const auto behind = [&](int lines) {
        auto text = session;
        for (int i = 0; i < lines; ++i) text += extension;
        return text + key + "m=audio 9 RTP/AVP 0\nc=IN IP4 192.0.2.1\n";
    };
    CHECK(lines_of(minimised(behind(23)), "a=fingerprint").size() == 1);
    CHECK(refusal(behind(24)) == SdpRefusal::malformed); // more than any call needs
    CHECK_FALSE(minimise_sdpfrag(wire(behind(24)), policy()).has_value());
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
    relay_only.offer = true; // the audio is left out of it: ZRTP protects no DTLS
    CHECK(refusal(session +
                      "a=group:BUNDLE a v\nm=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 192.0.2.1\na=mid:a\n"
                      "a=candidate:3 1 udp 1 198.51.100.7 40975 typ relay\n"
                      "m=video 9 RTP/AVP 31\nc=IN IP4 192.0.2.1\na=mid:v\na=zrtp-hash:1.10 " +
                      std::string(64, 'a') + "\n",
                  relay_only) == SdpRefusal::no_relay_candidate);
}
