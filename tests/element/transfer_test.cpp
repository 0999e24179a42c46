// Transfers (RFC 3515, 3891, 5589): what a referral and a quoted dialog tell about whom they lead to.
#include "core/privacy/anonymous_callers.hpp"
#include "core/privacy/quote.hpp"
#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <set>
#include <tuple>

using namespace sotto;
using namespace sotto::test;

namespace {

/// A dialog as one of its parties knows it.
struct View {
    std::string call_id, local, remote, target;
    [[nodiscard]] std::string quoted(const std::string& of_target = "to-tag", const std::string& own = "from-tag") const
    {
        return call_id + ";" + of_target + "=" + tag_in(remote) + ";" + own + "=" + tag_in(local);
    }
};

std::string escaped(const std::string& text)
{
    std::string out;
    for (const char c : text) {
        constexpr std::string_view hex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0)
            out += c;
        else
            ((out += '%') += hex[byte >> 4U]) += hex[byte & 15U];
    }
    return out;
}
std::string unescaped(const std::string& text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '%') {
            out += text[i];
        } else {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    return out;
}

std::string device(const std::string& name) { return "sip:" + name + "-device@192.0.2.1:5555;transport=tls"; }
std::string contact_of(const std::string& name) { return "Contact: <" + device(name) + ">\n"; }
std::string status(const std::string& message) { return start_line(message).substr(8, 3); }

/// Alice calls bob, bob calls carol: bob may transfer the one to the other.
struct Three {
    explicit Three(const std::string& of_alice) : Three{"bob", of_alice} {}
    /// `name`: as she dials bob.
    Three(const std::string& name, const std::string& of_alice)
    {
        std::tie(at_alice, at_bob) = call(alice, name, bob, of_alice);
    }

    World world;
    Sender alice{world, "alice"};
    Sender bob{world, "bob"};
    Sender carol{world, "carol"};
    View at_alice, at_bob, bob_to_carol, carol_to_bob;
    std::string invite, ok; ///< of the last call: as its callee and its caller got them
    int number{500};

    /// A call that is answered, as its caller and its callee know it.
    std::pair<View, View> call(Sender& one, const std::string& name, Sender& other, const std::string& headers = {})
    {
        one.send({.to = "sip:" + name + "@example.org", .headers = headers});
        return answered(one, name, other);
    }
    std::pair<View, View> answered(Sender& one, const std::string& name, Sender& other)
    {
        invite = world.receive(other.flow);
        REQUIRE(start_line(invite).starts_with("INVITE "));
        world.send(other.flow, response_to(invite, "200 OK", contact_of(name)));
        ok = world.receive(one.flow);
        REQUIRE(status(ok) == "200");
        return {View{header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"), uri_in(header(ok, "Contact"))},
                View{header(invite, "Call-ID"), header(invite, "To") + ";tag=answer", header(invite, "From"),
                     uri_in(header(invite, "Contact"))}};
    }
    void request(Sender& from, const std::string& name, const View& view, const std::string& method,
                 const std::string& headers = {}, const std::string& body = {})
    {
        const auto n = std::to_string(++number);
        world.send(from.flow,
                   method + " " + view.target + " SIP/2.0\nVia: SIP/2.0/TLS h.invalid;branch=z9hG4bKin" + n +
                       "\nMax-Forwards: 70\nFrom: " + view.local + "\nTo: " + view.remote +
                       "\nCall-ID: " + view.call_id + "\nCSeq: " + n + " " + method + "\n" + contact_of(name) +
                       headers + (body.empty() ? "" : "Content-Type: application/sdp\n"),
                   body);
    }
    /// Bob refers carol; the URI and the headers in it that she is given.
    std::string refer(const std::string& refer_to)
    {
        if (bob_to_carol.target.empty()) std::tie(bob_to_carol, carol_to_bob) = call(bob, "carol", carol);
        request(bob, "bob", bob_to_carol, "REFER", "Refer-To: <" + refer_to + ">\n");
        if (world.quiet(carol.flow)) return {};
        const auto refer = world.receive(carol.flow);
        world.send(carol.flow, response_to(refer, "202 Accepted", contact_of("carol")));
        CHECK(status(world.receive(bob.flow)) == "202");
        return uri_in(header(refer, "Refer-To"));
    }
    std::string to_alice() { return refer(at_bob.target); }
};

const std::string withhold = "Privacy: id;session\n";

/// A temporary GRUU of a phone, without "sip:".
std::string temporary_gruu(World& world, FlowId phone, const std::string& user)
{
    const auto registered = world.registers(phone, user,
                                            {.contact = "<" + device(user) + ">;+sip.instance=\"<urn:uuid:1>\"",
                                             .extra = "Supported: gruu\n",
                                             .call_id = "gruu-of-" + user});
    auto gruu = header(registered, "Contact");
    gruu.erase(0, gruu.find("temp-gruu=\"sip:") + 15);
    gruu.erase(gruu.find('"'));
    REQUIRE(gruu.ends_with("@example.org;gr"));
    return gruu;
}

} // namespace

