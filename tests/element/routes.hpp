#pragma once
#include "element/world.hpp"

#include <catch2/catch.hpp>

namespace sotto::test {

inline constexpr std::string_view offer =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
    "55:66:77:88:99\r\na=setup:actpass\r\na=rtpmap:0 PCMU/8000\r\n";

/// The way of a call for help, by its number and by its service.
inline Route route_for_help()
{
    return {.name = "sos",
            .kind = Receiver::emergency,
            .numbers = {"112"},
            .services = {"sos"},
            .targets = {{"psap.example"}}};
}

/// An INVITE to `user`, of whoever has proven nothing; `headers` are further lines, each with "\n".
inline std::string invite_of_a_stranger(const std::string& user, const std::string& from, const std::string& call,
                                        int number, const std::string& headers)
{
    const auto n = std::to_string(number);
    return "INVITE sip:" + user + "@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKs" + n +
           "\nMax-Forwards: 70\nFrom: <sip:" + from + "@example.org>;tag=s\nTo: <sip:" + user +
           "@example.org>\nCall-ID: " + call + "\nCSeq: " + n + " INVITE\n" + headers;
}

inline CoreSettings with_routes()
{
    auto settings = World::defaults();
    settings.domains.front().numbers = {.country = "49", .area = "30"};
    settings.routes = {
        {.name = "friends", .domains = {"example.net"}},
        {.name = "carrier",
         .kind = Receiver::gateway,
         .prefixes = {"+"},
         .targets = {{"one.trunk.example"}, {"two.trunk.example"}},
         .username = "sotto",
         .password = "secret"},
        route_for_help(),
    };
    return settings;
}

struct Outgoing {
    std::string uri;
    std::string extra{};
    std::string tag{"a-tag"};
    std::string caller{"alice"};
    std::string content_type{"application/sdp"};
    std::string body{offer};
};

/// INVITE, challenge, INVITE again; what comes back to Alice first after that is left for the test.
inline void dial(World& world, FlowId alice, const Outgoing& call)
{
    const auto invite = [&](const std::string& cseq, const std::string& extra) {
        return "INVITE " + call.uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + call.tag + cseq +
               "\nMax-Forwards: 70\nFrom: \"Alice\" <sip:" + call.caller + "@example.org>;tag=" + call.tag + "\nTo: <" +
               call.uri + ">\nCall-ID: " + call.tag + "@secret-host\nCSeq: " + cseq +
               " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\nContent-Type: " + call.content_type +
               "\n" + call.extra + extra;
    };
    world.send(alice, invite("1", ""), call.body);
    const auto challenge = world.receive(alice);
    REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
    world.send(alice, invite("2", world.credentials(challenge, call.caller, "INVITE", call.uri)), call.body);
}

/// A call of that phone to somebody at `peer`: the INVITE that arrives there.
inline std::string call_out(World& world, FlowId phone, FlowId peer, const std::string& uri = "sip:bob@example.net")
{
    dial(world, phone, {.uri = uri});
    CHECK(start_line(world.receive(phone)) == "SIP/2.0 100 Trying");
    return world.receive(peer);
}

inline std::string answer(const std::string& request, const std::string& status, const std::string& extra = {})
{
    const auto to = header(request, "To");
    return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + to + (tag_in(to).empty() ? ";tag=g-tag" : "") + "\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\n" + extra;
}

inline const std::string contact = "Contact: <sip:gw@192.0.2.9:5071;transport=tls>\n";
inline const std::string described = "Content-Type: application/sdp\n"; ///< what goes with `offer`

inline std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

} // namespace sotto::test
