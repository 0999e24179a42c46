// RFC 5627: what a registrar and a proxy must do, one test for each MUST of sections 5 and 6.
#include "core/registrar/gruu.hpp"
#include "core/types/ascii.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr auto gruu = "Supported: gruu, outbound, path\n";

std::string contact(const std::string& instance = "1", const std::string& extra = "")
{
    return "<sip:bob-device" + instance + "@192.0.2.1:5555;transport=tls>;+sip.instance=\"<urn:uuid:" + instance +
           ">\"" + extra;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

std::string quoted_param(const std::string& response, const std::string& name)
{
    const auto value = header(response, "Contact");
    const auto at = value.find(";" + name + "=\"");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 3;
    return value.substr(from, value.find('"', from) - from);
}
std::string temp_gruu(const std::string& response) { return quoted_param(response, "temp-gruu"); }
std::string user_of(const std::string& uri) { return uri.substr(4, uri.find('@') - 4); }

/// What Alice is told when she calls `uri`; nothing when somebody rings.
struct Caller {
    World& world;
    FlowId flow{world.phone("alice")};
    int number{0};

    std::string calls(const std::string& uri, const std::string& extra = "")
    {
        while (!world.quiet(flow)) world.receive(flow); // of the call before
        send(uri, extra);
        const auto challenge = world.receive(flow);
        REQUIRE(status(challenge) == "407");
        send(uri, extra + world.credentials(challenge, "alice", "INVITE", uri));
        if (const auto trying = world.receive(flow); status(trying) != "100") return status(trying);
        return world.quiet(flow) ? std::string{} : status(world.receive(flow));
    }
    void send(const std::string& uri, const std::string& extra)
    {
        const auto n = std::to_string(++number);
        world.send(flow, "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKcall" + n +
                             "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a" + n + "\nTo: <" + uri +
                             ">\nCall-ID: call" + n + "\nCSeq: " + n +
                             " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra);
    }
};

CoreSettings with_public_gruus()
{
    auto settings = World::defaults();
    settings.public_gruus = true;
    return settings;
}

} // namespace

TEST_CASE("a call to a temporary GRUU costs what the number behind it costs, and the bill does not name it",
          "[billing][rfc5627][3.1.2]")
{
    auto settings = World::defaults();
    settings.billed_inside = {
        {.prefix = "+49900", .tariff = {.name = "premium", .route = "inside", .hidden_digits = 3}}};
    World world{settings};
    const auto service = world.connect();
    const auto behind = [&](const std::string& user) {
        return temp_gruu(world.registers(service, user, {.contact = contact(), .extra = gruu}));
    };
    Caller alice{world};
    const auto rings = [&](const std::string& uri) {
        CHECK(alice.calls(uri).empty());
        const auto invite = world.receive(service);
        REQUIRE(start_line(invite).starts_with("INVITE "));
        world.send(service, "SIP/2.0 200 OK\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                                "\nTo: " + header(invite, "To") + ";tag=b-tag\nCall-ID: " + header(invite, "Call-ID") +
                                "\nCSeq: " + header(invite, "CSeq") +
                                "\nContact: <sip:bob-device1@192.0.2.1:5555;transport=tls>\n");
    };
    SECTION("where it costs something")
    {
        const auto uri = behind("+49900123");
        rings(uri);
        REQUIRE(world.ledger.waiting.size() == 1);
        CHECK(world.ledger.waiting.front().first.tariff.name == "premium");
        CHECK(world.ledger.waiting.front().first.destination == "+49900");
        CHECK(world.quiet(alice.flow)); // the answer waits for the disk
    }
    SECTION("which is refused while nothing can be written")
    {
        const auto uri = behind("+49900123");
        world.ledger.takes_calls = false;
        CHECK(alice.calls(uri) == "503");
        CHECK(world.quiet(service));
    }
    SECTION("and else nothing")
    {
        rings(behind("bob"));
        CHECK(world.ledger.waiting.empty());
    }
}

// ---- 5.1

TEST_CASE("a Contact that is the address itself is refused with 403", "[rfc5627][5.1]")
{
    World world;
    const auto what =
        GENERATE("<sip:bob@example.org>", "<sips:bob@EXAMPLE.org;transport=tls>", "<sip:%62ob@example.org>");
    CHECK(status(world.registers(world.connect(), "bob", {.contact = what, .extra = gruu})) == "403");
    CHECK(world.location.size() == 0);
}

TEST_CASE("a Contact that is a GRUU of the address is refused with 403", "[rfc5627][5.1]")
{
    World world{with_public_gruus()};
    const auto flow = world.connect();
    const auto ok = world.registers(flow, "bob", {.contact = contact(), .extra = gruu});
    for (const auto* name : {"temp-gruu", "pub-gruu"}) {
        const auto own = quoted_param(ok, name);
        REQUIRE(!own.empty());
        CHECK(status(world.registers(
                  flow, "bob", {.contact = "<" + own + ">;+sip.instance=\"<urn:uuid:1>\"", .extra = gruu})) == "403");
    }
}

TEST_CASE("a Contact that is no SIP URI is refused with 403", "[rfc5627][5.1]")
{
    World world;
    const auto what = GENERATE("<tel:+4930123456>", "<urn:service:sos>");
    CHECK(status(world.registers(world.connect(), "bob", {.contact = what, .extra = gruu})) == "403");
}

TEST_CASE("a GRUU that the device suggests is ignored", "[rfc5627][5.1]")
{
    World world{with_public_gruus()};
    const auto ok = world.registers(
        world.connect(), "bob",
        {.contact = contact("1", ";temp-gruu=\"sip:mine@example.org;gr\";pub-gruu=\"sip:bob@example.org;gr=mine\""),
         .extra = gruu});
    CHECK(status(ok) == "200");
    CHECK(temp_gruu(ok).find("mine") == std::string::npos);
    CHECK(quoted_param(ok, "pub-gruu").find("mine") == std::string::npos);
}

TEST_CASE("a changed Call-ID invalidates every temporary GRUU of the device: 404", "[rfc5627][5.1]")
{
    World world;
    const auto bob = world.connect();
    const auto first = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    const auto second = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    const auto other = temp_gruu(world.registers(bob, "bob", {.contact = contact("2"), .extra = gruu, .call_id = "o"}));
    const auto after =
        temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu, .call_id = "restarted"}));
    Caller alice{world};
    CHECK(alice.calls(first) == "404");
    CHECK(alice.calls(second) == "404");
    CHECK(alice.calls(after).empty());
    CHECK(start_line(world.receive(bob)).find("bob-device1@") != std::string::npos);
    CHECK(alice.calls(other).empty()); // another device's are untouched
    CHECK(start_line(world.receive(bob)).find("bob-device2@") != std::string::npos);
    // The first Call-ID again is a change again.
    world.registers(bob, "bob", {.contact = contact(), .extra = gruu});
    CHECK(alice.calls(first) == "404");
    CHECK(alice.calls(after) == "404");
}

