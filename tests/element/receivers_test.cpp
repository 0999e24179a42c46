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

const std::set<std::string> for_everybody{"Accept",         "Allow",        "CSeq",
                                          "Call-ID",        "Contact",      "Content-Disposition",
                                          "Content-Length", "Content-Type", "Expires",
                                          "From",           "Max-Breadth",  "Max-Forwards",
                                          "Min-SE",         "Recv-Info",    "Session-Expires",
                                          "Supported",      "To",           "Via"};

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

namespace {

/// What belongs into other requests than an INVITE, into answers or into REGISTER, or is Sotto's alone; a phone may
/// write it all the same.
const std::string of_other_messages =
    "Authorization: Digest username=\"canary\"\nContent-ID: <canary@canary.invalid>\nEvent: refer;id=1\nFlow-Timer: "
    "120\nInfo-Package: infoDtmf\n"
    "Join: canary;to-tag=canary;from-tag=canary\nMax-Breadth: 33\nMin-Expires: 60\n"
    "Proxy-Authenticate: Digest realm=\"canary\", nonce=\"canary\"\nProxy-Authorization: Digest username=\"canary\"\n"
    "RAck: 1 2 INVITE\nRSeq: 1\nRefer-Sub: false\nRefer-To: <sip:carol@example.org?canary=canary>\n"
    "Replaces: canary;to-tag=canary;from-tag=canary\nRequire: timer\nRetry-After: 60 (canary)\n"
    "Route: <sip:example.org;lr;canary>\nSubscription-State: active;expires=60;canary\n"
    "Target-Dialog: canary;local-tag=canary;remote-tag=canary\nUnsupported: canary\n"
    "WWW-Authenticate: Digest realm=\"canary\", nonce=\"canary\"\n";

/// Where a call can lead, as the dialled URI and the receiver's connection.
struct Led {
    std::string uri;
    FlowId receiver;
};

Led lead(World& world, Receiver kind, bool trusted)
{
    if (kind == Receiver::subscriber) return {"sip:bob@example.org", world.phone("bob")};
    if (kind == Receiver::gateway) return {"sip:+44207946000@example.org", world.domain("trunk.example")};
    if (kind == Receiver::emergency) return {"urn:service:sos", world.domain("psap.example")};
    const std::string name = trusted ? "trusted.example" : "peer.example";
    return {"sip:bob@" + name, world.domain(name)};
}

} // namespace

