// Passwords that are guessed: first slowly, then not at all; the device that is known does not suffer.
#include "element/routes.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace sotto;
using namespace sotto::test;

namespace {

/// As from another password.
std::string spoilt(std::string credentials)
{
    return credentials.replace(credentials.find("response=\"") + 10, 4, "0000");
}

struct Guesser {
    World world{[] {
        auto settings = World::defaults();
        settings.auth_failures_per_minute = 10;
        return settings;
    }()};
    int number{0};
    std::string domain{"example.org"};

    std::string request(const std::string& user, const std::string& credentials)
    {
        const auto n = std::to_string(++number);
        return "REGISTER sip:" + domain + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKguess" + n +
               "\nMax-Forwards: 70\nFrom: <sip:" + user + "@" + domain + ">;tag=g\nTo: <sip:" + user + "@" + domain +
               ">\nCall-ID: guess\nCSeq: " + n + " REGISTER\nContact: <sip:x@192.0.2.1>\n" + credentials;
    }
    /// Sends wrong credentials over `flow`.
    void guesses(FlowId flow, const std::string& user)
    {
        while (!world.quiet(flow)) world.receive(flow); // what earlier ones were told
        world.send(flow, request(user, ""));
        const auto credentials = world.credentials(world.receive(flow), user, "REGISTER", "sip:example.org");
        world.send(flow, request(user, spoilt(credentials)));
    }
    std::string status(FlowId flow) { return start_line(world.receive(flow)).substr(8, 3); }
};

} // namespace

TEST_CASE("a guess costs nothing, then two seconds, then it is not looked at", "[guessing]")
{
    Guesser guesser;
    auto& world = guesser.world;
    world.accounts->add("bob", "example.org");
    const std::string user = GENERATE("bob", "nobody-at-all"); // the same for both (P10)
    const auto flow = world.connect();
    for (int i = 0; i < 5; ++i) {
        guesser.guesses(flow, user);
        CHECK(guesser.status(flow) == "401");
    }
    for (int i = 0; i < 4; ++i) {
        guesser.guesses(flow, user);
        CHECK(world.quiet(flow));
        world.pass(milliseconds{1999});
        CHECK(world.quiet(flow));
        world.pass(milliseconds{1});
        CHECK(guesser.status(flow) == "401");
    }
    for (int i = 0; i < 3; ++i) {
        guesser.guesses(flow, user);
        if (world.quiet(flow)) world.pass(seconds{2});
        CHECK((guesser.status(flow) == "401") == (i < 2));
    }
    guesser.guesses(flow, user);
    const auto refused = world.receive(flow);
    CHECK(start_line(refused).substr(8, 3) == "503");
    const auto retry = std::stoi(header(refused, "Retry-After"));
    CHECK((retry >= 5 && retry < 37));
    CHECK(world.element.counters().auth_slowed >= 4);
    CHECK(world.element.counters().auth_refused >= 1);
}