TEST_CASE("with several flows the Call-ID of the same reg-id counts", "[rfc5627][5.1]")
{
    World world;
    const auto one = world.connect();
    const auto two = world.connect();
    const auto first = temp_gruu(
        world.registers(one, "bob", {.contact = contact("1", ";reg-id=1"), .extra = gruu, .call_id = "flow-1"}));
    const auto second = temp_gruu(
        world.registers(two, "bob", {.contact = contact("1", ";reg-id=2"), .extra = gruu, .call_id = "flow-2"}));
    Caller alice{world};
    CHECK(alice.calls(first).empty());
    CHECK(alice.calls(second).empty());
    world.registers(two, "bob", {.contact = contact("1", ";reg-id=2"), .extra = gruu, .call_id = "flow-2-again"});
    CHECK(alice.calls(first) == "404");
    CHECK(alice.calls(second) == "404");
}

TEST_CASE("each refresh brings a temporary GRUU that was never there, and the older ones stay valid",
          "[rfc5627][5.1][5.4]")
{
    World world;
    const auto bob = world.connect();
    std::set<std::string> all;
    for (int i = 0; i < 50; ++i)
        CHECK(all.insert(temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}))).second);
    Caller alice{world};
    for (const auto& one : {*all.begin(), *std::prev(all.end())}) CHECK(alice.calls(one).empty());
}

