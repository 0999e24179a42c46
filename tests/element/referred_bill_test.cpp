// What a call costs that a referral begins (RFC 3515, 5589), and whom.
#include "element/requests.hpp"
#include "element/routes.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

CoreSettings billed()
{
    auto settings = with_routes();
    settings.routes[1].tariff = billing::Tariff{.name = "abroad", .route = "carrier", .hidden_digits = 3};
    settings.billed_inside = {{.prefix = "+49900", .tariff = {.name = "premium", .route = "inside"}}};
    return settings;
}

std::string escaped(std::string text)
{
    for (const auto& [sign, code] : {std::pair{';', "%3B"}, std::pair{'=', "%3D"}, std::pair{'@', "%40"}})
        for (auto at = text.find(sign); at != std::string::npos; at = text.find(sign)) text.replace(at, 1, code);
    return text;
}
std::string unescaped(std::string text)
{
    for (auto at = text.find('%'); at != std::string::npos; at = text.find('%'))
        text.replace(at, 3, 1, static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16)));
    return text;
}

/// A dialog as alice knows it.
struct Dialog {
    std::string call_id, own, other, target;
};

/// Alice is in a call with bob and in one with somebody whom she refers him to.
struct Transfer {
    World world{billed()};
    Sender alice{world, "alice"};
    Sender bob{world, "bob"};
    FlowId trunk{world.domain("one.trunk.example")};
    Dialog to_bob{calls("sip:bob@example.org", bob.flow)};

