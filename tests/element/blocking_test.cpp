#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

struct Blocking {
    World world;
    Sender alice{world, "alice"};
    Sender carol{world, "carol"};
    Sender bob{world, "bob"};
    AccountId bob_id{world.accounts->find("bob", "example.org")->id};

    /// What a call to bob comes to; it is ended.
    std::string call(Sender& from, const std::string& headers = {}, const std::string& to = "bob")
    {
        from.send({.to = "sip:" + to + "@example.org", .headers = headers});
        if (!world.quiet(bob.flow)) {
            world.send(bob.flow, response_to(world.receive(bob.flow), "486 Busy Here"));
            world.receive(bob.flow); // ACK
        }
        auto result = world.receive(from.flow);
        world.pass(seconds{1});
        return result;
    }
    std::string block(const std::string& method = "INVITE")
    {
        return start_line(bob.refused({.method = method, .to = "sip:*60%23@example.org"}));
    }
};

/// Carol's phone sends alice's call on to bob. What alice is told, and whether bob's phone rang.
std::pair<std::string, bool> call_by_redirection(Blocking& b, const std::string& headers)
{
    b.alice.send({.to = "sip:carol@example.org", .headers = headers});
    b.world.send(b.carol.flow, response_to(b.world.receive(b.carol.flow), "302 Moved Temporarily",
                                           "Contact: <sip:bob@example.org>\n"));
    b.world.receive(b.carol.flow); // ACK
    const bool rang = !b.world.quiet(b.bob.flow);
    if (rang) {
        b.world.send(b.bob.flow, response_to(b.world.receive(b.bob.flow), "486 Busy Here"));
        b.world.receive(b.bob.flow);
    }
    auto told = start_line(b.world.receive(b.alice.flow));
    b.world.pass(seconds{1});
    return {told, rang};
}

const std::string withhold = "Privacy: id\n";
const std::string busy = "SIP/2.0 486 Busy Here";
const std::string unavailable = "SIP/2.0 480 Temporarily Unavailable";

} // namespace

TEST_CASE("whoever called last and withheld is blocked, known to nobody", "[privacy][P4]")
{
    Blocking b;
    CHECK(start_line(b.call(b.alice, withhold)) == busy);
    CHECK(b.block() == "SIP/2.0 603 Last Anonymous Caller Blocked");
    CHECK(start_line(b.call(b.alice, withhold)) == unavailable);
    CHECK(start_line(b.call(b.alice, {}, "%2331%23bob")) == unavailable);
    CHECK(start_line(b.alice.refused({.method = "MESSAGE", .to = "sip:bob@example.org", .headers = withhold})) ==
          unavailable);

    SECTION("nobody else is")
    {
        CHECK(start_line(b.call(b.carol, withhold)) == busy);
        b.alice.send({.to = "sip:carol@example.org", .headers = withhold});
        CHECK(start_line(b.world.receive(b.carol.flow)).starts_with("INVITE "));
    }
    SECTION("and not its calls that show who it is: the callee could find out by asking")
    {
        CHECK(start_line(b.call(b.alice)) == busy);
    }
    SECTION("the answer is that for an address that nobody has")
    {
        const auto blocked = b.call(b.alice, withhold);
        const auto unknown = b.call(b.alice, withhold, "b0b");
        CHECK(blocked.size() == unknown.size());
        const auto without_own = [](std::string text) {
            for (const auto* name : {"Via", "To", "Call-ID", "CSeq"}) {
                const auto value = header(text, name);
                text.replace(text.find(value), value.size(), std::to_string(value.size()));
            }
            return text;
        };
        CHECK(without_own(blocked) == without_own(unknown));
    }
    SECTION("what is stored names no account")
    {
        REQUIRE(b.world.accounts->blocked.size() == 1);
        const auto [account, pseudonym] = *b.world.accounts->blocked.begin();
        CHECK(account == b.bob_id);
        const auto alice_id = b.world.accounts->find("alice", "example.org")->id;
        CHECK(pseudonym == pair_pseudonym(b.bob_id, alice_id, b.world.cryptography));
        crypto::OpenSslCryptography elsewhere{crypto::ProcessKeys::create()};
        CHECK(pseudonym != pair_pseudonym(b.bob_id, alice_id, elsewhere)); // nothing without the key
        const auto carol_id = b.world.accounts->find("carol", "example.org")->id;
        CHECK(pseudonym != pair_pseudonym(carol_id, alice_id, b.world.cryptography)); // nor across callees
    }
}

