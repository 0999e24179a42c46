#include "core/privacy/allow_list.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sotto;
using namespace sotto::test;

// Every header that a phone can write, to each kind of receiver: what arrives is written out here, not read from the
// allow-list, so that a row changed by mistake shows.

namespace {

constexpr std::string_view offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                   "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
                                   "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
                                   "55:66:77:88:99\r\na=setup:actpass\r\na=rtpmap:0 PCMU/8000\r\n";

/// "canary" marks what must reach nobody.
const std::string everything =
    "Accept: application/sdp\nAccept-Contact: *;canary\nAccept-Encoding: identity\nAccept-Language: x-canary\n"
    "Alert-Info: <http://canary.example>\nAllow: INVITE, ACK, BYE, CANARY\nAllow-Events: refer\n"
    "Call-Info: <http://canary.example>\nCall-Protection: canary\nContent-Disposition: session;handling=optional\n"
    "Content-Language: x-canary\nDate: Sat, 13 Nov 2010 23:29:00 GMT\nExpires: 120\nFeature-Caps: *;canary\n"
    "Geolocation: <cid:canary@phone.invalid>, <https://lis.example/1>\nGeolocation-Routing: no\nHistory-Info: "
    "<sip:canary@example.org>;index=1\n"
    "Identity: canary\nIn-Reply-To: canary\nMin-SE: 90\nMIME-Version: 1.0\nOrganization: canary\n"
    "P-Access-Network-Info: canary\nP-Asserted-Identity: <sip:canary@example.org>\nP-Charging-Vector: canary\n"
    "P-Preferred-Identity: <sip:canary@example.org>\nPath: <sip:canary.example>\nPriority: canary\nPrivacy: none\n"
    "Reason: SIP;cause=200;text=\"canary\"\nRecord-Route: <sip:canary.example;lr>\nRecv-Info: infoDtmf\n"
    "Referred-By: <sip:canary@example.org>\nReject-Contact: *;canary\nRemote-Party-ID: <sip:canary@example.org>\n"
    "Reply-To: <sip:canary@example.org>\nServer: canary\nService-Route: <sip:canary.example>\nSession-Expires: 1800\n"
    "Session-ID: canary\nSubject: canary\nSupported: timer, canary\nTimestamp: 1\nUser-Agent: canary\n"
    "User-to-User: canary\nWarning: 399 canary \"canary\"\nX-Canary: canary\n";

CoreSettings with_routes()
{
    auto settings = World::defaults();
    settings.routes = {
        {.name = "trusted", .domains = {"trusted.example"}, .trusted = true},
        {.name = "others", .domains = {"*"}},
        {.name = "carrier",
         .kind = Receiver::gateway,
         .prefixes = {"+"},
         .targets = {{"trunk.example"}},
         .caller_id = CallerId::asserted},
        {.name = "sos", .kind = Receiver::emergency, .services = {"sos"}, .targets = {{"psap.example"}}},
    };
    return settings;
}

std::set<std::string> names_in(const std::string& message)
{
    std::set<std::string> names;
    auto rest = std::string_view{message}.substr(message.find("\r\n") + 2);
    while (!rest.starts_with("\r\n")) {
        names.emplace(rest.substr(0, rest.find(':')));
        rest.remove_prefix(rest.find("\r\n") + 2);
    }
    return names;
}

std::string sent_to(World& world, FlowId alice, FlowId receiver, const std::string& uri)
{
    const auto invite = [&](const std::string& cseq, const std::string& extra) {
        return "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/TLS canary.invalid;branch=z9hG4bKcanary" + cseq +
               "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=canary-tag\nTo: <" + uri +
               ">\nCall-ID: canary-call\nCSeq: " + cseq +
               " INVITE\nContact: <sip:canary@192.0.2.1:5555;transport=tls>\nContent-Type: application/sdp\n" +
               everything + extra;
    };
    world.send(alice, invite("1", ""), offer);
    const auto challenge = world.receive(alice);
    REQUIRE(start_line(challenge).starts_with("SIP/2.0 407"));
    world.send(alice, invite("2", world.credentials(challenge, "alice", "INVITE", uri)), offer);
    return world.receive(receiver);
}

const std::set<std::string> for_everybody{"Accept",
                                          "Allow",
                                          "CSeq",
                                          "Call-ID",
                                          "Contact",
                                          "Content-Disposition",
                                          "Content-Length",
                                          "Content-Type",
                                          "Expires",
                                          "From",
                                          "Max-Breadth",
                                          "Max-Forwards",
                                          "Min-SE",
                                          "Reason",
                                          "Recv-Info",
                                          "Session-Expires",
                                          "Supported",
                                          "To",
                                          "Via"};

std::set<std::string> and_also(std::initializer_list<std::string> more)
{
    auto all = for_everybody;
    all.insert(more.begin(), more.end());
    return all;
}

} // namespace