TEST_CASE("a dialog with somebody who withholds itself is quoted to no address: it would tell whose it is",
          "[rfc3891][privacy][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto message = [&](const std::string& whom, const std::string& header) {
        return status(three.bob.refused({.method = "MESSAGE",
                                         .to = "sip:" + whom + "@example.org",
                                         .headers = header + three.at_bob.quoted() + "\n",
                                         .body = "<p>",
                                         .content_type = "text/html"}));
    };
    for (const auto* header : {"Replaces: ", "Join: "})
        for (const auto* suspect : {"alice", "carol", "nobody"}) CHECK(message(suspect, header) == "481");
    three.bob.send({.to = "sip:alice@example.org",
                    .headers = "Target-Dialog: " + three.at_bob.quoted("remote-tag", "local-tag") + "\n"});
    CHECK(header(world.receive(three.alice.flow), "Target-Dialog").empty());
    CHECK(world.quiet(three.alice.flow));

    const auto refer = three.refer("sip:alice@example.org?Replaces=" + escaped(three.at_bob.quoted()));
    REQUIRE(!refer.empty()); // nor by an accomplice
    const auto at = refer.find('?');
    three.carol.send(
        {.to = refer.substr(0, at), .headers = "Replaces: " + unescaped(refer.substr(refer.find('=', at) + 1)) + "\n"});
    CHECK(status(world.receive(three.carol.flow)) == "481");
    CHECK(world.quiet(three.alice.flow));
}

TEST_CASE("a dialog with somebody who shows itself is quoted to that address", "[rfc3891]")
{
    Three three{""};
    three.bob.send({.to = "sip:alice@example.org", .headers = "Replaces: " + three.at_bob.quoted() + "\n"});
    CHECK(header(three.world.receive(three.alice.flow), "Replaces").starts_with(three.at_alice.call_id + ";"));
}

TEST_CASE("no dialog is quoted to a temporary GRUU: the answer would tell whether it is of the one who was called",
          "[rfc3891][rfc5627][P4]")
{
    Three three{""};
    auto& world = three.world;
    std::tie(three.bob_to_carol, three.carol_to_bob) = three.call(three.bob, "carol", three.carol);
    const std::string owner = GENERATE("alice", "carol");
    const auto phone = owner == "alice" ? three.alice.flow : three.carol.flow;
    const auto gruu = "sip:" + temporary_gruu(world, phone, owner);
    for (const auto* header : {"Replaces: ", "Join: "}) {
        const auto quote = header + three.at_bob.quoted() + "\n";
        three.bob.send({.method = "MESSAGE", .to = gruu, .headers = quote, .body = "<p>", .content_type = "text/html"});
        CHECK(status(world.receive(three.bob.flow)) == "481");
        three.bob.send({.to = gruu, .headers = quote});
        CHECK(status(world.receive(three.bob.flow)) == "481");
        CHECK(world.quiet(phone));
    }
    CHECK(three.refer(gruu + "?Replaces=" + escaped(three.at_bob.quoted())).empty()); // nor by an accomplice
    CHECK(status(world.receive(three.bob.flow)) == "400");
    three.bob.send({.to = gruu, .headers = "Target-Dialog: " + three.at_bob.quoted("remote-tag", "local-tag") + "\n"});
    CHECK(header(world.receive(phone), "Target-Dialog").empty());
}