TEST_CASE("the last withheld caller is forgotten after half an hour", "[privacy][P9]")
{
    Blocking b;
    CHECK(b.block() == "SIP/2.0 404 No Anonymous Caller Lately");
    b.call(b.alice, withhold);
    b.world.pass(seconds{30 * 60 + 1});
    CHECK(b.world.anonymous_callers.size() == 0);
    b.bob = Sender{b.world, "bob"}; // its registration has expired
    CHECK(b.block() == "SIP/2.0 404 No Anonymous Caller Lately");
}

TEST_CASE("the last withheld caller is the last one, not the last caller", "[privacy]")
{
    Blocking b;
    b.call(b.alice, withhold);
    b.call(b.carol, withhold);
    b.call(b.alice);
    CHECK(b.block("MESSAGE") == "SIP/2.0 200 OK");
    CHECK(start_line(b.call(b.carol, withhold)) == unavailable);
    CHECK(start_line(b.call(b.alice, withhold)) == busy);
}

TEST_CASE("a block that cannot be stored is not claimed", "[privacy]")
{
    Blocking b;
    b.call(b.alice, withhold);
    b.world.disk_full = true;
    CHECK(b.block() == "SIP/2.0 500 Server Internal Error");
    CHECK(start_line(b.call(b.alice, withhold)) == busy);
}

TEST_CASE("a redirection leads nobody past a block, nor to whoever refuses anonymous calls", "[privacy][P4]")
{
    Blocking b;
    CHECK(call_by_redirection(b, withhold) == std::pair{busy, true});
    SECTION("who was redirected can be blocked by whom it rang, and looks at nobody there")
    {
        CHECK(b.block() == "SIP/2.0 603 Last Anonymous Caller Blocked");
        CHECK(call_by_redirection(b, withhold) == std::pair{unavailable, false});
        CHECK(call_by_redirection(b, {}) == std::pair{busy, true});
    }
    SECTION("anonymous calls are refused")
    {
        b.world.accounts->at(b.bob_id).refuse_anonymous = true;
        CHECK(call_by_redirection(b, withhold) == std::pair{unavailable, false});
    }
    SECTION("no password was ever set")
    {
        b.world.accounts->at(b.bob_id).password_needed = true;
        CHECK(call_by_redirection(b, {}) == std::pair{unavailable, false});
    }
}

TEST_CASE("a temporary GRUU leads nobody past a block", "[privacy][P4][rfc5627]")
{
    Blocking b;
    const auto ok = header(
        b.world.registers(b.bob.flow, "bob",
                          {.contact = "<sip:bob-device@192.0.2.1:5555;transport=tls>;+sip.instance=\"<urn:uuid:1>\"",
                           .extra = "Supported: gruu, outbound, path\n"}),
        "Contact");
    const auto at = ok.find("temp-gruu=\"");
    REQUIRE(at != std::string::npos);
    const auto gruu = ok.substr(at + 11, ok.find('"', at + 11) - at - 11);
    const auto call = [&](const std::string& to) {
        b.alice.send({.to = to, .headers = withhold});
        if (!b.world.quiet(b.bob.flow)) {
            b.world.send(b.bob.flow, response_to(b.world.receive(b.bob.flow), "486 Busy Here"));
            b.world.receive(b.bob.flow);
        }
        auto told = start_line(b.world.receive(b.alice.flow));
        b.world.pass(seconds{1});
        return told;
    };
    CHECK(call(gruu) == busy);
    CHECK(b.block() == "SIP/2.0 603 Last Anonymous Caller Blocked");
    auto nobodys = gruu;
    nobodys[8] = nobodys[8] == 'A' ? 'B' : 'A';
    CHECK(call(gruu) == call(nobodys));
    CHECK(call(gruu) == "SIP/2.0 404 Not Found");
}
