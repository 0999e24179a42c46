#include "core/privacy/privacy_service.hpp"
#include "core/privacy/rfc5379.hpp"
#include "element/requests.hpp"

#include <catch2/catch.hpp>

#include <bitset>
#include <random>
#include <stdexcept>

using namespace sotto;
using namespace sotto::test;
using rfc5379::Demand;
using rfc5379::Kept;

namespace {

constexpr std::string_view mark = "zq7mark"; ///< in every value below, and nowhere else
const std::string shown_alice = "\"Zq7 Alice\" <sip:alice@example.org>";

struct Line {
    std::string_view header;
    std::string_view text;
};
/// A value of each header of the table in which the mark stands. From, Call-ID, Contact and Via have marks of their
/// own.
constexpr std::array lines{
    Line{"Call-Info", "Call-Info: <http://zq7mark.invalid/>;purpose=icon\n"},
    Line{"History-Info", "History-Info: <sip:zq7mark@example.net>;index=1\n"},
    Line{"In-Reply-To", "In-Reply-To: zq7mark@host.invalid\n"},
    Line{"Organization", "Organization: zq7mark\n"},
    Line{"P-Asserted-Identity", "P-Asserted-Identity: <sip:zq7mark@example.org>\n"},
    Line{"Record-Route", "Record-Route: <sip:zq7mark.invalid;lr>\n"},
    Line{"Referred-By", "Referred-By: <sip:alice@example.org>\n"},
    Line{"Reply-To", "Reply-To: <sip:zq7mark@example.org>\n"},
    Line{"Server", "Server: zq7mark\n"},
    Line{"Subject", "Subject: zq7mark\n"},
    Line{"User-Agent", "User-Agent: zq7mark\n"},
    Line{"Warning", "Warning: 399 zq7mark \"zq7mark\"\n"},
};

std::string all_lines()
{
    std::string text;
    for (const auto& line : lines) text += line.text;
    return text;
}

/// What of one header of the table still shows in a message that alice has sent.
bool shows(std::string_view header_name, const std::string& message)
{
    if (header_name == "Call-ID") return header(message, "Call-ID").find("call-of-alice") != std::string::npos;
    if (header_name == "Contact") return header(message, "Contact").find("alice-device") != std::string::npos;
    if (header_name == "From" || header_name == "Referred-By") { // a gateway is shown the number
        const auto value = header(message, header_name);
        return value.find("alice@") != std::string::npos || value.find("+49301111111@") != std::string::npos;
    }
    if (header_name == "Via") return header(message, "Via").find("host.invalid") != std::string::npos;
    if (header_name == "P-Asserted-Identity" || header_name == "Record-Route" || header_name == "History-Info")
        return !header(message, header_name).empty();
    return header(message, header_name).find(mark) != std::string::npos;
}

/// "UsEr ; id": the values of one subset, in any case, separated in any way that the grammar allows.
template <class Names> std::string spelled(const Names& names, unsigned long subset, std::mt19937& random)
{
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if ((subset >> i & 1U) == 0) continue;
        constexpr std::array separators{";", " ;", "; ", "\t; "};
        if (!text.empty()) text += separators[random() % separators.size()];
        for (const char c : names[i]) text += random() % 2 == 0 ? c : static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

/// Who is called, and what of the table it is shown at all.
struct Reached {
    std::string name;
    std::string uri;          ///< as alice dials it
    std::string domain{};     ///< of the other end; empty: a subscriber
    bool asserted{false};     ///< P-Asserted-Identity is for it
    bool withheld{false};     ///< also of a caller who withholds that
    bool redirects{false};    ///< what it redirects stays on its route, with History-Info
    bool emergency{false};    ///< is told who calls, whatever the caller asks for
    std::string moved{};      ///< Contact of its 302
    std::string caller_uri{}; ///< From and P-Asserted-Identity of what comes from there
};
const std::array reached{
    Reached{.name = "subscriber", .uri = "sip:bob@example.org"},
    Reached{.name = "peer",
            .uri = "sip:bob@peer.example",
            .domain = "peer.example",
            .redirects = true,
            .moved = "sip:desk@peer.example",
            .caller_uri = "sip:carol@peer.example"},
    Reached{.name = "trusted peer",
            .uri = "sip:bob@trusted.example",
            .domain = "trusted.example",
            .asserted = true,
            .redirects = true,
            .moved = "sip:desk@trusted.example",
            .caller_uri = "sip:carol@trusted.example"},
    Reached{.name = "trusted peer that is told",
            .uri = "sip:bob@told.example",
            .domain = "told.example",
            .asserted = true,
            .withheld = true,
            .redirects = true,
            .moved = "sip:desk@told.example",
            .caller_uri = "sip:carol@told.example"},
    Reached{.name = "gateway",
            .uri = "sip:+44207946000@example.org",
            .domain = "trunk.example",
            .asserted = true,
            .redirects = true,
            .moved = "sip:+44207946111@trunk.example;user=phone",
            .caller_uri = "sip:+44207946000@trunk.example"},
    Reached{.name = "emergency service",
            .uri = "urn:service:sos",
            .domain = "psap.example",
            .asserted = true,
            .emergency = true,
            .caller_uri = "sip:desk@psap.example"},
};

CoreSettings with_routes()
{
    auto settings = World::defaults();
    settings.peer_calls_per_minute = 0;
    settings.routes = {
        {.name = "trusted", .domains = {"trusted.example"}, .trusted = true},
        {.name = "told", .domains = {"told.example"}, .withheld_inside = true, .trusted = true},
        {.name = "others", .domains = {"peer.example"}},
        {.name = "carrier",
         .kind = Receiver::gateway,
         .prefixes = {"+"},
         .targets = {{"trunk.example"}},
         .caller_id = CallerId::asserted},
        {.name = "sos", .kind = Receiver::emergency, .services = {"sos"}, .targets = {{"psap.example"}}},
    };
    return settings;
}

/// Alice calls, and whoever is called redirects if it can; the INVITE in which all of the table shows that may.
std::string called(World& world, Sender& alice, FlowId to, const Reached& receiver, const std::string& headers)
{
    alice.send({.to = receiver.uri, .from = shown_alice, .headers = headers});
    auto invite = world.receive(to);
    if (!receiver.redirects) return invite;
    CHECK(header(invite, "History-Info").empty());
    world.send(to, response_to(invite, "302 Moved Temporarily", "Contact: <" + receiver.moved + ">\n"));
    CHECK(start_line(world.receive(to)).starts_with("ACK "));
    return world.receive(to);
}

/// A REFER inside a call is where Referred-By means its sender.
std::string referral(World& world, Sender& alice, FlowId to, const Reached& receiver, const std::string& privacy)
{
    alice.send({.to = receiver.uri, .from = shown_alice, .headers = privacy});
    const auto invite = world.receive(to);
    world.send(to, response_to(invite, "200 OK", "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"));
    const auto ok = world.receive(alice.flow);
    world.send(alice.flow, "REFER " + uri_in(header(ok, "Contact")) +
                               " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKrefer" +
                               std::to_string(world.now.time_since_epoch().count()) +
                               "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                               "\nCall-ID: " + header(ok, "Call-ID") +
                               "\nCSeq: 90 REFER\nRefer-To: <sip:carol@example.org>\nContact: "
                               "<sip:alice-device@192.0.2.1:5555;transport=tls>\n" +
                               privacy + "Referred-By: <sip:alice@example.org>\n");
    auto refer = world.receive(to);
    CHECK(start_line(refer).starts_with("REFER "));
    world.send(to, response_to(refer, "202 Accepted"));
    world.receive(alice.flow);
    return refer;
}

/// What comes to a subscriber of ours from a phone or from another domain.
void call_bob(World& world, FlowId from, const Reached& caller, int number)
{
    const auto n = std::to_string(number);
    world.send(from, "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS " + caller.domain + ";branch=z9hG4bKin" + n +
                         "\nMax-Forwards: 70\nFrom: <" + caller.caller_uri +
                         ">;tag=in\nTo: <sip:bob@example.org>\nCall-ID: in" + n +
                         "\nCSeq: 1 INVITE\nContact: <sip:device@192.0.2.8:5061>\n");
    if (start_line(world.receive(from)) != "SIP/2.0 100 Trying") throw std::logic_error{"refused"};
}

} // namespace

TEST_CASE("each cell of RFC 5379 table 1 holds in requests, for each kind of receiver", "[rfc5379][4.1]")
{
    const auto& receiver = reached[GENERATE(range(std::size_t{0}, reached.size()))];
    INFO(receiver.name);
    World world{with_routes()};
    Sender alice{world, "alice"};
    world.accounts->at({1}).number = "+49301111111";
    const auto to = receiver.domain.empty() ? world.phone("bob") : world.domain(receiver.domain);
    std::mt19937 random{5379};
    for (unsigned long subset = 0; subset < 1U << rfc5379::values.size(); ++subset) {
        const auto value = spelled(rfc5379::values, subset, random);
        INFO("Privacy: " << value);
        const auto privacy = value.empty() ? std::string{} : "Privacy: " + value + "\n";
        const auto invite = called(world, alice, to, receiver, all_lines() + privacy);
        world.send(to, response_to(invite, "486 Busy Here"));
        CHECK(start_line(world.receive(to)).starts_with("ACK "));
        world.receive(alice.flow);
        const auto refer = referral(world, alice, to, receiver, privacy);
        for (const auto& row : rfc5379::treatments) {
            if (row.where.find('R') == std::string_view::npos) continue;
            INFO(row.header);
            bool demanded = row.kept == Kept::always;
            for (std::size_t i = 0; i < rfc5379::values.size(); ++i)
                demanded |= (subset >> i & 1U) != 0 && row.demands[i] != Demand::nothing;
            const auto& message = row.header == "Referred-By" ? refer : invite;
            const bool identity =
                row.header == "From" || row.header == "P-Asserted-Identity" || row.header == "Referred-By";
            if (identity && receiver.emergency) {
                CHECK(shows(row.header, message));
                continue;
            }
            if (row.header == "P-Asserted-Identity" && receiver.withheld) {
                CHECK(shows(row.header, message));
                CHECK(header(message, "Privacy") == (shows("From", message) ? "" : "id"));
                continue;
            }
            if (demanded) CHECK_FALSE(shows(row.header, message));
            // Asserted to those inside the trust domain; and what is quoted here is no Call-ID that the caller has
            // seen.
            const bool never = row.header == "In-Reply-To" ||
                               (row.header == "P-Asserted-Identity" && !receiver.asserted) ||
                               (row.header == "History-Info" && !receiver.redirects);
            if (never) CHECK_FALSE(shows(row.header, message));
            // Whoever withholds anything of itself by one value is not shown by a header that only another one names.
            constexpr unsigned long withholding = 0b01011U; // user, header, id
            if (!never && ((subset & withholding) == 0 || row.header == "History-Info"))
                CHECK(shows(row.header, message) == !demanded);
        }
        if (!receiver.emergency) CHECK(invite.find(mark) == std::string::npos);
        if (receiver.name == "gateway") // it is shown a number, or nobody
            for (const auto* message : {&invite, &refer}) CHECK(message->find("alice@") == std::string::npos);
        world.pass(milliseconds{500}); // all within 30 s: no connection is probed meanwhile
    }
}

TEST_CASE("each cell of RFC 5379 table 1 holds in responses, for each kind of receiver", "[rfc5379][4.1]")
{
    const auto& caller = reached[GENERATE(range(std::size_t{0}, reached.size()))];
    INFO(caller.name);
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    const auto from = caller.domain.empty() ? alice.flow : world.domain(caller.domain);
    std::mt19937 random{5379};
    for (unsigned long subset = 0; subset < 1U << rfc5379::values.size(); ++subset) {
        const auto value = spelled(rfc5379::values, subset, random);
        INFO("Privacy: " << value);
        const auto privacy = value.empty() ? std::string{} : "Privacy: " + value + "\n";
        if (caller.domain.empty())
            alice.send({.to = "sip:bob@example.org"});
        else
            call_bob(world, from, caller, static_cast<int>(subset));
        const auto invite = world.receive(bob);
        world.send(bob, response_to(invite, "183 Session Progress", all_lines() + privacy));
        world.send(bob, response_to(invite, "486 Busy Here", all_lines() + privacy));
        for (int i = 0; i < 2; ++i) {
            const auto response = world.receive(from);
            CHECK(start_line(response).starts_with(i == 0 ? "SIP/2.0 183" : "SIP/2.0 486"));
            for (const auto& row : rfc5379::treatments) {
                INFO(row.header);
                if (row.where.find('r') != std::string_view::npos) CHECK_FALSE(shows(row.header, response));
            }
            CHECK(response.find(mark) == std::string::npos);
        }
        world.receive(bob);            // ACK
        world.pass(milliseconds{500}); // all within 30 s: no connection is probed meanwhile
    }
}

TEST_CASE("whoever redirects may keep to itself who was called", "[rfc7044][10.1]")
{
    World world{with_routes()};
    Sender alice{world, "alice"};
    const auto trusted = world.domain("trusted.example");
    for (const std::string value : {"", "none", "id", "user", "HISTORY", "header", "session;id"}) {
        INFO(value);
        alice.send({.to = "sip:bob@trusted.example"});
        world.send(trusted, response_to(world.receive(trusted), "302 Moved Temporarily",
                                        "Contact: <sip:desk@trusted.example>\n" +
                                            (value.empty() ? std::string{} : "Privacy: " + value + "\n")));
        world.receive(trusted); // ACK
        const auto moved = world.receive(trusted);
        const bool hidden = value == "HISTORY" || value == "header" || value == "session;id";
        CHECK(header(moved, "History-Info") ==
              (hidden ? "" : "<sip:bob@trusted.example>;index=1, <sip:desk@trusted.example>;index=1.1;mp=1"));
        world.send(trusted, response_to(moved, "486 Busy Here"));
        world.receive(trusted); // ACK
        world.receive(alice.flow);
    }
}

TEST_CASE("identities that are signed are no target of Privacy", "[rfc5379][4.1]")
{
    for (const auto& row : rfc5379::treatments)
        for (const auto* untouched : {"Identity", "Path", "Replaces", "Route", "Service-Route", "Target-Dialog"})
            CHECK(row.header != untouched);
}

TEST_CASE("all values of Privacy are read, in any case and combination", "[rfc3323][4.2]")
{
    constexpr std::array names{"none", "header", "session", "user", "id", "history", "critical"};
    World world; // prepares the grammar
    std::mt19937 random{3323};
    for (unsigned long subset = 1; subset < 1U << names.size(); ++subset) {
        const std::array<std::string_view, names.size()> views{names[0], names[1], names[2], names[3],
                                                               names[4], names[5], names[6]};
        const auto value = spelled(views, subset, random);
        INFO(value);
        const auto message = wire::parse("INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n"
                                         "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: 1\r\n"
                                         "CSeq: 1 INVITE\r\nPrivacy: " +
                                         value + "\r\nContent-Length: 0\r\n\r\n");
        REQUIRE(message);
        const auto wish = privacy_wish(*message);
        const auto asked = [&](std::size_t i) { return (subset >> i & 1U) != 0; };
        CHECK(wish.none == asked(0));
        CHECK(wish.header == asked(1));
        CHECK(wish.session == asked(2));
        CHECK(wish.user == asked(3));
        CHECK(wish.id == asked(4));
        CHECK(wish.history == asked(5));
        CHECK(wish.critical == asked(6));
        CHECK(wish.unknown == (asked(0) && (asked(1) || asked(2) || asked(3) || asked(4) || asked(5))));
        // A wish to be withheld wins over `none` beside it: the safe reading of a contradiction.
        CHECK(withheld(*message, wish, Dialled::plain, true) == (asked(1) || asked(3) || asked(4) || !asked(0)));
        CHECK(withheld(*message, wish, Dialled::plain, false) == (asked(1) || asked(3) || asked(4)));
    }
}

TEST_CASE("what old devices write in Remote-Party-ID is understood", "[draft-ietf-sip-privacy]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    struct Case {
        std::string_view params;
        bool withheld;
    };
    for (const auto& [params, expected] :
         {Case{";privacy=full", true}, Case{";party=calling;PRIVACY=Full;screen=yes", true}, Case{";privacy=uri", true},
          Case{";privacy=name", true}, Case{";privacy=off", false}, Case{";privacy=OFF", false},
          Case{";party=calling;screen=no", false}, Case{"", false}}) {
        INFO(params);
        alice.send(
            {.to = "sip:bob@example.org",
             .headers = "Remote-Party-ID: \"A;privacy=full\" <sip:alice@example.org>" + std::string{params} + "\n"});
        const auto invite = world.receive(bob);
        CHECK(header(invite, "Remote-Party-ID").empty());
        CHECK(shows("From", invite) == !expected);
        world.send(bob, response_to(invite, "486 Busy Here"));
        world.receive(bob);
        world.receive(alice.flow);
    }
}