TEST_CASE("a referral takes no quote but that of its own dialog: the answer would tell whom it leads to",
          "[rfc3891][rfc3515][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const std::string suspect = GENERATE("alice", "bob");
    const auto phone = suspect == "alice" ? three.alice.flow : three.bob.flow;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto own = three.call(three.carol, suspect, suspect == "alice" ? three.alice : three.bob).first;
    for (const auto* header : {"Replaces: ", "Join: "}) {
        three.carol.send({.to = token, .headers = header + own.quoted() + "\n"});
        CHECK(status(world.receive(three.carol.flow)) == "481");
    }
    CHECK(world.quiet(three.alice.flow));
    CHECK(world.quiet(phone));

    CHECK(three.refer(three.at_bob.target + "?Replaces=" + escaped(three.bob_to_carol.quoted())).empty());
    CHECK(status(world.receive(three.bob.flow)) == "400");
}

TEST_CASE("a caller who withholds itself goes on doing so when it is transferred", "[rfc3891][privacy][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const bool attended = GENERATE(true, false);
    const auto refer =
        attended ? three.refer(three.at_bob.target + "?Replaces=" + escaped(three.at_bob.quoted())) : three.to_alice();
    REQUIRE(!refer.empty());
    const auto at = refer.find('?');
    three.carol.send(
        {.to = refer.substr(0, at),
         .headers = attended ? "Replaces: " + unescaped(refer.substr(refer.find('=', at) + 1)) + "\n" : std::string{}});
    const auto [carols, alices] = three.answered(three.carol, "alice", three.alice);
    if (attended) CHECK(header(three.invite, "Replaces").starts_with(three.at_alice.call_id + ";"));
    CHECK(three.ok.find("alice") == std::string::npos);

    const std::string direct =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
        "a=setup:actpass\r\n";
    three.request(three.alice, "alice", alices, "UPDATE", {}, direct); // it holds her address, and no relay's
    CHECK(status(world.receive(three.alice.flow)) == "488");
    CHECK(world.quiet(three.carol.flow));

    three.request(three.alice, "alice", alices, "BYE");
    const auto bye = world.receive(three.carol.flow);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(bye.find("alice") == std::string::npos);
}

namespace {

/// Alice calls bob without showing herself; he refers her to carol, who is his accomplice.
struct Referred : Three {
    explicit Referred(const std::string& name = "bob", const std::string& of_alice = {}) : Three{name, of_alice} {}

    /// The URI that she is given; empty: he is refused.
    std::string refers(const std::string& refer_to)
    {
        request(bob, "bob", at_bob, "REFER", "Refer-To: <" + refer_to + ">\n");
        if (world.quiet(alice.flow)) return {};
        const auto refer = world.receive(alice.flow);
        world.send(alice.flow, response_to(refer, "202 Accepted", contact_of("alice")));
        CHECK(status(world.receive(bob.flow)) == "202");
        return uri_in(header(refer, "Refer-To"));
    }
    /// What reaches carol when alice's phone calls that, as phones do by themselves.
    std::string follows(const std::string& uri)
    {
        const auto at = std::min(uri.find('?'), uri.size());
        std::string headers;
        for (auto rest = uri.substr(std::min(at + 1, uri.size())); !rest.empty();) {
            const auto one = rest.substr(0, rest.find('&'));
            headers += unescaped(one.substr(0, one.find('='))) + ": " + unescaped(one.substr(one.find('=') + 1)) + "\n";
            rest.erase(0, one.size() + 1);
        }
        alice.send({.to = uri.substr(0, at), .headers = headers});
        return world.receive(carol.flow);
    }
};
const std::string nobody = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
std::string caller(const std::string& invite)
{
    return header(invite, "From").substr(0, header(invite, "From").find(";tag="));
}

} // namespace

TEST_CASE("whoever withholds itself from the one who transfers it does so from whom it is sent to", "[rfc3515][P4]")
{
    const std::string of_the_phone = GENERATE("", "Privacy: id\n");
    Referred call{of_the_phone.empty() ? "%2331%23bob" : "bob", of_the_phone};
    SECTION("to an address")
    {
        const auto uri = call.refers("sip:carol@example.org");
        CHECK(uri == "sip:%2331%23carol@example.org");
        CHECK(caller(call.follows(uri)) == nobody);
    }
    SECTION("to the other end of another call, attended or not")
    {
        const bool attended = GENERATE(true, false);
        std::tie(call.bob_to_carol, call.carol_to_bob) = call.call(call.bob, "carol", call.carol);
        const auto& other = call.bob_to_carol;
        const auto invite =
            call.follows(call.refers(other.target + (attended ? "?Replaces=" + escaped(other.quoted()) : "")));
        CHECK(caller(invite) == nobody);
        CHECK(header(invite, "Replaces").empty() != attended);
    }
    SECTION("in the call that comes of it, too")
    {
        call.alice.send({.to = call.refers("sip:carol@example.org")});
        const auto [alices, carols] = call.answered(call.alice, "carol", call.carol);
        call.request(call.alice, "alice", alices, "BYE");
        CHECK(caller(call.world.receive(call.carol.flow)) == nobody);
    }
    SECTION("where nothing can be dialled before an address, by what the phone can ask for")
    {
        call.world.settings->withhold_prefix.clear();
        const auto uri = call.refers("sip:carol@example.org");
        CHECK(uri == "sip:carol@example.org?Privacy=id");
        CHECK(caller(call.follows(uri)) == nobody);
    }
}

