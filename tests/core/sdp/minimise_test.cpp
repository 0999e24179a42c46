#include "core/sdp/descriptions.hpp"

using namespace sotto::sdp;
using namespace sotto::sdp::test;

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

TEST_CASE("a retransmission of a retransmission, or of what is not written of it, is of no use", "[sdp][rfc4588]")
{
    const auto out = minimised(session + "m=video 1 UDP/TLS/RTP/SAVPF 0 101 102 103 104\n" + key +
                               "a=rtpmap:101 rtx/90000\na=rtpmap:102 rtx/90000\na=fmtp:102 apt=0\n"
                               "a=rtpmap:103 rtx/90000\na=fmtp:103 apt=101\n"
                               "a=rtpmap:104 rtx/90000\na=fmtp:104 apt=00\n");
    CHECK(has_line(out, "m=video 1 UDP/TLS/RTP/SAVPF 0 102"));
    CHECK(out.find("103") == std::string::npos);
}

TEST_CASE("a section is named only where something refers to it", "[sdp][rfc5888][privacy]")
{
    const auto named = [](const std::string& before, const std::string& inside) {
        const auto with = [&](const std::string& first, const std::string& second) {
            return minimised(session + before + key + audio + "a=mid:" + first + "\n" + inside +
                             "m=video 0 RTP/AVP 31\na=mid:" + second + "\n");
        };
        const auto out = with("audio", "video");
        CHECK((out == with("0", "1")) == (out.find("a=mid") == std::string::npos)); // two phones with other habits
        return has_line(out, "a=mid:audio") && has_line(out, "a=mid:video");
    };
    CHECK_FALSE(named("", ""));
    CHECK_FALSE(named("a=group:FID audio video\na=ice-options:ice2\n", "a=ice-options:ice2 x-trickle\n"));
    CHECK_FALSE(named("", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n"));
    // Neither does what is not passed on itself: a group of nobody, an extension without a number.
    CHECK_FALSE(named("a=group:BUNDLE slides\n", ""));
    CHECK_FALSE(named("", "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid\n"));
    CHECK(named("a=group:BUNDLE audio\n", ""));
    CHECK(named("a=group:LS audio video\n", ""));
    CHECK(named("a=ice-options:ice2 trickle\n", ""));
    CHECK(named("", "a=ice-options:trickle\n"));
    CHECK(named("", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\n"));
    CHECK(named("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\n", ""));
    CHECK(named("", "a=extmap:4 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:sdes:mid\n"));
}

const std::string layers_in_rtp = "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n";

TEST_CASE("of one section, so many layers are named and no more", "[sdp][rfc8853]")
{
    std::string layers, list;
    for (int i = 0; i < 40; ++i) {
        layers += "a=rid:l" + std::to_string(i) + " send\n";
        list += ";l" + std::to_string(i);
    }
    const auto out =
        minimised(session + audio + key + layers_in_rtp + layers + "a=simulcast:send " + list.substr(1) + "\n");
    CHECK(has_line(out, "a=rid:l31 send"));
    CHECK(out.ends_with(";l31\n"));
    CHECK(out.find("l32") == std::string::npos);
}

TEST_CASE("layers are named only where RTP names them", "[sdp][rfc8852][privacy]")
{
    const std::string layers = "a=rid:hi send\na=rid:lo send\na=simulcast:send hi;lo\n";
    CHECK(minimised(session + audio + key + layers) == minimised(session + audio + key));
    const auto in_section = minimised(session + audio + key + layers_in_rtp + layers);
    CHECK(in_section.ends_with("a=rid:hi send\na=rid:lo send\na=simulcast:send hi;lo\n"));
    CHECK(minimised(session + layers_in_rtp + audio + key + layers) == in_section);
    // one extension of the section's own, and those of the session part do not hold there
    CHECK(minimised(session + layers_in_rtp + audio + key + layers +
                    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n")
              .find("a=rid") == std::string::npos);
    // nor does any in a section that carries no RTP
    const std::string data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\na=sctp-port:5000\n" + key;
    CHECK(minimised(session + data + layers_in_rtp + layers) == minimised(session + data + layers_in_rtp));
    CHECK(minimised(session + layers_in_rtp + data + layers) == minimised(session + data));
}

TEST_CASE("simulcast names what is sent and received, and nothing else", "[sdp][rfc8853]")
{
    const auto through = [](const std::string& value) {
        auto layers = layers_in_rtp;
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

TEST_CASE("a line holds no word and no number of its sender's own", "[sdp][privacy]")
{
    const auto line = [](const std::string& text) {
        const auto with = minimised(session + audio + key + layers_in_rtp + "a=rid:1 send\n" + text + "\n");
        const auto without = minimised(session + audio + key + layers_in_rtp + "a=rid:1 send\n");
        INFO(with);
        return with == without;
    };
    for (const auto* text :
         {"a=rid:zz_canary_zz_canary send", "a=sctp-port:1234567", "a=sctp-port:05000", "a=ptime:020",
          "a=ptime:1234567890", "a=maxptime:0", "a=tls-id:zzcanary", "a=ice-ufrag:zz-canary", "a=ice-pwd:zzcanary",
          "a=extmap:4444 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid",
          "a=remote-candidates:1 zzcanary-laptop.example.org 4000",
          "a=candidate:1 1 udp 1 zzcanary-laptop.local 4000 typ host",
          "a=candidate:1 1 udp 1 zzcanary.example.org 4000 typ host", "a=rtcp-fb:0 trr-int 1234567890",
          "a=fmtp:0 12345678901234567890/123", "a=rtpmap:96 opus/1234567/2", "a=simulcast:send zzcanary",
          "a=max-message-size:0262144"}) {
        INFO(text);
        CHECK(line(text));
    }
    CHECK(has_line(minimised(session + audio + key + layers_in_rtp +
                             "a=rid:hi send zz=zzcanary;max-width=1280;pt=0,77,zzcanary\n"),
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

TEST_CASE("a codec is told its own parameters, in its own numbers", "[sdp][privacy]")
{
    const auto fmtp = [](const std::string& codec, const std::string& parameters) {
        const auto out = minimised(session + "m=audio 1 UDP/TLS/RTP/SAVPF 0 96\n" + key + "a=rtpmap:96 " + codec +
                                   "\na=fmtp:96 " + parameters + "\n");
        const auto at = out.find("a=fmtp:96 ");
        return at == std::string::npos ? std::string{} : out.substr(at + 10, out.find('\n', at) - at - 10);
    };
    const std::string anybodys =
        "apt=0;config=00112233445566778899aabbccddeeff;max-mbps=12345678;repair-window=12345678;"
        "cps=12345;max-red=12345;profile-level-id=abcdef;maxaveragebitrate=123456;bitrate=123456;"
        "constantDuration=12345;max-fs=12345;mode=20;L=123;QCIF=2";
    for (const auto* codec : {"PCMU/8000", "G722/8000", "CN/8000", "telephone-event/8000", "ulpfec/90000", "L16/44100"})
        CHECK(fmtp(codec, anybodys).empty());
    for (const auto& [codec, left] : {std::pair{"opus/48000/2", "maxaveragebitrate=123456"},
                                      {"iLBC/8000", "mode=20"},
                                      {"AMR-WB/16000", "max-red=12345"},
                                      {"mpeg4-generic/48000", "mode=20;constantDuration=12345"},
                                      {"MP4A-LATM/90000", "bitrate=123456"},
                                      {"VP8/90000", "max-fs=12345"},
                                      {"H264/90000", "profile-level-id=abcdef;max-fs=12345;max-mbps=12345678"},
                                      {"H263-1998/90000", "QCIF=2"},
                                      {"t140/1000", "cps=12345"},
                                      {"flexfec-03/90000", "L=123;repair-window=12345678"}}) {
        INFO(codec);
        CHECK(fmtp(codec, anybodys) == left);
    }
    CHECK(fmtp("opus/48000/2", "maxplaybackrate=12345;sprop-maxcapturerate=16000;maxaveragebitrate=77;minptime=1") ==
          "sprop-maxcapturerate=16000");
    CHECK(fmtp("H264/90000", "profile-level-id=42e0").empty());
    CHECK(fmtp("AMR/8000", "mode-change-period=0;mode-change-capability=3").empty());
    CHECK(fmtp("mpeg4-generic/48000", "config=1190;profile-level-id=15") == "config=1190;profile-level-id=15");
    CHECK(fmtp("mpeg4-generic/48000", "config=00112233445566778899").empty());
}

TEST_CASE("groups are of streams that the section names, and each is in one of a kind", "[sdp][rfc5576][privacy]")
{
    const auto groups = [](const std::string& lines) {
        return lines_of(minimised(session + audio + key + lines), "a=ssrc");
    };
    using Lines = std::vector<std::string>;
    const std::string two = "a=ssrc:11 cname:x\na=ssrc:12 cname:x\n";
    CHECK(groups("a=ssrc-group:FID 11 12\n" + two) ==
          Lines{"a=ssrc-group:FID 11 12", "a=ssrc:11 cname:-", "a=ssrc:12 cname:-"});
    CHECK(groups("a=ssrc-group:FID 3735928559 12\n" + two) == Lines{"a=ssrc:11 cname:-", "a=ssrc:12 cname:-"});
    CHECK(groups("a=ssrc-group:FID 11 12\na=ssrc-group:FID 12 11\na=ssrc-group:FEC-FR 11 12\n" + two) ==
          Lines{"a=ssrc-group:FID 11 12", "a=ssrc-group:FEC-FR 11 12", "a=ssrc:11 cname:-", "a=ssrc:12 cname:-"});
    CHECK(groups("a=ssrc-group:FID 11 11\na=ssrc:11 cname:x\na=ssrc:11 cname:y\na=ssrc:12 label:x\n") ==
          Lines{"a=ssrc:11 cname:-"});
    std::string many;
    for (int i = 1; i <= 40; ++i) many += "a=ssrc:" + std::to_string(i) + " cname:x\n";
    CHECK(groups(many).size() == 32);
}

TEST_CASE("priorities of candidates are those of everybody, in the phone's order", "[sdp][rfc8445][5.1.2.1]")
{
    const auto through = [](const std::vector<std::string>& candidates) {
        std::string lines;
        for (const auto& one : candidates) lines += "a=candidate:" + one + "\n";
        auto found = lines_of(minimised(session + audio + key + lines), "a=candidate:");
        for (auto& line : found) line.erase(0, line.find(':') + 1);
        return found;
    };
    using Lines = std::vector<std::string>;
    // Two makes with the same candidates: by RFC 8445, and with adapters and relays in the number.
    const Lines expected{"1 1 UDP 2130706431 192.0.2.3 4000 typ host",
                         "2 1 UDP 2130706175 2001:db8::3 4000 typ host",
                         "3 1 UDP 1694498815 198.51.100.3 4000 typ srflx raddr 0.0.0.0 rport 9",
                         "4 1 TCP 1526726655 192.0.2.3 9 typ host tcptype active",
                         "5 1 UDP 16777215 203.0.113.3 5000 typ relay raddr 0.0.0.0 rport 9",
                         "1 2 UDP 2130706430 192.0.2.3 4001 typ host"};
    CHECK(through({"a 1 udp 2122260223 192.0.2.3 4000 typ host", "b 1 udp 2122194687 2001:db8::3 4000 typ host",
                   "c 1 udp 1686052607 198.51.100.3 4000 typ srflx",
                   "d 1 tcp 1518280447 192.0.2.3 9 typ host tcptype active",
                   "e 1 udp 41885439 203.0.113.3 5000 typ relay", "a 2 udp 2122260222 192.0.2.3 4001 typ host"}) ==
          expected);
    CHECK(through({"R 1 udp 5 203.0.113.3 5000 typ relay", "H 1 udp 99 192.0.2.3 4000 typ host",
                   "S 1 udp 50 198.51.100.3 4000 typ srflx", "T 1 tcp 7 192.0.2.3 9 typ host tcptype active",
                   "6 1 udp 98 2001:db8::3 4000 typ host", "H 2 udp 1 192.0.2.3 4001 typ host"}) == expected);
    // Whoever would rather be reached through its relay stays so.
    CHECK(through({"H 1 udp 5 192.0.2.3 4000 typ host", "R 1 udp 7 203.0.113.3 5000 typ relay"}) ==
          Lines{"1 1 UDP 16777215 203.0.113.3 5000 typ relay raddr 0.0.0.0 rport 9",
                "2 1 UDP 16776959 192.0.2.3 4000 typ host"});
    // What ICE has chosen keeps its number in the next offer, where it stands alone.
    CHECK(through({"S 1 udp 50 198.51.100.3 4000 typ srflx"}) ==
          Lines{"1 1 UDP 1694498815 198.51.100.3 4000 typ srflx raddr 0.0.0.0 rport 9"});
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
    CHECK(lines_of(out, "m=") == std::vector<std::string>{"m=application 0 RTP/AVP 0",
                                                          "m=audio 49170 UDP/TLS/RTP/SAVPF 0", "m=video 0 RTP/AVP 0",
                                                          "m=audio 0 UDP/TLS/RTP/SAVPF 0",
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

TEST_CASE("every refusal can be explained to the phone", "[sdp][rfc3261][20.43]")
{
    for (const auto one : {SdpRefusal::malformed, SdpRefusal::plain_rtp, SdpRefusal::sdes_only,
                           SdpRefusal::no_relay_candidate, SdpRefusal::unsupported_media})
        CHECK_FALSE(explanation_of(one).empty());
}