    /// Alice calls; what is billed is recorded.
    Dialog calls(const std::string& uri, FlowId callee)
    {
        alice.send({.to = uri});
        world.send(callee, answer(world.receive(callee), "200 OK", contact));
        world.record(true);
        world.ledger.waiting.clear();
        const auto ok = world.receive(alice.flow);
        REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
        return {header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"), uri_in(header(ok, "Contact"))};
    }
    /// The trunk calls alice.
    Dialog called()
    {
        world.send(trunk, "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS one.trunk.example;branch=z9hG4bKg\n"
                          "Max-Forwards: 60\nFrom: <sip:+44207946000@one.trunk.example>;tag=g\n"
                          "To: <sip:alice@example.org>\nCall-ID: g\nCSeq: 7 INVITE\n" +
                              contact);
        const auto invite = world.receive(alice.flow);
        world.send(alice.flow, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
        world.receive(trunk); // 100
        REQUIRE(start_line(world.receive(trunk)) == "SIP/2.0 200 OK");
        return {header(invite, "Call-ID"), header(invite, "To") + ";tag=g-tag", header(invite, "From"),
                uri_in(header(invite, "Contact"))};
    }
    /// Bob is told whom to call, and calls; the INVITE that the other side receives.
    std::string refers(const Dialog& consulted, FlowId to, bool attended = true)
    {
        const auto quoted =
            consulted.call_id + ";to-tag=" + tag_in(consulted.other) + ";from-tag=" + tag_in(consulted.own);
        world.send(alice.flow, "REFER " + to_bob.target +
                                   " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKrefer\nMax-Forwards: "
                                   "70\nFrom: " +
                                   to_bob.own + "\nTo: " + to_bob.other + "\nCall-ID: " + to_bob.call_id +
                                   "\nCSeq: 900 REFER\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"
                                   "Refer-To: <" +
                                   consulted.target + (attended ? "?Replaces=" + escaped(quoted) : "") + ">\n");
        const auto refer_to = uri_in(header(world.receive(bob.flow), "Refer-To"));
        const auto at = refer_to.find('?');
        const auto replaces =
            attended ? "Replaces: " + unescaped(refer_to.substr(refer_to.find('=', at) + 1)) + "\n" : std::string{};
        bob.send({.to = refer_to.substr(0, at), .headers = replaces});
        return world.quiet(to) ? std::string{} : world.receive(to);
    }
    void is_answered_for_nothing(FlowId callee, const std::string& invite)
    {
        REQUIRE(start_line(invite).starts_with("INVITE "));
        world.send(callee, answer(invite, "200 OK", contact));
        CHECK(world.ledger.waiting.empty());
        CHECK(start_line(world.receive(bob.flow)) == "SIP/2.0 200 OK");
    }
};

} // namespace

TEST_CASE("whoever takes over a call to a number pays for it from then on", "[billing][rfc5589]")
{
    Transfer t;
    const auto invite = t.refers(t.calls("sip:+44207946000@example.org", t.trunk), t.trunk);
    REQUIRE(start_line(invite).starts_with("INVITE "));
    CHECK_FALSE(header(invite, "Replaces").empty());
    t.world.send(t.trunk, answer(invite, "200 OK", contact));
    CHECK(t.world.quiet(t.bob.flow));
    REQUIRE(t.world.ledger.waiting.size() == 1);
    const auto& recorded = t.world.ledger.waiting.front().first;
    CHECK(recorded.account == t.world.accounts->find("bob", "example.org")->id);
    CHECK(recorded.destination == "+44207946xxx");
    CHECK(recorded.tariff.name == "abroad");
    t.world.record(true);
    CHECK(start_line(t.world.receive(t.bob.flow)) == "SIP/2.0 200 OK");
}

TEST_CASE("the same holds for a number of a subscriber that has a tariff", "[billing][rfc5589]")
{
    Transfer t;
    const auto premium = t.world.phone("+49900123");
    const auto invite = t.refers(t.calls("sip:+49900123@example.org", premium), premium);
    REQUIRE(start_line(invite).starts_with("INVITE "));
    t.world.send(premium, answer(invite, "200 OK", contact));
    REQUIRE(t.world.ledger.waiting.size() == 1);
    CHECK(t.world.ledger.waiting.front().first.account == t.world.accounts->find("bob", "example.org")->id);
    CHECK(t.world.ledger.waiting.front().first.tariff.name == "premium");
}

TEST_CASE("a call that came in costs nobody anything when it is taken over", "[billing][rfc5589]")
{
    Transfer t;
    const auto invite = t.refers(t.called(), t.trunk);
    t.is_answered_for_nothing(t.trunk, invite);
}

TEST_CASE("nor does calling back who called: nobody has dialled a number, and the bill would name it", "[billing][P4]")
{
    Transfer t;
    Sender premium{t.world, "+49900123"};
    premium.send({.to = "sip:alice@example.org", .headers = "Privacy: id\n"});
    const auto invite = t.world.receive(t.alice.flow);
    t.world.send(t.alice.flow, answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n"));
    REQUIRE(start_line(t.world.receive(premium.flow)) == "SIP/2.0 200 OK");
    const auto again = t.refers({header(invite, "Call-ID"), header(invite, "To") + ";tag=g-tag", header(invite, "From"),
                                 uri_in(header(invite, "Contact"))},
                                premium.flow, false);
    t.is_answered_for_nothing(premium.flow, again);
}

TEST_CASE("a call to who withholds itself costs what it costs, and the bill does not say whom", "[billing][P4]")
{
    Transfer t;
    Sender premium{t.world, "+49900123"};
    t.alice.send({.to = "sip:+49900123@example.org"});
    t.world.send(premium.flow, answer(t.world.receive(premium.flow), "200 OK", contact + "Privacy: id\n"));
    t.world.record(true);
    t.world.ledger.waiting.clear();
    const auto ok = t.world.receive(t.alice.flow);
    const auto again =
        t.refers({header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"), uri_in(header(ok, "Contact"))},
                 premium.flow, false);
    t.world.send(premium.flow, answer(again, "200 OK", contact));
    REQUIRE(t.world.ledger.waiting.size() == 1);
    CHECK(t.world.ledger.waiting.front().first.tariff.name == "premium");
    CHECK(t.world.ledger.waiting.front().first.destination == "+49900");
}

TEST_CASE("a billed call is not taken over while nothing can be written", "[billing][rfc5589]")
{
    Transfer t;
    const auto consulted = t.calls("sip:+44207946000@example.org", t.trunk);
    t.world.ledger.takes_calls = false;
    CHECK(t.refers(consulted, t.trunk).empty());
    CHECK(start_line(t.world.receive(t.bob.flow)) == "SIP/2.0 503 Service Unavailable");
}