TEST_CASE("whoever shows itself is transferred to an address as it stands", "[rfc3515]")
{
    Referred call;
    const auto uri = call.refers("sip:carol@example.org");
    CHECK(uri == "sip:carol@example.org");
    CHECK(caller(call.follows(uri)) == "<sip:alice@example.org>");
}

TEST_CASE("whoever is transferred to a telephone number is given the address that leads there", "[rfc3515][rfc3966]")
{
    Referred call;
    call.world.accounts->attach(call.world.accounts->find("carol", "example.org")->id, "+4930123456", "example.org");
    for (const auto* number : {"tel:+4930123456", "tel:+49-30-123456", "tel:123456;phone-context=+4930"}) {
        INFO(number);
        CHECK(call.refers(number) == "sip:+4930123456@example.org");
    }
    CHECK(call.refers("tel:123456").empty()); // it does not say where it counts (RFC 3966 5.1.5)
    CHECK(status(call.world.receive(call.bob.flow)) == "400");
    CHECK(caller(call.follows("sip:+4930123456@example.org")) == "<sip:alice@example.org>");
}

TEST_CASE("whoever is transferred to an address of another domain calls it by its own rights", "[rfc3515][P4]")
{
    const bool hidden = GENERATE(false, true);
    Referred call{hidden ? "%2331%23bob" : "bob"};
    auto& world = call.world;
    world.settings->routes = {{.name = "friends", .domains = {"example.net"}}};
    const auto peer = world.domain("example.net");
    const std::string prefix = hidden ? "%2331%23" : "";
    const auto uri = call.refers("sip:dave@Example.NET;x=of-bob;user=phone");
    CHECK(uri == "sip:" + prefix + "dave@example.net"); // what else stands there may be the referrer's
    call.alice.send({.to = uri});
    const auto invite = world.receive(peer);
    CHECK(start_line(invite) == "INVITE sip:dave@example.net SIP/2.0");
    CHECK(caller(invite) == (hidden ? nobody : "<sip:alice@example.org>"));

    CHECK(call.refers("sips:dave@example.net:5071") == "sips:" + prefix + "dave@example.net:5071");
    CHECK(call.refers("sip:*31%23dave@example.net") == "sip:" + prefix + "dave@example.net");
    for (const auto* nowhere : {"sip:dave@example.com", "sip:example.net", "sip:dave@192.0.2.1"}) {
        INFO(nowhere); // no route leads there
        CHECK(call.refers(nowhere).empty());
        CHECK(status(world.receive(call.bob.flow)) == "400");
    }
}

TEST_CASE("the number that a withheld referrer names does not show its domain", "[rfc3515][P4]")
{
    Referred call;
    auto& world = call.world;
    auto& domains = world.settings->domains;
    domains.front().numbers = {.country = "49", .area = "30", .extension_base = "+4930777", .extension_digits = 2};
    domains.insert(domains.begin(), ServedDomain{.name = "first.example"});
    world.settings->routes = {route_for_help()};
    world.accounts->attach(world.accounts->find("carol", "example.org")->id, "+4930123456", "example.org");
    const bool withheld = GENERATE(true, false);
    world.accounts->at(world.accounts->find("bob", "example.org")->id).withhold_identity = withheld;
    const auto referred = [&](const std::string& user) {
        const auto uri = call.refers("sip:" + user + "@example.org");
        CHECK(uri.starts_with("sip:"));
        return uri.substr(4);
    };
    CHECK(referred("123456") == (withheld ? "+4930123456@first.example" : "123456@example.org"));
    CHECK(referred("42") == (withheld ? "+493077742@first.example" : "42@example.org"));
    CHECK(referred("112") == (withheld ? "112@first.example" : "112@example.org"));
    CHECK(referred("carol") == "carol@example.org"); // it is hers
    CHECK(caller(call.follows("sip:" + referred("030123456"))) == "<sip:alice@example.org>");
}