TEST_CASE("what must be kept private and cannot be is refused", "[rfc3323][5]")
{
    World world;
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    for (const auto* value : {"critical;x-unknown", "Id; CRITICAL ;location", "none;user;critical"}) {
        INFO(value);
        CHECK(start_line(
                  alice.refused({.to = "sip:bob@example.org", .headers = std::string{"Privacy: "} + value + "\n"})) ==
              "SIP/2.0 500 Requested Privacy Not Available");
        CHECK(world.quiet(bob));
    }
    alice.send({.to = "sip:bob@example.org", .headers = "Privacy: x-unknown;id\n"}); // not critical: as much as can be
    CHECK_FALSE(shows("From", world.receive(bob)));
}

TEST_CASE("a dialled prefix decides for one call, and only the caller sees it", "[privacy]")
{
    auto settings = World::defaults();
    settings.withhold_prefix = "*67";
    settings.show_prefix = "*82";
    World world{settings};
    Sender alice{world, "alice"};
    const auto bob = world.phone("bob");
    for (const bool by_default : {false, true}) {
        world.accounts->at({1}).withhold_identity = by_default;
        for (const std::string prefix : {"*67", "*82", "%2A82", ""}) {
            INFO(prefix << ' ' << by_default);
            const auto dialled = "sip:" + prefix + "bob@example.org";
            alice.send({.to = dialled});
            const auto invite = world.receive(bob);
            CHECK(header(invite, "To") == "<sip:bob@example.org>");
            CHECK(start_line(invite).find("67") == std::string::npos);
            CHECK(start_line(invite).find("82") == std::string::npos);
            CHECK(shows("From", invite) == (prefix.empty() ? !by_default : prefix != "*67"));
            world.send(bob, response_to(invite, "486 Busy Here"));
            world.receive(bob);
            CHECK(header(world.receive(alice.flow), "To").starts_with("<" + dialled + ">"));
        }
    }
}
