// Calls for help: nothing that stops others stops them.
#include "core/privacy/anonymous_callers.hpp"
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

TEST_CASE("an emergency call is carried in every state")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    auto& account = world.accounts->at(world.accounts->find("alice", "example.org")->id);
    const auto psap = world.domain("psap.example");
    const auto carried = [&](const std::string& uri, const std::string& extra = {}) {
        dial(world, alice, {.uri = uri, .extra = extra, .tag = "sos"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        return world.receive(psap);
    };
    SECTION("as it is")
    {
        const auto invite = carried("sip:112@example.org");
        CHECK(start_line(invite) == "INVITE urn:service:sos SIP/2.0");
        CHECK(header(invite, "Route") == "<sip:psap.example;transport=tls;lr>");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:alice@example.org>");
        CHECK(world.reports == std::vector<std::string>{"sos"});
    }
    SECTION("the identity that is asserted is the caller's choice among its own")
    {
        world.accounts->attach(account.id, "+4930123", "example.org");
        const auto invite = carried("sip:112@example.org", "P-Preferred-Identity: <sip:+4930123@example.org>\n");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:+4930123@example.org>");
        CHECK(header(invite, "From").starts_with("\"Alice\" <sip:alice@example.org>;tag="));
        CHECK(header(invite, "P-Preferred-Identity").empty());
    }
    SECTION("nobody else's identity is asserted")
    {
        world.accounts->add("bob", "example.org");
        const auto invite = carried("sip:112@example.org", "P-Preferred-Identity: <sip:bob@example.org>\n");
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:alice@example.org>");
    }
    SECTION("with the Route that the phone has found")
    {
        const auto invite = carried("urn:service:sos", "Route: <sip:psap.elsewhere.example;lr>\n"); // RFC 6881 9.2
        CHECK(start_line(invite) == "INVITE urn:service:sos SIP/2.0");
        CHECK(header(invite, "Route") == "<sip:psap.example;transport=tls;lr>");
        CHECK(invite.find("elsewhere") == std::string::npos);
    }
    SECTION("told, where the route lets servers read the keys of the media")
    {
        auto readable = with_routes();
        readable.routes.back().sdes = true;
        world.element.use(std::make_shared<const CoreSettings>(readable));
        const auto invite = carried("urn:service:sos");
        world.send(psap, answer(invite, "180 Ringing"));
        const auto ringing = world.receive(alice);
        CHECK(header(ringing, "Call-Protection") == "gateway;keys=sdes;hops=1");
        CHECK(header(ringing, "Warning").starts_with("399 example.org "));
    }
    SECTION("by its service")
    {
        CHECK(start_line(carried("urn:service:sos.fire")) == "INVITE urn:service:sos.fire SIP/2.0");
    }
    SECTION("from a suspended account")
    {
        account.status = AccountStatus::suspended;
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("while the server drains")
    {
        world.element.drain();
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("withheld: the service is told who calls all the same")
    {
        account.withhold_identity = true;
        const auto invite = carried("sip:%2331%23112@example.org", "Privacy: id;critical\n");
        CHECK(header(invite, "From").starts_with("\"Alice\" <sip:alice@example.org>;tag="));
        CHECK(header(invite, "Privacy").empty());
    }
    SECTION("withheld, with a body that is not encrypted for the service alone")
    {
        using namespace std::string_literals;
        dial(world, alice,
             {.uri = "sip:112@example.org",
              .extra = "Privacy: id\n",
              .content_type = "application/pkcs7-mime",
              .body = "\x30\x12\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03\xA0\x05\x30\x03\x02\x01\x00"s});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(psap)) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("beyond every limit")
    {
        auto strict = with_routes();
        strict.auth_failures_per_minute = 1;
        strict.transactions_per_flow = 0;
        world.element.use(std::make_shared<const CoreSettings>(strict));
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("while there is no moment for whoever can wait")
    {
        world.no_moment = true;
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("while nothing can be billed")
    {
        auto billed = with_routes();
        billed.routes[1].tariff = billing::Tariff{.name = "local", .route = "carrier"};
        world.element.use(std::make_shared<const CoreSettings>(billed));
        world.ledger.takes_calls = false;
        world.domain("one.trunk.example");
        dial(world, alice, {.uri = "sip:+4930123456@example.org", .tag = "billed"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 503 Service Unavailable");
        CHECK(start_line(carried("sip:112@example.org")) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("before a prefix that would match, and before whoever has the number as an address")
    {
        auto town = with_routes();
        town.routes.back().numbers = {"1100110"};
        world.element.use(std::make_shared<const CoreSettings>(town));
        const auto carrier = world.domain("one.trunk.example");
        dial(world, alice, {.uri = "sip:1130113@example.org", .tag = "town"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(carrier)) == "INVITE sip:+49301130113@one.trunk.example;user=phone SIP/2.0");
        const auto namesake = world.phone("1100110");
        CHECK(start_line(carried("sip:1100110@example.org")) == "INVITE urn:service:sos SIP/2.0");
        CHECK(world.quiet(namesake));
    }
    SECTION("past whatever the caller's words would stop or change")
    {
        auto dialled_so = with_routes();
        dialled_so.block_code = "112"; // an operator's mistake must not cost a life
        world.element.use(std::make_shared<const CoreSettings>(dialled_so));
        const auto* extra = GENERATE("", "Privacy: critical;unheard-of\n");
        CHECK(start_line(carried("sip:112@example.org", extra)) == "INVITE urn:service:sos SIP/2.0");
    }
    SECTION("with the place of the caller")
    {
        const std::string pidf = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\">somewhere</presence>";
        const auto body = "--b\r\nContent-Type: application/sdp\r\n\r\n" + std::string{offer} +
                          "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <place@phone.invalid>\r\n\r\n" +
                          pidf + "\r\n--b--\r\n";
        const Outgoing call{.uri = "urn:service:sos",
                            .extra = "Geolocation: <cid:place@phone.invalid>, <https://lis.example/1>;x=y\n",
                            .tag = "loc",
                            .content_type = "multipart/mixed;boundary=b",
                            .body = body};
        dial(world, alice, call);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(header(invite, "Geolocation") == "<cid:1@location.invalid>, <https://lis.example/1>");
        CHECK(header(invite, "Geolocation-Routing") == "yes");
        CHECK(body_of(invite).find("Content-ID: <1@location.invalid>\r\n") != std::string::npos);
        CHECK(invite.find("phone.invalid") == std::string::npos); // the phone's own name for it
        CHECK(body_of(invite).find(pidf) != std::string::npos);
        dial(world, alice,
             {.uri = "urn:service:sos",
              .extra = "Geolocation: <cid:place@phone.invalid>\n",
              .tag = "alone",
              .content_type = "multipart/mixed;boundary=b",
              .body = body.substr(body.find("--b", 3))}); // the offer comes later
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto alone = world.receive(psap);
        CHECK(header(alone, "Geolocation") == "<cid:1@location.invalid>");
        CHECK(body_of(alone).find("Content-ID: <1@location.invalid>\r\n") != std::string::npos);
        // and never to anybody else
        const std::vector<std::pair<std::string, FlowId>> others{
            {"sip:bob@example.net", world.domain("example.net")},
            {"sip:+44207946000@example.org", world.domain("one.trunk.example")},
            {"sip:bob@example.org", world.phone("bob")}};
        for (const auto& [uri, receiver] : others) {
            auto other = call;
            other.uri = uri;
            other.tag = "to-" + uri.substr(4, 3) + uri.substr(uri.size() - 3);
            while (!world.quiet(alice)) world.receive(alice);
            dial(world, alice, other);
            const auto leaked = world.receive(receiver);
            CHECK(body_of(leaked).find("m=audio") != std::string::npos);
            CHECK(header(leaked, "Geolocation").empty());
            CHECK(leaked.find("somewhere") == std::string::npos);
            CHECK(leaked.find("lis.example") == std::string::npos);
        }
    }
    SECTION("with a place that is the whole body") // RFC 8262: then the message's own header says what it is called
    {
        const std::string pidf = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\">somewhere</presence>";
        const Outgoing call{.uri = "urn:service:sos",
                            .extra = "Geolocation: <cid:pl%41ce@phone.invalid>\nContent-ID: <plAce@phone.invalid>\n",
                            .tag = "sole",
                            .content_type = "application/pidf+xml",
                            .body = pidf};
        dial(world, alice, call);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(header(invite, "Content-ID") == "<1@location.invalid>");
        CHECK(header(invite, "Geolocation") == "<cid:1@location.invalid>");
        CHECK(header(invite, "Geolocation-Routing") == "yes");
        CHECK(body_of(invite) == pidf);
        CHECK(invite.find("phone.invalid") == std::string::npos);
    }
    SECTION("with several places, each under the name that stands for it")
    {
        const auto part = [](const std::string& name) {
            return "--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <" + name + "@phone.invalid>\r\n\r\n<" +
                   name + "/>\r\n";
        };
        const Outgoing call{.uri = "urn:service:sos",
                            .extra = "Geolocation: <cid:home@phone.invalid>, <cid:here@phone.invalid>\n"
                                     "Geolocation: <cid:nothing@phone.invalid>\n",
                            .tag = "several",
                            .content_type = "multipart/mixed;boundary=b",
                            .body = part("here") + part("home") + "--b--\r\n"};
        dial(world, alice, call);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(header(invite, "Geolocation") == "<cid:2@location.invalid>, <cid:1@location.invalid>");
        CHECK(body_of(invite).find("Content-ID: <1@location.invalid>\r\n\r\n<here/>") != std::string::npos);
        CHECK(body_of(invite).find("Content-ID: <2@location.invalid>\r\n\r\n<home/>") != std::string::npos);
        CHECK(invite.find("phone.invalid") == std::string::npos);
    }
    SECTION("with a place that says nothing") // RFC 6442 4.1: what is referred to is in the body
    {
        const std::string kind = "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: ";
        const auto* const more = GENERATE("", "<here@phone.invalid>\r\n\r\n<here/>");
        const std::string further = more;
        const Outgoing call{.uri = "urn:service:sos",
                            .extra = "Geolocation: <cid:place@phone.invalid>, <cid:here@phone.invalid>\n",
                            .tag = "empty",
                            .content_type = "multipart/mixed;boundary=b",
                            .body = "--b\r\nContent-Type: application/sdp\r\n\r\n" + std::string{offer} + kind +
                                    "<place@phone.invalid>\r\n\r\n" + (further.empty() ? "" : kind + further) +
                                    "\r\n--b--\r\n"};
        dial(world, alice, call);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(body_of(invite).find("m=audio") != std::string::npos);
        CHECK(header(invite, "Geolocation") == (further.empty() ? "" : "<cid:1@location.invalid>"));
        CHECK(header(invite, "Geolocation-Routing") == (further.empty() ? "" : "yes"));
        const auto part = body_of(invite).find("Content-ID: <1@location.invalid>\r\n\r\n<here/>");
        CHECK((part == std::string::npos) == further.empty());
    }
    SECTION("with a place that is to be fetched") // RFC 6442 4.1, RFC 6881 9.2
    {
        struct Place {
            std::string given, passed;
        };
        const auto place =
            GENERATE(Place{"<https://lis.example/a1>", "<https://lis.example/a1>"},
                     Place{"<sips:a1@lis.example>", "<sips:a1@lis.example>"},
                     Place{"<pres:a1@lis.example>", "<pres:a1@lis.example>"}, Place{"<http://lis.example/a1>", ""},
                     Place{"<data:text/plain,alice>", ""}, Place{"https://lis.example/a1", ""});
        const auto invite = carried("urn:service:sos", "Geolocation: " + place.given + "\n");
        CHECK(header(invite, "Geolocation") == place.passed);
        CHECK(header(invite, "Geolocation-Routing") == (place.passed.empty() ? "" : "yes"));
    }
}

namespace {

/// What stops or refuses another call, and must not stop this one.
struct State {
    const char* name;
    void (*begins)(World&, Account&, CoreSettings&);
};

void nothing(World&, Account&, CoreSettings&) {}

const std::vector<State> states{
    {"none", nothing},
    {"suspended", [](World&, Account& alice, CoreSettings&) { alice.status = AccountStatus::suspended; }},
    {"draining", [](World& world, Account&, CoreSettings&) { world.element.drain(); }},
    {"overloaded", [](World& world, Account&, CoreSettings&) { world.no_moment = true; }},
    {"no place on its connection", [](World&, Account&, CoreSettings& set) { set.transactions_per_flow = 0; }},
    {"its password was guessed at",
     [](World& world, Account&, CoreSettings& set) {
         set.auth_failures_per_minute = 1;
         const std::string where = "Contact: <sip:x@192.0.2.1:5555>\n";
         for (int i = 0; i < 4; ++i) {
             const auto stranger = world.connect(KeyedHash{static_cast<std::uint64_t>(i) + 7, 1});
             const auto call = "guess" + std::to_string(i);
             world.send(stranger, invite_of_a_stranger("bob", "alice", call, 2 * i + 1, where));
             auto wrong = world.credentials(world.receive(stranger), "alice", "INVITE", "sip:bob@example.org");
             const auto response = wrong.find("response=\"") + 10;
             wrong[response] = wrong[response] == '0' ? '1' : '0';
             world.send(stranger, invite_of_a_stranger("bob", "alice", call, 2 * i + 2, where + wrong));
         }
     }},
    {"nothing can be billed",
     [](World& world, Account&, CoreSettings& set) {
         for (auto& route : set.routes) route.tariff = billing::Tariff{.name = "local", .route = route.name};
         world.ledger.takes_calls = false;
     }},
    {"it withholds itself", [](World&, Account& alice, CoreSettings&) { alice.withhold_identity = true; }},
    {"its media must be relayed",
     [](World&, Account& alice, CoreSettings& set) { alice.relay_only = set.relay_only = true; }},
    {"the number blocks callers", [](World&, Account&, CoreSettings& set) { set.block_code = "112"; }},
    {"somebody has the number, and refuses and blocks",
     [](World& world, Account& alice, CoreSettings&) {
         for (const auto* number : {"112", "911", "+49112", "+4930112"}) {
             const auto namesake = world.accounts->add(number, "example.org");
             world.accounts->at(namesake).refuse_anonymous = true;
             world.accounts->blocked.insert({namesake, pair_pseudonym(namesake, alice.id, world.cryptography)});
         }
     }},
    {"a prefix would match",
     [](World&, Account&, CoreSettings& set) {
         set.routes[1].prefixes = {"+", "+49"};
     }},
    {"every call that leaves is refused",
     [](World&, Account&, CoreSettings& set) {
         for (auto& route : set.routes)
             if (route.kind != Receiver::emergency) route.when_weaker = WhenWeaker::refuse;
     }},
};

} // namespace

TEST_CASE("each number and each service is carried in each state that stops another call")
{
    const auto uri = GENERATE(as<std::string>{}, "sip:112@example.org", "sip:911@example.org", "sips:112@example.org",
                              "tel:112;phone-context=example.org", "tel:*31#112;phone-context=example.org",
                              "sip:112;phone-context=example.org@example.org;user=phone", "sip:%2331%23112@example.org",
                              "sip:*31%23112@example.org", "urn:service:sos", "urn:service:sos.fire");
    for (const auto& state : states) {
        CAPTURE(uri, state.name);
        World world{with_routes()};
        world.accounts->add("bob", "example.org");
        const auto alice = world.phone("alice");
        auto changed = with_routes();
        state.begins(world, world.accounts->at(world.accounts->find("alice", "example.org")->id), changed);
        world.element.use(std::make_shared<const CoreSettings>(changed));
        const auto psap = world.domain("psap.example");
        const auto carrier = world.domain("one.trunk.example");
        while (!world.quiet(alice)) world.receive(alice);
        dial(world, alice, {.uri = uri, .tag = "sos"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        REQUIRE_FALSE(world.quiet(psap));
        const auto invite = world.receive(psap);
        CHECK(start_line(invite).starts_with("INVITE urn:service:sos"));
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:alice@example.org>");
        CHECK(world.quiet(carrier));
        CHECK(world.ledger.waiting.empty());
    }
}

TEST_CASE("each state that a call for help passes stops another call")
{
    // Otherwise the states above would prove nothing. Left out are those that concern the dialled number, and those
    // that do not stop this call: a withheld caller, relayed media where nothing is described, and a phone that has
    // logged in before (outside.emergency has a fresh one).
    const std::vector<std::string_view> stopping{"suspended",
                                                 "draining",
                                                 "overloaded",
                                                 "no place on its connection",
                                                 "nothing can be billed",
                                                 "every call that leaves is refused"};
    for (const auto& state : states) {
        const bool control = state.begins == nothing;
        if (!control && std::ranges::count(stopping, state.name) == 0) continue;
        CAPTURE(state.name);
        World world{with_routes()};
        world.accounts->add("bob", "example.org");
        const auto alice = world.phone("alice");
        auto changed = with_routes();
        state.begins(world, world.accounts->at(world.accounts->find("alice", "example.org")->id), changed);
        world.element.use(std::make_shared<const CoreSettings>(changed));
        const auto carrier = world.domain("one.trunk.example");
        const std::string uri = "sip:+44207946000@example.org";
        const auto invite = [&](int n, const std::string& credentials) {
            world.send(alice, "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKo" +
                                  std::to_string(n) + "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=o\nTo: <" +
                                  uri + ">\nCall-ID: o\nCSeq: " + std::to_string(n) +
                                  " INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n" + credentials);
        };
        invite(1, "");
        auto answered = world.receive(alice);
        if (start_line(answered).starts_with("SIP/2.0 407")) {
            invite(2, world.credentials(answered, "alice", "INVITE", uri));
            answered = world.receive(alice);
            if (control) {
                CHECK(start_line(answered) == "SIP/2.0 100 Trying");
                CHECK_FALSE(world.quiet(carrier));
                continue;
            }
            while (start_line(answered) == "SIP/2.0 100 Trying") answered = world.receive(alice);
        }
        CHECK(std::stoi(start_line(answered).substr(8, 3)) >= 400);
        CHECK(world.quiet(carrier));
    }
}

TEST_CASE("several suspended accounts call for help over one connection, as those behind an edge do")
{
    World world{with_routes()};
    const std::vector<std::string> names{"alice", "bob", "carol"};
    for (const auto& name : names)
        world.accounts->at(world.accounts->add(name, "example.org")).status = AccountStatus::suspended;
    const auto psap = world.domain("psap.example");
    const auto edge = world.connect();
    std::vector<std::string> answered;
    for (const auto& name : names) {
        dial(world, edge, {.uri = "sip:112@example.org", .tag = "sos-" + name, .caller = name});
        CHECK(start_line(world.receive(edge)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(psap);
        CHECK(header(invite, "P-Asserted-Identity") == "<sip:" + name + "@example.org>");
        world.send(psap, answer(invite, "200 OK", contact));
        answered.push_back(world.receive(edge));
        REQUIRE(start_line(answered.back()) == "SIP/2.0 200 OK");
    }
    for (const auto* method : {"ACK", "INFO", "BYE"})
        for (const auto& ok : answered) {
            const auto branch = tag_in(header(ok, "From")) + method;
            const std::string_view what{method};
            const auto number = what == "ACK" ? "2" : what == "INFO" ? "3" : "4";
            world.send(edge, std::string{what} + " " + uri_in(header(ok, "Contact")) +
                                 " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + branch +
                                 "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                                 "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: " + number + " " + method + "\n");
            const auto arrived = world.receive(psap);
            CHECK(start_line(arrived).starts_with(std::string{what} + " "));
            if (what == "ACK") continue;
            world.send(psap, answer(arrived, "200 OK"));
            CHECK(start_line(world.receive(edge)) == "SIP/2.0 200 OK");
        }
}

TEST_CASE("a suspended account's call for help, over a connection of its own, goes on to its end and nothing else does")
{
    World world{with_routes()};
    const auto registered = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto psap = world.domain("psap.example");
    const auto inside = [&](FlowId flow, const std::string& ok, const std::string& method, int cseq,
                            const std::string& extra = {}) {
        const auto number = std::to_string(cseq);
        const auto tag = tag_in(header(ok, "From"));
        world.send(flow, method + " " + uri_in(header(ok, "Contact")) +
                             " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + tag + method + number +
                             "\nMax-Forwards: 70\nFrom: " + header(ok, "From") + "\nTo: " + header(ok, "To") +
                             "\nCall-ID: " + header(ok, "Call-ID") + "\nCSeq: " + number + " " + method +
                             "\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra);
    };
    dial(world, registered, {.uri = "sip:bob@example.net", .tag = "before"});
    CHECK(start_line(world.receive(registered)) == "SIP/2.0 100 Trying");
    world.send(peer, answer(world.receive(peer), "200 OK", contact));
    const auto before = world.receive(registered);

    world.accounts->at(world.accounts->find("alice", "example.org")->id).status = AccountStatus::suspended;
    const auto alice = world.connect();
    dial(world, alice, {.uri = "sip:112@example.org", .tag = "sos"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    world.send(psap, answer(world.receive(psap), "200 OK", contact));
    const auto ok = world.receive(alice);
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    inside(alice, ok, "ACK", 2);
    CHECK(start_line(world.receive(psap)).starts_with("ACK "));
    inside(alice, ok, "INFO", 3);
    const auto info = world.receive(psap);
    CHECK(start_line(info).starts_with("INFO "));
    world.send(psap, answer(info, "200 OK"));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    SECTION("over the same connection")
    {
        inside(alice, ok, "BYE", 4);
        CHECK(start_line(world.receive(psap)).starts_with("BYE "));
    }
    SECTION("over another one, with its password")
    {
        const auto again = world.connect();
        inside(again, ok, "BYE", 4);
        const auto challenge = world.receive(again);
        REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
        inside(again, ok, "BYE", 5, world.credentials(challenge, "alice", "BYE", uri_in(header(ok, "Contact"))));
        CHECK(start_line(world.receive(psap)).starts_with("BYE "));
    }
    SECTION("another call")
    {
        world.send(alice, "INVITE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKno"
                          "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=no\nTo: <sip:bob@example.net>"
                          "\nCall-ID: no\nCSeq: 1 INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n");
        const auto challenge = world.receive(alice);
        world.send(alice, "INVITE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKno2"
                          "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=no\nTo: <sip:bob@example.net>"
                          "\nCall-ID: no\nCSeq: 2 INVITE\nContact: <sip:alice-device@192.0.2.1:5555>\n" +
                              world.credentials(challenge, "alice", "INVITE", "sip:bob@example.net"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 407 Proxy Authentication Required");
        CHECK(world.quiet(peer));
    }
    SECTION("a call from before: only over the connection that it had")
    {
        inside(alice, before, "INFO", 3);
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 481 "));
        inside(registered, before, "INFO", 4);
        CHECK(start_line(world.receive(peer)).starts_with("INFO "));
    }
}