TEST_CASE("a caller whose From is anonymous in a request inside its call withholds itself in that one",
          "[rfc3515][rfc3323][P4]")
{
    Three three{""};
    auto& domains = three.world.settings->domains;
    domains.front().numbers = {.country = "49", .area = "30"};
    domains.insert(domains.begin(), ServedDomain{.name = "first.example"});
    CHECK(three.refer("sip:123456@example.org") == "sip:123456@example.org");
    const auto own = three.bob_to_carol.local;
    three.bob_to_carol.local = nobody + ";tag=" + tag_in(own);
    CHECK(three.refer("sip:123456@example.org") == "sip:+4930123456@first.example");
    three.bob_to_carol.local = own;
    CHECK(three.refer("sip:123456@example.org") == "sip:123456@example.org");
}

TEST_CASE("what can be dialled before an address is nobody's to dial for somebody else", "[rfc3515][P4]")
{
    Referred call;
    CHECK(call.refers("sip:%2331%23carol@example.org") == "sip:carol@example.org"); // alice shows herself
    auto& alice = call.world.accounts->at(call.world.accounts->find("alice", "example.org")->id);
    alice.withhold_identity = true;
    std::tie(call.at_alice, call.at_bob) = call.call(call.alice, "bob", call.bob);
    for (const auto* shown : {"sip:*31%23carol@example.org", "sip:%2A31%23*31%23carol@example.org",
                              "sip:%2331%23*31%23carol@example.org"}) {
        INFO(shown);
        const auto uri = call.refers(shown);
        CHECK(uri == "sip:%2331%23carol@example.org");
        const auto invite = call.follows(uri);
        CHECK(caller(invite) == nobody);
        call.world.send(call.carol.flow, response_to(invite, "486 Busy Here"));
        CHECK(status(call.world.receive(call.alice.flow)) == "486");
        call.world.receive(call.carol.flow); // ACK
    }
    for (const auto* code : {"sip:*60%23@example.org", "sip:*31%23*60%23@example.org"}) { // it would block somebody
        INFO(code);
        CHECK(call.refers(code).empty());
        CHECK(status(call.world.receive(call.bob.flow)) == "400");
    }
}

TEST_CASE("a temporary GRUU leads there whatever was dialled before it", "[rfc3515][rfc5627]")
{
    Referred call;
    const auto gruu = temporary_gruu(call.world, call.carol.flow, "carol");
    const std::string dialled = GENERATE("", "*31%23", "%2331%23");
    const auto uri = call.refers("sip:" + dialled + gruu);
    CHECK(uri == "sip:" + gruu);
    CHECK(caller(call.follows(uri)) == "<sip:alice@example.org>");
}

TEST_CASE("a caller who shows itself is shown after an attended transfer, too", "[rfc3891]")
{
    Three three{""};
    const auto refer = three.refer(three.at_bob.target + "?Replaces=" + escaped(three.at_bob.quoted()));
    const auto at = refer.find('?');
    three.carol.send(
        {.to = refer.substr(0, at), .headers = "Replaces: " + unescaped(refer.substr(refer.find('=', at) + 1)) + "\n"});
    const auto [carols, alices] = three.answered(three.carol, "alice", three.alice);
    three.request(three.alice, "alice", alices, "BYE");
    CHECK(header(three.world.receive(three.carol.flow), "From").find("alice@") != std::string::npos);
}

TEST_CASE("a call that is to be replaced only before anybody answers it is so after a transfer, too", "[rfc3891][3]")
{
    Referred call;
    std::tie(call.bob_to_carol, call.carol_to_bob) = call.call(call.bob, "carol", call.carol);
    const std::string flag = GENERATE("", ";early-only");
    const auto& other = call.bob_to_carol;
    const auto uri = call.refers(other.target + "?Replaces=" + escaped(other.quoted() + flag));
    CHECK(unescaped(uri).ends_with(";from-tag=0" + flag));
    const auto replaces = header(call.follows(uri), "Replaces");
    CHECK(replaces.starts_with(call.carol_to_bob.call_id + ";"));
    CHECK(replaces.ends_with(";early-only") == !flag.empty());
}