TEST_CASE("two temporary GRUUs of one device have no more in common than two of different users", "[rfc5627][5.1]")
{
    World world;
    const auto flow = world.connect();
    std::vector<std::string> bobs, carols;
    for (int i = 0; i < 64; ++i) {
        bobs.push_back(user_of(temp_gruu(world.registers(flow, "bob", {.contact = contact(), .extra = gruu}))));
        carols.push_back(
            user_of(temp_gruu(world.registers(flow, "carol", {.contact = contact(), .extra = gruu, .call_id = "c"}))));
    }
    const auto alike = [](const std::string& a, const std::string& b) {
        std::size_t same = 0;
        for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1 : 0;
        return same;
    };
    std::size_t own = 0;
    std::size_t others = 0;
    for (std::size_t i = 0; i < bobs.size(); ++i) {
        REQUIRE(bobs[i].size() == temporary_gruu_length);
        for (std::size_t j = 0; j < bobs.size(); ++j) {
            if (i != j) own += alike(bobs[i], bobs[j]);
            if (i != j) others += alike(bobs[i], carols[j]);
        }
    }
    // 4032 pairs, 48 characters, one in 64 alike by chance: 3024 expected, deviation 55.
    CHECK(own < 3024 + 6 * 55);
    CHECK(others < 3024 + 6 * 55);
}

TEST_CASE("a prefix can be dialled before a temporary GRUU as before an address", "[rfc5627][P4]")
{
    World world;
    const auto bob = world.connect();
    auto own = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    CHECK(Caller{world}.calls(own.insert(4, "%2331%23")).empty());
    CHECK(header(world.receive(bob), "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>;"));
}

TEST_CASE("Contact: * ends all GRUUs with all bindings", "[rfc5627][5.1]")
{
    World world;
    const auto bob = world.connect();
    const auto own = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    world.registers(bob, "bob", {.contact = "*", .extra = "Expires: 0\n"});
    CHECK(Caller{world}.calls(own) == "404");
}

// ---- 5.2

TEST_CASE("temp-gruu is the newest, quoted, for whoever supports GRUUs; pub-gruu only under weaken", "[rfc5627][5.2]")
{
    World world;
    const auto ok = world.registers(world.connect(), "bob", {.contact = contact(), .extra = gruu});
    CHECK(temp_gruu(ok).starts_with("sip:"));
    CHECK(temp_gruu(ok).ends_with("@example.org;gr"));
    CHECK(quoted_param(ok, "pub-gruu").empty());
    CHECK(quoted_param(ok, "+sip.instance") == "<urn:uuid:1>");
    CHECK(header(ok, "Require").find("gruu") == std::string::npos);
    CHECK(header(ok, "Supported").find("gruu") == std::string::npos);
    CHECK(temp_gruu(ok).find("bob") == std::string::npos);

    const auto plain = world.registers(world.connect(), "bob", {.contact = contact("2")});
    CHECK(temp_gruu(plain).empty());
    const auto nameless = world.registers(world.connect(), "bob", {.contact = "<sip:x@192.0.2.1>", .extra = gruu});
    CHECK(temp_gruu(nameless).empty());
}