TEST_CASE("inside a call: each header, each kind of receiver")
{
    const auto [kind, trusted] = GENERATE(table<Receiver, bool>({{Receiver::subscriber, false},
                                                                 {Receiver::peer, false},
                                                                 {Receiver::peer, true},
                                                                 {Receiver::gateway, false},
                                                                 {Receiver::emergency, false}}));
    struct Asked {
        std::string method;
        std::set<std::string> has; // beside what every request has
    };
    const auto [method, has] = GENERATE(values<Asked>(
        {{"BYE", {"Reason"}},
         {"INFO", {"Info-Package"}},
         {"MESSAGE", {"Expires"}},
         {"NOTIFY", {"Contact", "Event", "Subscription-State"}},
         {"OPTIONS", {"Accept", "Allow", "Supported"}},
         {"PRACK", {"RAck", "Recv-Info"}},
         {"REFER", {"Allow", "Contact", "Refer-Sub", "Refer-To", "Referred-By", "Supported"}},
         {"UPDATE", {"Accept", "Allow", "Contact", "Min-SE", "Recv-Info", "Session-Expires", "Supported"}}}));
    CAPTURE(static_cast<int>(kind), trusted, method);
    World world{with_routes()};
    world.accounts->add("carol", "example.org");
    const auto alice = world.phone("alice");
    world.accounts->at(world.accounts->find("alice", "example.org")->id).number = "+49301111111";
    const auto led = lead(world, kind, trusted);
    const auto invite = sent_to(world, alice, led.receiver, led.uri);
    world.receive(alice); // 100
    world.send(led.receiver,
               "SIP/2.0 183 Session Progress\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                   "\nTo: " + header(invite, "To") + ";tag=far\nCall-ID: " + header(invite, "Call-ID") + "\nCSeq: " +
                   header(invite, "CSeq") + "\nContact: <sip:far@192.0.2.9:5061>\nRequire: 100rel\nRSeq: 7\n");
    const auto early = world.receive(alice);
    auto all = everything + of_other_messages;
    const auto acknowledged = all.find("RAck: 1 ") + 6;
    all.replace(acknowledged, 1, header(early, "RSeq"));
    world.send(alice, method + " " + uri_in(header(early, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS canary.invalid;branch=z9hG4bKcanary3\nMax-Forwards: 70\nFrom: " +
                          header(early, "From") + "\nTo: " + header(early, "To") + "\nCall-ID: canary-call\nCSeq: 3 " +
                          method + "\nContact: <sip:canary@192.0.2.1:5555;transport=tls>\n" + all);
    std::set<std::string> expected{
        "CSeq", "Call-ID", "Content-Length", "From", "Max-Breadth", "Max-Forwards", "Require", "To", "Via"};
    expected.insert(has.begin(), has.end());
    if (kind == Receiver::emergency) expected.merge(std::set<std::string>{"Geolocation", "Geolocation-Routing"});
    REQUIRE_FALSE(world.quiet(led.receiver));
    const auto message = world.receive(led.receiver);
    REQUIRE(start_line(message).starts_with(method + " sip:"));
    CHECK(names_in(message) == expected);
    for (const auto& rule : header_rules())
        if (rule.treatment(true, kind) == Treatment::drop)
            CHECK_FALSE(expected.contains(std::string{name_of(rule.header)}));
    CHECK(lower(message).find("canary") == std::string::npos);
    CHECK(header(message, "Event") == (method == "NOTIFY" ? "refer" : "")); // of no REFER that was sent
    CHECK(header(message, "Max-Breadth") == "1");
}

TEST_CASE("the matrix tries every row of the minimisation table")
{
    // Every message has these.
    const std::set<std::string> always{"Call-ID",      "Contact", "CSeq", "Content-Length", "Content-Type", "From",
                                       "Max-Forwards", "To",      "Via"};
    std::set<std::string> untried;
    for (const auto& rule : header_rules())
        if (const std::string name{name_of(rule.header)};
            ("\n" + everything + of_other_messages).find("\n" + name + ": ") == std::string::npos)
            untried.insert(name);
    CHECK(untried == always);
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
        "Accept",         "Allow",        "CSeq", "Call-ID",      "Contact",   "Content-Disposition",
        "Content-Length", "Content-Type", "From", "Record-Route", "Recv-Info", "Session-Expires",
        "Supported",      "To",           "Via"}; // Record-Route is the receiver's own
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

TEST_CASE("answers: each header with the status that it belongs to")
{
    struct Answered {
        std::string status;
        std::set<std::string> has; // beside what every response has
    };
    const auto [status, has] = GENERATE(values<Answered>(
        {{"183 Session Progress", {"Allow", "Contact", "RSeq", "Reason", "Recv-Info", "Require", "Supported"}},
         {"200 OK", {"Accept", "Allow", "Contact", "Recv-Info", "Require", "Session-Expires", "Supported"}},
         {"405 Method Not Allowed", {"Allow", "Reason", "Warning"}},
         {"415 Unsupported Media Type", {"Accept", "Reason", "Warning"}},
         {"420 Bad Extension", {"Reason", "Unsupported", "Warning"}},
         {"421 Extension Required", {"Reason", "Require", "Warning"}},
         {"422 Session Interval Too Small", {"Min-SE", "Reason", "Warning"}},
         {"469 Bad Info Package", {"Reason", "Recv-Info", "Warning"}},
         {"486 Busy Here", {"Reason", "Retry-After", "Warning"}},
         {"488 Not Acceptable Here", {"Reason", "Warning"}},
         {"489 Bad Event", {"Allow-Events", "Reason", "Warning"}},
         {"603 Decline", {"Reason", "Retry-After", "Warning"}}}));
    INFO(status);
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto invite = sent_to(world, alice, bob, "sip:bob@example.org");
    world.receive(alice); // 100
    auto said = everything + of_other_messages;
    const auto say = [&](const std::string& canary, const std::string& known) {
        said.replace(said.find(canary), canary.size(), known);
    };
    say("Warning: 399 canary", "Warning: 305 canary");
    say("Unsupported: canary", "Unsupported: canary, timer");
    world.send(bob, "SIP/2.0 " + status + "\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                        "\nTo: " + header(invite, "To") + ";tag=canary-tag\nCall-ID: " + header(invite, "Call-ID") +
                        "\nCSeq: " + header(invite, "CSeq") + "\nContact: <sip:canary@192.0.2.1:5555;transport=tls>\n" +
                        said);
    const auto answer = world.receive(alice);
    std::set<std::string> expected{"CSeq", "Call-ID", "Content-Length", "From", "Record-Route", "To", "Via"};
    expected.insert(has.begin(), has.end());
    CHECK(names_in(answer) == expected);
}