TEST_CASE("nobody is referred into a call that is over, nor by a referral of somebody else's", "[rfc3515]")
{
    Three three{""};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    SECTION("passed on")
    {
        three.request(three.carol, "carol", three.carol_to_bob, "REFER", "Refer-To: <" + token + ">\n");
        CHECK(world.quiet(three.bob.flow));
        const auto told = start_line(world.receive(three.carol.flow));
        three.request(three.carol, "carol", three.carol_to_bob, "REFER", "Refer-To: <sip:alice@elsewhere.invalid>\n");
        CHECK(start_line(world.receive(three.carol.flow)) == told); // as any URI that leads nowhere
    }
    SECTION("over")
    {
        three.request(three.bob, "bob", three.at_bob, "BYE");
        world.send(three.alice.flow, response_to(world.receive(three.alice.flow), "200 OK"));
        world.receive(three.bob.flow);
        CHECK(three.to_alice().empty());
        CHECK(status(world.receive(three.bob.flow)).starts_with("4"));
    }
}

TEST_CASE("a referral tells no more of whom it leads to than an address does", "[rfc3515][P4][P10]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto html = [&] {
        return status(
            three.carol.refused({.method = "MESSAGE", .to = token, .body = "<p>", .content_type = "text/html"}));
    };
    const auto there = html();
    CHECK(there == "415");
    SECTION("a body that may not pass is refused whoever is there")
    {
        world.disconnect(three.alice.flow);
        CHECK(html() == there);
        three.carol.send({.to = token});
        CHECK(status(world.receive(three.carol.flow)) == "480");
    }
    SECTION("blocks hold")
    {
        const auto alice = world.accounts->find("alice", "example.org")->id;
        const auto carol = world.accounts->find("carol", "example.org")->id;
        world.accounts->blocked.emplace(alice, pair_pseudonym(alice, carol, world.cryptography));
        three.carol.send({.to = token, .headers = "Privacy: id\n"});
        CHECK(status(world.receive(three.carol.flow)) == "480");
        CHECK(world.quiet(three.alice.flow));
    }
    SECTION("so does the refusal of anonymous calls")
    {
        world.accounts->at(world.accounts->find("alice", "example.org")->id).refuse_anonymous = true;
        three.carol.send({.to = token, .headers = "Privacy: id\n"});
        CHECK(status(world.receive(three.carol.flow)) == "433");
        CHECK(world.quiet(three.alice.flow));
    }
}

TEST_CASE("a referral leads to one answer: whoever was sent there once cannot ring again", "[rfc3515][P4]")
{
    Three three{withhold};
    auto& world = three.world;
    const auto token = three.to_alice();
    REQUIRE(!token.empty());
    const auto rings = [&] {
        three.carol.send({.to = token});
        return !world.quiet(three.alice.flow);
    };
    SECTION("an answer that asks for another attempt is none")
    {
        const auto [answer, again] = GENERATE(table<std::string, bool>({{"200 OK", false},
                                                                        {"486 Busy Here", false},
                                                                        {"603 Decline", false},
                                                                        {"488 Not Acceptable Here", true},
                                                                        {"422 Session Interval Too Small", true}}));
        INFO(answer);
        REQUIRE(rings());
        world.send(three.alice.flow, response_to(world.receive(three.alice.flow), answer, contact_of("alice")));
        CHECK(status(world.receive(three.carol.flow)) == answer.substr(0, 3));
        while (!world.quiet(three.alice.flow)) world.receive(three.alice.flow); // ACK
        CHECK(rings() == again);
        if (!again) CHECK(status(world.receive(three.carol.flow)) == "480"); // as for nobody's
    }
    SECTION("a call that is given up has been one")
    {
        REQUIRE(rings());
        const auto invite = world.receive(three.alice.flow);
        world.send(three.alice.flow, response_to(invite, "180 Ringing"));
        CHECK(status(world.receive(three.carol.flow)) == "180");
        world.pass(seconds{200});
        while (!world.quiet(three.alice.flow)) world.receive(three.alice.flow);
        CHECK(status(world.receive(three.carol.flow)) == "480");
        CHECK_FALSE(rings());
    }
    SECTION("it ends with the hour after the one in which it was made")
    {
        REQUIRE(world.ring->rotate(world.now + std::chrono::hours{1}));
        const bool still = GENERATE(true, false);
        if (!still) REQUIRE(world.ring->rotate(world.now + std::chrono::hours{2}));
        CHECK(rings() == still);
    }
}