TEST_CASE("also the right password is refused then: a guess must not pay", "[guessing]")
{
    Guesser guesser;
    auto& world = guesser.world;
    world.accounts->add("bob", "example.org");
    const auto flow = world.connect();
    for (int i = 0; i < 11; ++i) guesser.guesses(flow, "bob");
    world.pass(seconds{2});
    CHECK(start_line(world.registers(flow, "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) == "503");
    world.pass(seconds{60});
    CHECK(start_line(world.registers(flow, "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) == "200");
}

TEST_CASE("a subscriber under attack registers and calls from a flow that is known", "[guessing]")
{
    Guesser guesser;
    auto& world = guesser.world;
    const auto own = world.connect();
    CHECK(start_line(world.registers(own, "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) == "200");
    const auto attacker = world.connect();
    for (int i = 0; i < 30; ++i) guesser.guesses(attacker, "bob");
    CHECK(start_line(world.registers(own, "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) == "200");
    const auto elsewhere = world.connect(); // but not from one that nobody has seen
    CHECK(start_line(world.registers(elsewhere, "bob", {.contact = "<sip:y@192.0.2.1>"})).substr(8, 3) == "503");
}

TEST_CASE("those who are told to come back later are not told the same time", "[guessing]")
{
    Guesser guesser;
    auto& world = guesser.world;
    const auto flow = world.connect();
    for (int i = 0; i < 30; ++i) guesser.guesses(flow, "bob");
    while (!world.quiet(flow)) world.receive(flow);
    std::map<std::string, int> told;
    for (int i = 0; i < 40; ++i) {
        guesser.guesses(flow, "bob");
        ++told[header(world.receive(flow), "Retry-After")];
    }
    CHECK(told.size() > 5);
}

TEST_CASE("a source that was limited is somebody new once its key has changed", "[guessing][rotation]")
{
    constexpr std::chrono::hours day{24};
    Guesser guesser;
    auto& world = guesser.world;
    const auto source = [&] { return world.cryptography.rotating_hash(Cryptography::Use::source, "192.0.2.1").now; };
    const auto registers = [&](FlowId flow, const std::string& user) {
        return start_line(world.registers(flow, user, {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3);
    };
    int names = 0;
    for (int days = 0; days < 2; ++days) { // the second key goes like the first one
        world.pass(day - seconds{3} - std::chrono::minutes{days == 0 ? 0 : 2});
        const auto attacker = world.connect(source());
        for (int i = 0; i < 12; ++i) guesser.guesses(attacker, "name" + std::to_string(++names)); // each once
        world.pass(seconds{3});
        CHECK(registers(attacker, "carol") == "503");
        CHECK(registers(world.connect(source()), "bob") == "503");
        CHECK(registers(world.connect({1, 1}), "bob") == "200"); // it is the source, not the account

        REQUIRE(world.hash_ring->rotate(world.now));
        CHECK(registers(world.connect(source()), "bob") == "200");
        CHECK(registers(attacker, "carol") == "503"); // who stays connected stays known
        world.pass(std::chrono::minutes{2});
    }
}

TEST_CASE("a call for help is no way to guess: wrong answers are slow and counted, a right one always passes",
          "[guessing]")
{
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 10;
    settings.routes = {route_for_help()};
    World world{settings};
    world.accounts->add("bob", "example.org");
    auto flow = world.connect();
    int number = 0;
    const auto invite = [&](const std::string& credentials, const std::string& headers, const std::string& body = {}) {
        world.send(flow, invite_of_a_stranger("112", "bob", "sos", ++number, headers + credentials), body);
    };
    const auto calls = [&](const std::string& user, bool right) {
        const std::string where{"Contact: <sip:x@192.0.2.1>\n"};
        invite("", where);
        auto credentials = world.credentials(world.receive(flow), user, "INVITE", "sip:112@example.org");
        if (!right) credentials = spoilt(credentials);
        invite(credentials, where);
    };
    for (int i = 0; i < 20; ++i) {
        calls("bob", false);
        if (i >= 10) CHECK(world.quiet(flow));
        if (world.quiet(flow)) world.pass(seconds{2});
        CHECK(start_line(world.receive(flow)) == "SIP/2.0 407 Proxy Authentication Required");
    }
    CHECK(world.element.counters().auth_failures == 20);
    CHECK(world.element.counters().auth_slowed >= 14);

    const auto* wrong = GENERATE("", "Contact: <sip:x@192.0.2.1>, <sip:y@192.0.2.1>\n");
    invite("", wrong); // nothing is learnt of a password
    CHECK(start_line(world.receive(flow)).substr(8, 3) == "400");
    const auto psap = world.domain("psap.example");
    SECTION("a body that would be refused is refused before the password is looked at")
    {
        const std::string readable =
            "Contact: <sip:x@192.0.2.1>\nContent-Type: application/sdp\n"; // whose keys servers could read: none
        const std::string body = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                 "m=audio 4000 RTP/AVP 0\r\n";
        std::set<std::string> answers;
        for (const bool right : {false, true}) {
            invite("", "Contact: <sip:x@192.0.2.1>\n");
            auto credentials = world.credentials(world.receive(flow), "bob", "INVITE", "sip:112@example.org");
            if (!right) credentials = spoilt(credentials);
            invite(credentials, readable, body);
            answers.insert(start_line(world.receive(flow)));
            CHECK(world.quiet(psap));
        }
        CHECK(answers == std::set<std::string>{"SIP/2.0 488 Not Acceptable Here"});
        CHECK(world.element.counters().auth_failures == 20);
    }
    SECTION("a dialog that it names and that is nobody's does not stop it")
    {
        const std::string names = "Contact: <sip:x@192.0.2.1>\nReplaces: nobodys;to-tag=1;from-tag=2\n";
        for (const bool right : {false, true}) {
            invite("", names);
            auto credentials = world.credentials(world.receive(flow), "bob", "INVITE", "sip:112@example.org");
            if (!right) credentials = spoilt(credentials);
            invite(credentials, names);
            if (!right) world.pass(seconds{2});
            CHECK(start_line(world.receive(flow)) ==
                  (right ? "SIP/2.0 100 Trying" : "SIP/2.0 407 Proxy Authentication Required"));
        }
        const auto arrived = world.receive(psap);
        CHECK(start_line(arrived) == "INVITE urn:service:sos SIP/2.0");
        CHECK(header(arrived, "Replaces").empty());
    }
    SECTION("one guess at a time over one connection, and nobody else's call for help waits for it")
    {
        calls("bob", false);
        CHECK(world.quiet(flow));
        calls("bob", true); // which could be the next guess
        CHECK(start_line(world.receive(flow)) == "SIP/2.0 503 Service Unavailable");
        CHECK(world.quiet(psap));
        const auto attacked = std::exchange(flow, world.connect());
        calls("bob", true);
        CHECK(start_line(world.receive(flow)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(psap)) == "INVITE urn:service:sos SIP/2.0");
        flow = attacked;
        world.pass(seconds{2});
        CHECK(start_line(world.receive(flow)) == "SIP/2.0 407 Proxy Authentication Required");
    }
    calls("bob", true);
    CHECK(start_line(world.receive(flow)) == "SIP/2.0 100 Trying");
    CHECK(start_line(world.receive(psap)) == "INVITE urn:service:sos SIP/2.0");
}

TEST_CASE("who logs in by another name than the account's, which no password is right for, does not lock it",
          "[rfc7616][3.4.2][guessing]")
{
    Guesser guesser;
    auto& world = guesser.world;
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 10;
    settings.domains.push_back({.name = "second.example"});
    world.element.use(std::make_shared<const CoreSettings>(settings));
    const auto id = world.accounts->add("bob", "example.org");
    world.accounts->attach(id, "robert", "example.org");
    world.accounts->attach(id, "bob", "second.example");
    const auto& [address, domain, name] =
        GENERATE(table<std::string, std::string, std::string>({{"robert", "example.org", "robert"},
                                                               {"bob", "example.org", "bob@example.org"},
                                                               {"bob", "second.example", "bob"}}));
    guesser.domain = domain;
    for (std::size_t i = 0; i < 12; ++i) { // each from somewhere else: it would be the account, not the source
        const auto flow = world.connect({1, 1000 + i});
        world.send(flow, guesser.request(address, ""));
        const auto right = world.credentials(world.receive(flow), name, "REGISTER", "sip:" + domain);
        world.send(flow, guesser.request(address, right));
        if (world.quiet(flow)) world.pass(seconds{2});
        CHECK(guesser.status(flow) != "200");
    }
    CHECK(start_line(world.registers(world.connect({1, 2000}), "bob", {.contact = "<sip:x@192.0.2.1>"})).substr(8, 3) ==
          "200");
}

TEST_CASE("guesses at one address tell nothing of another of the same account", "[guessing][P10]")
{
    Guesser guesser;
    auto& world = guesser.world;
    const auto id = world.accounts->add("bob", "example.org");
    world.accounts->attach(id, "robert", "example.org");
    const int before = GENERATE(5, 12); // so many make an answer slow, and refuse
    for (int i = 0; i < before; ++i) guesser.guesses(world.connect({1, 1000U + static_cast<unsigned>(i)}), "bob");
    for (const std::string other : {"robert", "nobody-at-all"}) {
        const auto flow = world.connect({1, other.size()});
        guesser.guesses(flow, other);
        REQUIRE_FALSE(world.quiet(flow)); // at once
        CHECK(guesser.status(flow) == "401");
    }
    const auto same = world.connect({1, 1});
    guesser.guesses(same, "bob");
    if (before == 5)
        CHECK(world.quiet(same));
    else
        CHECK(guesser.status(same) == "503");
    // Nor with a nonce that is not good, whose answer does not depend on the password.
    for (const std::string other : {"robert", "nobody-at-all"}) {
        const auto flow = world.connect({1, other.size()});
        world.send(flow, guesser.request(other, ""));
        auto credentials = world.credentials(world.receive(flow), other, "REGISTER", "sip:example.org");
        const auto another = world.connect({2, other.size()});
        world.send(another, guesser.request(other, credentials));
        REQUIRE_FALSE(world.quiet(another));
        CHECK(header(world.receive(another), "WWW-Authenticate").ends_with("stale=true"));
    }
}

TEST_CASE("with a nonce that is not good the password tells nothing, right or wrong, in a call for help too",
          "[rfc7616][3.3][guessing]")
{
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 4;
    settings.routes = {route_for_help()};
    World world{settings};
    world.accounts->add("bob", "example.org");
    const auto psap = world.domain("psap.example");
    const std::string whom = GENERATE("112", "carol");
    const auto elsewhere = world.connect();
    int number = 0;
    for (const bool right : {false, true, false, true, false, true, false, true, false, true}) {
        const std::string where{"Contact: <sip:x@192.0.2.1>\n"};
        world.send(elsewhere, invite_of_a_stranger(whom, "bob", "asks", ++number, where));
        const auto credentials =
            world.credentials(world.receive(elsewhere), "bob", "INVITE", "sip:" + whom + "@example.org");
        const auto flow = world.connect();
        world.send(flow, invite_of_a_stranger(whom, "bob", "guesses", ++number,
                                              where + (right ? credentials : spoilt(credentials))));
        REQUIRE_FALSE(world.quiet(flow)); // at once
        const auto answer = world.receive(flow);
        CHECK(start_line(answer).substr(8, 3) == "407");
        CHECK(header(answer, "Proxy-Authenticate").ends_with("stale=true"));
        CHECK(world.quiet(psap));
    }
    CHECK(world.element.counters().auth_failures == 0);
}

TEST_CASE("one guess at a time at each account, over a connection with several of its own", "[guessing]")
{
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 4;
    settings.routes = {route_for_help()};
    World world{settings};
    for (const auto* user : {"bob", "carol"}) world.accounts->add(user, "example.org");
    const auto flow = world.phone("mallory");
    CHECK(start_line(world.registers(flow, "eve", {.contact = "<sip:y@192.0.2.1>"})).substr(8, 3) == "200");
    int number = 0;
    const auto guesses = [&](const std::string& user) {
        const std::string where{"Contact: <sip:x@192.0.2.1>\n"};
        world.send(flow, invite_of_a_stranger("112", user, "sos", ++number, where));
        const auto credentials = world.credentials(world.receive(flow), user, "INVITE", "sip:112@example.org");
        world.send(flow, invite_of_a_stranger("112", user, "sos", ++number, where + spoilt(credentials)));
        return world.quiet(flow) ? std::string{"later"} : start_line(world.receive(flow)).substr(8, 3);
    };
    while (guesses("bob") != "later") REQUIRE(number < 20);
    for (int i = 0; i < 5; ++i) CHECK(guesses("bob") == "503");
    CHECK(guesses("carol") != "503"); // hers are not kept from help
    const auto held = world.element.counters().server_transactions;
    for (int i = 0; i < 50; ++i) CHECK(guesses("bob") == "503");
    CHECK(world.element.counters().server_transactions == held);
    world.pass(seconds{2});
    CHECK(start_line(world.receive(flow)).substr(8, 3) == "407");
}

TEST_CASE("a neighbour behind the same edge keeps nobody from help by guessing at its password",
          "[rfc5626][5][guessing]")
{
    auto settings = World::defaults();
    settings.auth_failures_per_minute = 4;
    settings.routes = {route_for_help()};
    World world{settings};
    const auto edge = world.connect();
    int number = 0;
    const auto asks = [&](const std::string& method, const std::string& user, const std::string& address, bool right) {
        const bool registers = method == "REGISTER";
        const std::string uri = registers ? "sip:example.org" : "sip:112@example.org";
        const auto request = [&](const std::string& credentials) {
            const auto n = std::to_string(++number);
            return method + " " + uri + " SIP/2.0\nVia: SIP/2.0/TLS edge.example;branch=z9hG4bKedge" + n +
                   "\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + n + ";received=" + address +
                   "\nMax-Forwards: 70\nFrom: <sip:" + user + "@example.org>;tag=g\nTo: <" +
                   (registers ? "sip:" + user + "@example.org" : uri) + ">\nCall-ID: " + user + "\nCSeq: " + n + " " +
                   method + "\nContact: <sip:" + user + "-device@192.0.2.1>\n" +
                   (registers ? "Path: <sip:token@edge.example;lr;ob>\nSupported: path\n" : "") + credentials;
        };
        world.send(edge, request(""));
        auto credentials = world.credentials(world.receive(edge), user, method, uri);
        if (!right) credentials = spoilt(credentials);
        world.send(edge, request(credentials));
        return world.quiet(edge) ? std::string{"later"} : start_line(world.receive(edge)).substr(8, 3);
    };
    for (const auto* user : {"bob", "carol", "mallory"}) world.accounts->add(user, "example.org");
    for (const auto* user : {"carol", "mallory"}) CHECK(asks("REGISTER", user, "198.51.100.1", true) == "200");
    world.accounts->at(world.accounts->find("bob", "example.org")->id).status = AccountStatus::suspended;
    while (asks("INVITE", "bob", "198.51.100.2", false) != "later") REQUIRE(number < 30);
    CHECK(asks("INVITE", "bob", "198.51.100.2", false) == "503");
    CHECK(asks("INVITE", "bob", "198.51.100.3", true) == "100");
}