TEST_CASE("a public GRUU is the address with gr, the same at each refresh and after all contacts were gone",
          "[rfc5627][5.1][5.2][5.3]")
{
    World world{with_public_gruus()};
    const auto bob = world.connect();
    const auto ok = world.registers(bob, "bob", {.contact = contact(), .extra = gruu});
    const auto own = quoted_param(ok, "pub-gruu");
    CHECK(own.starts_with("sip:bob@example.org;gr="));
    CHECK(!temp_gruu(ok).empty());
    const auto other =
        quoted_param(world.registers(bob, "bob", {.contact = contact("2"), .extra = gruu, .call_id = "2"}), "pub-gruu");
    CHECK(other != own);
    Caller alice{world};
    CHECK(alice.calls(own).empty());
    CHECK(start_line(world.receive(bob)) == "INVITE sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(world.quiet(bob)); // 6.1: not the other device
    world.disconnect(bob);
    CHECK(alice.calls(own) == "480");                                  // 5.3, 6.1: valid, nobody there
    CHECK(alice.calls("sip:bob@example.org;gr=never-given") == "480"); // P10: nothing tells them apart
    const auto again = world.registers(world.connect(), "bob", {.contact = contact(), .extra = gruu, .call_id = "n"});
    CHECK(quoted_param(again, "pub-gruu") == own);
}

// ---- 5.3, 5.4

TEST_CASE("a temporary GRUU ends with the last contact of its device, not before", "[rfc5627][5.3]")
{
    World world;
    const auto one = world.connect();
    const auto two = world.connect();
    const auto own = temp_gruu(world.registers(one, "bob", {.contact = contact("1", ";reg-id=1"), .extra = gruu}));
    world.registers(two, "bob", {.contact = contact("1", ";reg-id=2"), .extra = gruu});
    Caller alice{world};

    SECTION("by expiry")
    {
        world.pass(seconds{601});
        CHECK(alice.calls(own) == "404");
    }
    SECTION("by the end of its connections")
    {
        world.disconnect(one);
        CHECK(alice.calls(own).empty());
        world.disconnect(two);
        CHECK(alice.calls(own) == "404");
    }
    SECTION("by its own word")
    {
        world.registers(one, "bob", {.contact = contact("1", ";reg-id=1;expires=0"), .extra = gruu});
        CHECK(alice.calls(own).empty());
        world.registers(two, "bob", {.contact = contact("1", ";reg-id=2;expires=0"), .extra = gruu});
        CHECK(alice.calls(own) == "404");
        // Whoever comes back begins anew, also with the old Call-ID.
        world.registers(one, "bob", {.contact = contact("1", ";reg-id=1"), .extra = gruu});
        CHECK(alice.calls(own) == "404");
    }
}

TEST_CASE("an account that goes takes its GRUUs with it", "[rfc5627][5.4]")
{
    World world;
    const auto own = temp_gruu(world.registers(world.connect(), "bob", {.contact = contact(), .extra = gruu}));
    world.accounts->at(world.accounts->find("bob", "example.org")->id).status = AccountStatus::suspended;
    CHECK(Caller{world}.calls(own) == "404");
}

TEST_CASE("no bit of a temporary GRUU can be changed", "[rfc5627][5.4]")
{
    World world;
    const auto own = temp_gruu(world.registers(world.connect(), "bob", {.contact = contact(), .extra = gruu}));
    for (std::size_t i = 0; i < temporary_gruu_length; ++i) {
        auto user = user_of(own);
        user[i] = user[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(open_temporary_gruu(user, world.cryptography));
    }
    CHECK(open_temporary_gruu(user_of(own), world.cryptography));
    Caller alice{world};
    CHECK(alice.calls("sip:" + std::string(48, 'A') + "@example.org;gr") == "404");
    CHECK(alice.calls("sip:" + user_of(own) + "@example.org") == "480"); // without gr it is an unknown address
}

// ---- 6

TEST_CASE("of several contacts of a device the latest is asked, and the next only after 408 or 430", "[rfc5627][6.1]")
{
    World world;
    const auto one = world.connect();
    const auto two = world.connect();
    const auto own = temp_gruu(world.registers(one, "bob", {.contact = contact("1", ";reg-id=1"), .extra = gruu}));
    world.pass(seconds{1});
    world.registers(two, "bob", {.contact = contact("1", ";reg-id=2"), .extra = gruu});
    Caller alice{world};
    CHECK(alice.calls(own).empty());
    const auto invite = world.receive(two);
    CHECK(world.quiet(one));
    const auto answer = [&](const std::string& line) {
        world.send(two, "SIP/2.0 " + line + "\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                            "\nTo: " + header(invite, "To") + ";tag=b\nCall-ID: " + header(invite, "Call-ID") +
                            "\nCSeq: " + header(invite, "CSeq") + "\n");
    };
    SECTION("408 and 430")
    {
        answer(GENERATE("408 Request Timeout", "430 Flow Failed"));
        CHECK(start_line(world.receive(one)).starts_with("INVITE "));
    }
    SECTION("any other answer")
    {
        answer(GENERATE("486 Busy Here", "503 Service Unavailable"));
        CHECK(world.quiet(one));
        CHECK_FALSE(world.quiet(alice.flow));
    }
}

TEST_CASE("the gr parameter and the GRUU do not travel on, and the callee sees its own address", "[rfc5627][6.1]")
{
    World world;
    const auto bob = world.connect();
    const auto own = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    Caller alice{world};
    CHECK(alice.calls(own).empty());
    const auto invite = world.receive(bob);
    CHECK(start_line(invite) == "INVITE sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(invite, "To") == "<sip:bob@example.org>");
    CHECK(invite.find(user_of(own)) == std::string::npos);
}

TEST_CASE("a callee that refuses anonymous callers refuses them on its GRUU as well", "[rfc5627][6.1][rfc5079]")
{
    World world;
    const auto own = temp_gruu(world.registers(world.connect(), "bob", {.contact = contact(), .extra = gruu}));
    world.accounts->at(world.accounts->find("bob", "example.org")->id).refuse_anonymous = true;
    CHECK(Caller{world}.calls(own, "Privacy: id\n") == "433");
}

TEST_CASE("a phone whose Contact is its GRUU is reached by its registered contact inside the dialog", "[rfc5627][4.4]")
{
    World world;
    const auto bob = world.connect();
    const auto own = temp_gruu(world.registers(bob, "bob", {.contact = contact(), .extra = gruu}));
    Caller alice{world};
    CHECK(alice.calls("sip:bob@example.org").empty());
    const auto invite = world.receive(bob);
    world.send(bob, "SIP/2.0 200 OK\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") +
                        "\nTo: " + header(invite, "To") + ";tag=b\nCall-ID: " + header(invite, "Call-ID") +
                        "\nCSeq: " + header(invite, "CSeq") + "\nContact: <" + own + ">\n");
    const auto ok = world.receive(alice.flow);
    const auto n = std::to_string(alice.number);
    world.send(alice.flow, "BYE " + uri_in(header(ok, "Contact")) +
                               " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
                               "From: <sip:alice@example.org>;tag=a" +
                               n + "\nTo: " + header(ok, "To") + "\nCall-ID: call" + n + "\nCSeq: 900 BYE\n");
    CHECK(start_line(world.receive(bob)) == "BYE sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
}

TEST_CASE("a device that starts anew without reg-id is asked where it registered last", "[rfc5627][6.1]")
{
    World world;
    const auto before = world.connect();
    world.registers(before, "bob", {.contact = contact(), .extra = gruu});
    world.pass(seconds{1});
    const auto after = world.connect();
    const auto own = temp_gruu(world.registers(
        after, "bob",
        {.contact = "<sip:elsewhere@192.0.2.2>;+sip.instance=\"<urn:uuid:1>\"", .extra = gruu, .call_id = "anew"}));
    CHECK(world.location.size() == 1); // 6.1 would keep both, and ask the older one never but after 408 and 430
    Caller alice{world};
    CHECK(alice.calls(own).empty());
    CHECK(start_line(world.receive(after)) == "INVITE sip:elsewhere@192.0.2.2 SIP/2.0");
    CHECK(world.quiet(before));
}

TEST_CASE("GRUUs of different devices and addresses differ, and are no address of anybody", "[rfc5627][5.4]")
{
    World world{with_public_gruus()};
    const auto flow = world.connect();
    std::set<std::string> temporary, open;
    int number = 0;
    for (const auto* user : {"bob", "carol"})
        for (const auto* instance : {"1", "2", "3"}) {
            const auto ok = world.registers(
                flow, user, {.contact = contact(instance), .extra = gruu, .call_id = std::to_string(++number)});
            temporary.insert(user_of(temp_gruu(ok)));
            // Values of parameters are compared without case (RFC 3261 19.1.4).
            open.insert(std::string{user} + lower(quoted_param(ok, "pub-gruu")));
        }
    CHECK(temporary.size() == 6);
    CHECK(open.size() == 6);
    for (const auto& user : temporary) CHECK(world.accounts->find(user, "example.org") == nullptr);
}

TEST_CASE("a GRUU with a Route to somewhere else is refused: no Path is followed after it", "[rfc5627][6.1]")
{
    World world;
    const auto edge = world.connect();
    const auto own = temp_gruu(world.registers(edge, "bob",
                                               {.contact = contact(),
                                                .extra = std::string{gruu} + "Path: <sip:t@edge.example.net;lr;ob>\n",
                                                .more_vias = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKp\n"}));
    Caller alice{world};
    while (!world.quiet(alice.flow)) world.receive(alice.flow);
    alice.send(own, "Route: <sip:example.org;lr>, <sip:edge.example.net;lr>\n");
    CHECK(status(world.receive(alice.flow)) == "403");
    CHECK(world.quiet(edge));
    CHECK(alice.calls(own, "Route: <sip:example.org;lr>\n").empty());
    CHECK(header(world.receive(edge), "Route") == "<sip:t@edge.example.net;lr;ob>");
}

TEST_CASE("requests inside a dialog come by here without Record-Route, with GRUUs and edges on both sides",
          "[rfc5627][6.2]")
{
    World world;
    const auto path = [](const std::string& token) { return "<sip:" + token + "@edge.example.net;lr;ob>"; };
    const auto behind_edge = [&](FlowId edge, const std::string& user) {
        return temp_gruu(world.registers(edge, user,
                                         {.contact = contact(),
                                          .extra = std::string{gruu} + "Path: " + path(user) + "\n",
                                          .call_id = "reg-" + user,
                                          .more_vias = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKp\n"}));
    };
    const auto alices = world.connect();
    const auto bobs = world.connect();
    const auto alice = behind_edge(alices, "alice");
    const auto bob = behind_edge(bobs, "bob");

    const auto invite = [&](const std::string& n, const std::string& credentials) {
        return "INVITE " + bob + " SIP/2.0\nVia: SIP/2.0/TLS edge.invalid;branch=z9hG4bKe" + n +
               "\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKh" + n +
               "\nRecord-Route: <sip:rr@edge.example.net;lr>\nMax-Forwards: 70\nFrom: "
               "<sip:alice@example.org>;tag=a\nTo: <" +
               bob + ">\nCall-ID: call\nCSeq: " + n + " INVITE\nContact: <" + alice + ">\n" + credentials;
    };
    world.send(alices, invite("1", ""));
    world.send(alices, invite("2", world.credentials(world.receive(alices), "alice", "INVITE", bob)));
    const auto trying = world.receive(alices);
    CHECK(status(trying) == "100");
    CHECK(header(trying, "Record-Route") == "<sip:rr@edge.example.net;lr>");
    const auto rings = world.receive(bobs);
    CHECK(header(rings, "Route") == path("bob"));
    CHECK(header(rings, "Record-Route").empty());
    CHECK(header(rings, "Contact").find("@example.org") != std::string::npos);
    CHECK(rings.find("edge.invalid") == std::string::npos);
    world.send(bobs, "SIP/2.0 200 OK\nVia: " + header(rings, "Via") +
                         "\nRecord-Route: <sip:bobs-rr@edge.example.net;lr>\nFrom: " + header(rings, "From") +
                         "\nTo: " + header(rings, "To") + ";tag=b\nCall-ID: " + header(rings, "Call-ID") +
                         "\nCSeq: " + header(rings, "CSeq") + "\nContact: <" + bob + ">\n");
    const auto ok = world.receive(alices);
    CHECK(header(ok, "Record-Route") == "<sip:rr@edge.example.net;lr>"); // its own, and not Bob's
    CHECK(header(ok, "Contact").find("@example.org") != std::string::npos);

    SECTION("from the called side")
    {
        world.send(bobs, "BYE " + uri_in(header(rings, "Contact")) +
                             " SIP/2.0\nVia: SIP/2.0/TLS edge.invalid;branch=z9hG4bKbe\n"
                             "Via: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                             header(rings, "To") + ";tag=b\nTo: " + header(rings, "From") +
                             "\nCall-ID: " + header(rings, "Call-ID") + "\nCSeq: 900 BYE\n");
        const auto bye = world.receive(alices);
        CHECK(start_line(bye) == "BYE sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
        CHECK(header(bye, "Route") == path("alice"));
        CHECK(header(bye, "Call-ID") == "call");
    }
    SECTION("from the calling side")
    {
        world.send(alices, "BYE " + uri_in(header(ok, "Contact")) +
                               " SIP/2.0\nVia: SIP/2.0/TLS edge.invalid;branch=z9hG4bKae\n"
                               "Via: SIP/2.0/TLS host.invalid;branch=z9hG4bKabye\nMax-Forwards: 70\n"
                               "From: <sip:alice@example.org>;tag=a\nTo: " +
                               header(ok, "To") + "\nCall-ID: call\nCSeq: 900 BYE\n");
        const auto bye = world.receive(bobs);
        CHECK(start_line(bye) == "BYE sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
        CHECK(header(bye, "Route") == path("bob"));
    }
}