TEST_CASE("a dialog with a callee who withholds itself is quoted to its address by whoever dialled that",
          "[rfc3891][privacy][P4]")
{
    Three three{""};
    auto& world = three.world;
    const bool by_account = GENERATE(true, false);
    if (by_account) world.accounts->at(world.accounts->find("carol", "example.org")->id).withhold_identity = true;
    const std::string wish = by_account ? "" : "Privacy: id\n";
    const auto answers = [&] {
        const auto invite = world.receive(three.carol.flow);
        world.send(three.carol.flow, response_to(invite, "200 OK", contact_of("carol") + wish));
        const auto ok = world.receive(three.bob.flow);
        three.carol_to_bob = {header(invite, "Call-ID"), header(invite, "To") + ";tag=answer", header(invite, "From"),
                              uri_in(header(invite, "Contact"))};
        three.bob_to_carol = {header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"),
                              uri_in(header(ok, "Contact"))};
    };
    const auto quote = [&] {
        three.bob.send({.to = "sip:carol@example.org", .headers = "Replaces: " + three.bob_to_carol.quoted() + "\n"});
    };
    SECTION("dialled")
    {
        three.bob.send({.to = "sip:carol@example.org"});
        answers();
        quote();
        CHECK(header(world.receive(three.carol.flow), "Replaces").starts_with(three.carol_to_bob.call_id + ";"));

        three.request(three.carol, "carol", three.carol_to_bob, "INFO");
        const auto info = world.receive(three.bob.flow);
        CHECK(header(info, "From").find("carol") == std::string::npos);
        CHECK(tag_in(header(info, "From")) == tag_in(three.bob_to_carol.remote)); // the same dialog
    }
    SECTION("dialled, and by whom it refers there")
    {
        three.bob.send({.to = "sip:carol@example.org"});
        answers();
        three.request(three.bob, "bob", three.at_bob, "REFER",
                      "Refer-To: <sip:carol@example.org?Replaces=" + escaped(three.bob_to_carol.quoted()) + ">\n");
        const auto refer = uri_in(header(world.receive(three.alice.flow), "Refer-To"));
        const auto at = refer.find('?');
        three.alice.send({.to = refer.substr(0, at),
                          .headers = "Replaces: " + unescaped(refer.substr(refer.find('=', at) + 1)) + "\n"});
        CHECK(header(world.receive(three.carol.flow), "Replaces").starts_with(three.carol_to_bob.call_id + ";"));
    }
    SECTION("somebody else was dialled: the answer would tell who answered instead")
    {
        three.bob.send({.to = "sip:alice@example.org"});
        world.send(three.alice.flow, response_to(world.receive(three.alice.flow), "302 Moved Temporarily",
                                                 "Contact: <sip:carol@example.org>\n"));
        answers();
        quote();
        CHECK(status(world.receive(three.bob.flow)) == "481");
        CHECK(world.quiet(three.carol.flow));
    }
}

TEST_CASE("a quoted dialog may have values of any length; it is kept no longer than the dialog", "[sealing]")
{
    World world;
    const SealParts parts{world.sealer, world.cryptography, world.dialogs};
    const Holder carrier{.hash = {.high = 1, .low = 2}};
    QuotedDialog dialog{.epoch = world.sealer.current_epoch(),
                        .salt = world.sealer.fresh_salt(),
                        .target_role = Role::callee,
                        .call_id = {},
                        .quoting_tag = {.value = "own", .owner = "123456"},
                        .target_tag = "target",
                        .target_owner = "abcdef"};
    std::set<std::size_t> lengths;
    for (const std::size_t length : {1U, 184U, 185U, 186U, 187U, 255U, 256U, 2'000U}) { // around what fits the token
        dialog.call_id = std::string(length, 'c');
        const auto token = seal_quote(dialog, carrier, parts);
        lengths.insert(token.size());
        const auto opened = open_quote(token, carrier, parts);
        REQUIRE(opened);
        CHECK(opened->call_id == dialog.call_id);
        CHECK(opened->quoting_tag.value == "own");
        CHECK(opened->target_tag == "target");
        CHECK(opened->target_owner == "abcdef");
        CHECK_FALSE(open_quote(token, Holder{}, parts));
    }
    CHECK(lengths.size() == 1);
    const auto token = seal_quote(dialog, carrier, parts);
    world.dialogs.end(world.sealer.dialog_hash(dialog.epoch, dialog.salt), dialog.epoch);
    CHECK_FALSE(open_quote(token, carrier, parts));
}