TEST_CASE("each header and each kind of receiver")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto check = [&](Receiver kind, FlowId receiver, const std::string& uri,
                           const std::set<std::string>& expected) {
        const auto message = sent_to(world, alice, receiver, uri);
        CHECK(names_in(message) == expected);
        for (const auto& rule : header_rules()) // and the table says the same
            if (rule.treatment(true, kind) == Treatment::drop)
                CHECK_FALSE(expected.contains(std::string{name_of(rule.header)}));
        CHECK(lower(message).find("canary") == std::string::npos);
    };
    SECTION("own subscriber") { check(Receiver::subscriber, world.phone("bob"), "sip:bob@example.org", for_everybody); }
    SECTION("peer") { check(Receiver::peer, world.domain("peer.example"), "sip:bob@peer.example", for_everybody); }
    SECTION("trusted peer")
    {
        check(Receiver::peer, world.domain("trusted.example"), "sip:bob@trusted.example",
              and_also({"P-Asserted-Identity"}));
    }
    SECTION("gateway")
    {
        check(Receiver::gateway, world.domain("trunk.example"), "sip:+44207946000@example.org",
              and_also({"P-Asserted-Identity"}));
    }
    SECTION("emergency service")
    {
        check(Receiver::emergency, world.domain("psap.example"), "urn:service:sos",
              and_also({"Geolocation", "Geolocation-Routing", "P-Asserted-Identity", "Route"}));
    }
}

TEST_CASE("the matrix tries every row of the minimisation table")
{
    // Of a dialog, of other methods, of REGISTER, or Sotto's alone: tests of their own show them.
    const std::set<std::string> elsewhere{"Authorization",
                                          "Call-ID",
                                          "Contact",
                                          "Content-ID",
                                          "Content-Length",
                                          "Content-Type",
                                          "CSeq",
                                          "Event",
                                          "Flow-Timer",
                                          "From",
                                          "Info-Package",
                                          "Join",
                                          "Max-Breadth",
                                          "Max-Forwards",
                                          "Min-Expires",
                                          "Proxy-Authenticate",
                                          "Proxy-Authorization",
                                          "RAck",
                                          "RSeq",
                                          "Refer-Sub",
                                          "Refer-To",
                                          "Replaces",
                                          "Require",
                                          "Retry-After",
                                          "Route",
                                          "Subscription-State",
                                          "Target-Dialog",
                                          "To",
                                          "Unsupported",
                                          "Via",
                                          "WWW-Authenticate"};
    std::set<std::string> untried;
    for (const auto& rule : header_rules())
        if (const std::string name{name_of(rule.header)};
            ("\n" + everything).find("\n" + name + ": ") == std::string::npos)
            untried.insert(name);
    CHECK(untried == elsewhere);
}

TEST_CASE("answers: each header and each kind of receiver")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("peer.example");
    const auto answer = [](const std::string& request, const std::string& contact) {
        return "SIP/2.0 200 OK\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
               "\nTo: " + header(request, "To") + ";tag=canary-tag\nCall-ID: " + header(request, "Call-ID") +
               "\nCSeq: " + header(request, "CSeq") + "\nContact: <" + contact + ">\nContent-Type: application/sdp\n" +
               everything;
    };
    const auto reply = std::set<std::string>{
        "Accept",       "Allow",   "CSeq", "Call-ID",      "Contact",     "Content-Disposition", "Content-Length",
        "Content-Type", "Expires", "From", "Min-SE",       "Reason",      "Recv-Info",           "Session-Expires",
        "Supported",    "To",      "Via",  "Allow-Events", "Record-Route"}; // the receiver's own
    SECTION("from a peer to a subscriber")
    {
        const auto invite = sent_to(world, alice, peer, "sip:bob@peer.example");
        world.receive(alice); // 100
        auto answered = answer(invite, "sip:canary@192.0.2.9:5061");
        answered.replace(answered.find("sip:canary.example;lr"), 10, "sip:peers-");
        world.send(peer, answered, offer);
        const auto ok = world.receive(alice);
        CHECK(names_in(ok) == reply);
        CHECK(ok.find("peers-") == std::string::npos);
        CHECK(ok.find("192.0.2.9") == std::string::npos);
    }
    SECTION("from a subscriber to whoever called from outside")
    {
        struct Caller {
            std::string domain, from;
        };
        const auto caller = GENERATE(values<Caller>({{"peer.example", "bob"},
                                                     {"trusted.example", "bob"},
                                                     {"trunk.example", "+442079460000"},
                                                     {"psap.example", "+4930112"}}));
        INFO(caller.domain);
        const auto outside = caller.domain == "peer.example" ? peer : world.domain(caller.domain);
        world.send(outside,
                   "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS peer.example;branch=z9hG4bKp\nRecord-Route: "
                   "<sip:peer.example;lr>\nMax-Forwards: 60\nFrom: <sip:" +
                       caller.from + "@" + caller.domain +
                       ">;tag=p\nTo: <sip:alice@example.org>\nCall-ID: p\nCSeq: 7 INVITE\nContact: "
                       "<sip:bob@192.0.2.8:5061>\nContent-Type: application/sdp\n",
                   offer);
        world.receive(outside); // 100
        const auto invite = world.receive(alice);
        world.send(alice, answer(invite, "sip:canary@192.0.2.1:5555;transport=tls"), offer);
        const auto ok = world.receive(outside);
        CHECK(names_in(ok) == reply);
        CHECK(lower(ok).find("canary") == std::string::npos);
    }
}
