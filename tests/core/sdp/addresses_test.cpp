// Candidates and addresses, with and without a relay.
#include "core/sdp/descriptions.hpp"

using namespace sotto::sdp;
using namespace sotto::sdp::test;

TEST_CASE("addresses have one spelling, and a browser's drawn name passes", "[sdp][rfc5952]")
{
    const auto out = minimised(session + audio + key +
                               "a=candidate:1 1 udp 2 2001:DB8:0:0:0:0:0:1 4000 typ host\n"
                               "a=candidate:2 1 udp 1 1F4712DB-ea17-4bcf-a596-105139dfd8bf.local 4001 typ host\n");
    CHECK(has_line(out, "a=candidate:1 1 UDP 2130706431 2001:db8::1 4000 typ host"));
    CHECK(has_line(out, "a=candidate:2 1 UDP 2130706175 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 4001 typ host"));
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
          "a=candidate:1 1 UDP 2130706431 192.0.2.3 49170 typ host\n"
          "a=candidate:2 1 UDP 1694498815 203.0.113.9 62397 typ srflx raddr 0.0.0.0 rport 9\n"
          "a=candidate:3 1 TCP 1526726655 2001:db8::3 9 typ host tcptype active\n"
          "a=candidate:3 1 TCP 16777215 2001:db8::9 40975 typ relay raddr :: rport 9 tcptype passive\n"
          "a=candidate:1 2 UDP 2130706430 192.0.2.3 49171 typ host\n");
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

TEST_CASE("a browser's description through a relay shows the relay alone", "[sdp][relay-only]")
{
    auto relay_only = policy();
    relay_only.relay_only = true;
    const auto out = readable(minimise(file("webrtc-41.sdp"), relay_only));
    CHECK(has_line(out, "a=group:BUNDLE audio video"));
    CHECK(has_line(out, "m=audio 32952 UDP/TLS/RTP/SAVPF 111 103 104 0 8 107 106 105 13 126"));
    CHECK(has_line(out, "m=video 32952 UDP/TLS/RTP/SAVPF 100 116 117"));
    CHECK(has_line(out, "c=IN IP4 128.64.32.16"));
    CHECK(has_line(out, "a=candidate:1 1 UDP 16777215 128.64.32.16 32952 typ relay raddr 0.0.0.0 rport 9"));
    for (const auto* hidden :
         {"192.168.137.1", "172.22.0.56", "32.64.128.1", "inline:", "1PBxet", "mKDNt7SQ", "generation", "google-ice"}) {
        INFO(hidden);
        CHECK(out.find(hidden) == std::string::npos);
    }
}

TEST_CASE("what is trickled goes by the name that the section has in its description", "[sdp][rfc8840][4.4]")
{
    const std::string offers = session + "a=ice-options:trickle\n" + audio + key + "a=mid:audio\n";
    const std::string answers = session + audio + key + "a=ice-options:ice2 trickle\na=mid:audio\n";
    const std::string fragment =
        "a=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\nm=audio 9 RTP/AVP 0\na=mid:audio\n"
        "a=candidate:1 1 udp 33562367 198.51.100.7 40975 typ relay\n";
    auto relay_only = policy();
    relay_only.relay_only = true;
    const auto name_in = [](const std::string& text) {
        const auto at = text.find("a=mid:");
        return at == std::string::npos ? std::string{} : text.substr(at, text.find('\n', at) - at);
    };
    const auto hold = [](std::string description) { // its addresses are all to come
        return description.replace(description.find("192.0.2.3"), 9, "0.0.0.0");
    };
    for (const auto& described : {minimised(offers), minimised(answers), minimised(hold(offers), relay_only)}) {
        INFO(described);
        CHECK(name_in(described) == "a=mid:audio");
    }
    for (const auto& p : {policy(), relay_only})
        CHECK(name_in(readable(minimise_sdpfrag(wire(fragment), p))) == "a=mid:audio");
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
          "a=candidate:1 1 UDP 2130706431 192.0.2.3 49170 typ host\n"
          "a=candidate:2 1 UDP 16777215 198.51.100.7 40975 typ relay raddr 0.0.0.0 rport 9\na=end-of-candidates\n");

    auto relay_only = policy();
    relay_only.relay_only = true;
    const auto hidden = readable(minimise_sdpfrag(wire(fragment), relay_only));
    CHECK(hidden.find("192.0.2.3") == std::string::npos);
    CHECK(has_line(hidden, "a=candidate:1 1 UDP 16777215 198.51.100.7 40975 typ relay raddr 0.0.0.0 rport 9"));

    CHECK(readable(minimise_sdpfrag("a=ice-ufrag:xyzw\r\na=end-of-candidates\r\n", policy())) ==
          "a=ice-ufrag:xyzw\na=end-of-candidates\n");
    CHECK_FALSE(minimise_sdpfrag("v=0\r\n", policy()).has_value());
}
