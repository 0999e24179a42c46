// What a quoted dialog (RFC 3891, 3911, 4538) tells about whom it is with.
#include "core/privacy/quote.hpp"
#include "element/transfers.hpp"

#include <set>

using namespace sotto;
using namespace sotto::test;

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
