#include "element/dialogs.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr std::string_view plain = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                   "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
const std::string alices = "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n";
const std::string route_of_peer = "Record-Route: <sip:p2.example.net;lr>, <sip:p1.example.net;lr>\n";

} // namespace

TEST_CASE("ACK and BYE of ours go along the route set of whoever answered", "[rfc3261][12.1.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto invite = call_out(world, alice, peer);
    world.send(peer, answer(invite, "200 OK", route_of_peer + contact + described), plain);
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
    for (const std::string method : {"ACK", "BYE"}) {
        const auto ours = world.receive(peer);
        CHECK(start_line(ours) == method + " sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
        CHECK(header(ours, "Route") == "<sip:p1.example.net;lr>, <sip:p2.example.net;lr>");
    }
}

TEST_CASE("an answer that we have ended is acknowledged again, and not ended again", "[rfc3261][13.2.2.4]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto ok = answer(world.receive(trunk), "200 OK", contact + described);
    world.send(trunk, ok, plain);
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488")); // and her ACK is lost
    const auto ack = world.receive(trunk);
    CHECK(start_line(ack).starts_with("ACK "));
    CHECK(start_line(world.receive(trunk)).starts_with("BYE "));
    world.send(trunk, ok, plain);
    const auto again = world.receive(trunk);
    CHECK(start_line(again) == start_line(ack));
    for (const auto* same : {"CSeq", "Call-ID", "From", "To"}) CHECK(header(again, same) == header(ack, same));
    CHECK(world.quiet(trunk));
    // One of another phone of theirs, that it has forked to, is another dialog (13.2.2.4).
    auto forked = ok;
    forked.replace(forked.find("g-tag"), 5, "other");
    world.send(trunk, forked, plain);
    CHECK(header(world.receive(trunk), "To").ends_with(";tag=other"));
    const auto bye = world.receive(trunk);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(header(bye, "To").ends_with(";tag=other"));
}

TEST_CASE("a call whose answer a BYE has crossed is ended on both sides", "[rfc3261][15]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    dial(world, alice, {.uri = "sip:bob@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(bob);
    world.send(bob, request_in(invite, "BYE", 7));
    world.send(alice, answer(world.receive(alice), "481 Call/Transaction Does Not Exist"));
    CHECK(start_line(world.receive(bob)).starts_with("SIP/2.0 481"));
    world.send(bob, answer(invite, "200 OK", contact));
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 487 Request Terminated");
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));
}

TEST_CASE("a phone that answers after the caller was refused is not left alone in the call", "[rfc3261][16.7]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto other = world.connect();
    world.registers(other, "bob", {.contact = "<sip:second@192.0.2.2:5555;transport=tls>"});
    dial(world, alice, {.uri = "sip:bob@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    world.send(bob, answer(world.receive(bob), "200 OK", contact + described), plain);
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
    world.send(other, answer(world.receive(other), "200 OK", contact));
    CHECK(start_line(world.receive(other)).starts_with("ACK "));
    CHECK(start_line(world.receive(other)).starts_with("BYE "));
    CHECK(world.quiet(alice));
}

namespace {

const std::string path = "<sip:t@edge.example.org;lr;ob>";

/// The connection of an edge, behind which a phone has registered (RFC 3327).
FlowId edge_of(World& world, const std::string& user)
{
    const auto edge = world.connect();
    const auto registered =
        world.registers(edge, user,
                        {.contact = "<sip:" + user +
                                    "-device@192.0.2.1:5555;transport=tls>;reg-id=1;"
                                    "+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\"",
                         .extra = "Supported: path, outbound\nPath: " + path + "\n",
                         .more_vias = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKphone\n"});
    REQUIRE(start_line(registered) == "SIP/2.0 200 OK");
    return edge;
}

} // namespace

TEST_CASE("a BYE of ours finds its way back to whoever asked for a new description", "[rfc3327]")
{
    World world{with_routes()};
    const auto edge = edge_of(world, "alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, edge, bob, "sip:bob@example.org");
    world.send(edge, request_in(call.ok, "INVITE", 3, alices));
    CHECK(start_line(world.receive(edge)) == "SIP/2.0 100 Trying");
    world.send(bob, answer(world.receive(bob), "200 OK", contact + described), plain);
    CHECK(start_line(world.receive(bob)).starts_with("ACK "));
    CHECK(start_line(world.receive(bob)).starts_with("BYE "));
    CHECK(start_line(world.receive(edge)).starts_with("SIP/2.0 488"));
    const auto bye = world.receive(edge);
    CHECK(start_line(bye) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(bye, "Route") == path);
}

TEST_CASE("a second phone behind an edge that answers is hung up on along its Path", "[rfc3327][rfc3261][13.2.2.4]")
{
    World world{with_routes()};
    const auto edge = edge_of(world, "bob");
    const auto alice = world.phone("alice");
    const auto call = establish(world, alice, edge, "sip:bob@example.org");
    const bool names_contact = GENERATE(true, false);
    auto ok = answer(call.invite, "200 OK", names_contact ? "Contact: <sip:two@192.0.2.1:5555;transport=tls>\n" : "");
    world.send(edge, ok.replace(ok.find("g-tag"), 5, "two"));
    const auto cseq = std::stoi(header(call.invite, "CSeq"));
    for (const std::string method : {"ACK", "BYE"}) {
        const auto ours = world.receive(edge);
        CHECK(start_line(ours) ==
              method + (names_contact ? " sip:two" : " sip:bob-device") + "@192.0.2.1:5555;transport=tls SIP/2.0");
        CHECK(header(ours, "Route") == path);
        CHECK(tag_in(header(ours, "To")) == "two");
        const auto number = std::stoi(header(ours, "CSeq"));
        CHECK((method == "ACK" ? number == cseq : number > cseq));
        CHECK(header(ours, "CSeq") == std::to_string(number) + " " + method);
    }
    CHECK(world.quiet(edge));
}

TEST_CASE("a request inside a dialog changes nothing of its route set", "[rfc3261][12.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const auto call = establish(world, alice, peer, "sip:bob@example.net", route_of_peer);
    const std::string route = "<sip:p1.example.net;lr>, <sip:p2.example.net;lr>";
    world.send(peer, request_in(call.invite, "INVITE", 7, contact + described), offer); // records no route again
    CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(alice);
    SECTION("the next request of the other side has all of it")
    {
        world.send(alice, answer(invite, "200 OK", alices + described), offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 200 OK");
        world.send(alice, request_in(call.ok, "BYE", 4));
        CHECK(header(world.receive(peer), "Route") == route);
    }
    SECTION("and so has a BYE of ours")
    {
        world.send(alice, answer(invite, "200 OK", alices + described), plain);
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 488"));
        const auto bye = world.receive(peer);
        CHECK(start_line(bye) == "BYE sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
        CHECK(header(bye, "Route") == route);
    }
}

TEST_CASE("an UPDATE whose answer may not pass ends the call on both sides", "[rfc3311][5.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(alice, request_in(call.ok, "UPDATE", 3, alices + described), offer);
    const auto update = world.receive(bob);
    CHECK(start_line(update).starts_with("UPDATE "));
    world.send(bob, answer(update, "200 OK", contact + described), plain);
    const auto bye = world.receive(bob);
    CHECK(start_line(bye) == "BYE sip:gw@192.0.2.9:5071;transport=tls SIP/2.0");
    CHECK(header(bye, "Call-ID") == header(call.invite, "Call-ID"));
    CHECK(header(bye, "From") == header(update, "From"));
    CHECK(header(bye, "To") == header(update, "To"));
    CHECK(world.quiet(bob)); // no ACK
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
    const auto alices_bye = world.receive(alice);
    CHECK(start_line(alices_bye) == "BYE sip:alice-device@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(alices_bye, "Call-ID") == header(call.ok, "Call-ID"));
    world.send(alice, request_in(call.ok, "INFO", 4));
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 481"));
}

TEST_CASE("a BYE of ours is a new request also to whoever is behind another server of our kind", "[rfc3261][12.2.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(bob, request_in(call.invite, "INFO", 7));
    const auto info = world.receive(alice);
    world.send(alice, answer(info, "200 OK"));
    world.receive(bob);
    const auto behind = [](const std::string& message) { return std::stoul(header(message, "CSeq")) % (1UL << 30U); };
    const auto ends = [&](FlowId phone, const std::string& before) {
        auto bye = world.receive(phone);
        while (!start_line(bye).starts_with("BYE ")) bye = world.receive(phone);
        CHECK(std::stoul(header(bye, "CSeq")) > std::stoul(header(before, "CSeq")));
        CHECK(behind(bye) > behind(before));
    };
    SECTION("where an answer inside a dialog may not pass")
    {
        world.send(alice, request_in(call.ok, "INVITE", 3, alices));
        const auto again = world.receive(bob);
        world.send(bob, answer(again, "200 OK", contact + described), plain);
        ends(bob, again);
        ends(alice, info);
    }
    SECTION("where one in an ACK may not")
    {
        world.send(alice, request_in(call.ok, "ACK", 2, described), plain);
        ends(bob, call.invite);
        ends(alice, info);
    }
}

TEST_CASE("an UPDATE without an offer may be answered with anything", "[rfc3311]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto call = establish(world, alice, bob, "sip:bob@example.org");
    world.send(alice, request_in(call.ok, "UPDATE", 3, alices));
    world.send(bob, answer(world.receive(bob), "200 OK", contact + "Content-Type: text/html\n"), "<p>yes</p>");
    const auto ok = world.receive(alice);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    CHECK(body_of(ok).empty());
    CHECK(world.quiet(bob));
}

namespace {

const std::string asks = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n";

std::string number_of(const std::string& message)
{
    return header(message, "CSeq").substr(0, header(message, "CSeq").find(' '));
}

} // namespace

TEST_CASE("a BYE of ours that a trunk asks the password for goes once more with it", "[rfc3261][22.3]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("one.trunk.example");
    dial(world, alice, {.uri = "sip:+44207946000@example.org"});
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const auto invite = world.receive(trunk);
    world.send(trunk, answer(invite, "200 OK", "Record-Route: <sip:p1.trunk.example;lr>\n" + contact + described),
               plain);
    CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
    CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
    const auto bye = world.receive(trunk);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(header(bye, "Proxy-Authorization").empty());
    world.send(trunk, answer(bye, "100 Trying"));
    CHECK(world.quiet(trunk));
    world.send(trunk, answer(bye, "407 Proxy Authentication Required", asks));
    const auto again = world.receive(trunk);
    CHECK(start_line(again) == start_line(bye));
    CHECK(header(again, "Proxy-Authorization").find("username=\"sotto\"") != std::string::npos);
    CHECK(header(again, "Proxy-Authorization").find("uri=\"sip:gw@192.0.2.9:5071;transport=tls\"") !=
          std::string::npos);
    for (const auto* same : {"Call-ID", "From", "To", "Route", "Reason"})
        CHECK(header(again, same) == header(bye, same));
    CHECK(header(again, "Via") != header(bye, "Via"));
    CHECK(std::stoul(number_of(again)) == std::stoul(number_of(bye)) + 1); // RFC 3261 22.2
    SECTION("a second refusal is the end")
    {
        world.send(trunk, answer(again, "407 Proxy Authentication Required", asks));
        CHECK(world.quiet(trunk));
    }
    SECTION("the next one has it from the beginning")
    {
        world.send(trunk, answer(again, "200 OK"));
        dial(world, alice, {.uri = "sip:+44207946001@example.org", .tag = "b-tag"});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        world.send(trunk, answer(world.receive(trunk), "200 OK", contact + described), plain);
        CHECK(start_line(world.receive(trunk)).starts_with("ACK "));
        const auto next = world.receive(trunk);
        CHECK(start_line(next).starts_with("BYE "));
        CHECK(header(next, "Proxy-Authorization").find("nc=00000003") != std::string::npos);
    }
}

TEST_CASE("a BYE of ours to a trunk that called, and asks for the password", "[rfc3261][22.3]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto trunk = world.domain("one.trunk.example");
    const std::string caller = "<sip:+33123456789@one.trunk.example>;tag=g";
    world.send(trunk,
               "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS one.trunk.example;branch=z9hG4bKg\n"
               "Record-Route: <sip:p1.trunk.example;lr>\nMax-Forwards: 60\nFrom: " +
                   caller +
                   "\nTo: <sip:alice@example.org>\nCall-ID: g\nCSeq: 7 INVITE\nContact: <sip:gw@192.0.2.8:5061>\n");
    CHECK(start_line(world.receive(trunk)) == "SIP/2.0 100 Trying");
    world.send(alice, answer(world.receive(alice), "200 OK", alices + described), offer);
    const auto ok = world.receive(trunk);
    REQUIRE(start_line(ok) == "SIP/2.0 200 OK");
    world.send(trunk,
               "ACK " + uri_in(header(ok, "Contact")) +
                   " SIP/2.0\nVia: SIP/2.0/TLS one.trunk.example;branch=z9hG4bKa\nMax-Forwards: 60\nFrom: " + caller +
                   "\nTo: " + header(ok, "To") + "\nCall-ID: g\nCSeq: 7 ACK\n" + described,
               plain);
    CHECK(start_line(world.receive(alice)).starts_with("BYE "));
    const auto bye = world.receive(trunk); // the ACK has no Contact: where the call came from
    CHECK(start_line(bye) == "BYE sip:gw@192.0.2.8:5061 SIP/2.0");
    CHECK(header(bye, "Route") == "<sip:p1.trunk.example;lr>");
    CHECK(header(bye, "From") == header(ok, "To"));
    CHECK(header(bye, "To") == caller);
    world.send(trunk, answer(bye, "407 Proxy Authentication Required", asks));
    CHECK(header(world.receive(trunk), "Proxy-Authorization").find("username=\"sotto\"") != std::string::npos);
}

TEST_CASE("a new Contact inside a dialog takes no route with it and brings none", "[rfc3261][12.2.1.2]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const std::string moved = "Contact: <sip:gw@192.0.2.77:5071;transport=tls>\n";
    const auto* const records = GENERATE("", "Record-Route: <sip:elsewhere.example.net;lr>\n");
    const auto update = [&](const std::string& by, int cseq) {
        world.send(peer, request_in(by, "UPDATE", cseq, moved + records));
        const auto passed = world.receive(alice);
        CHECK(start_line(passed).starts_with("UPDATE "));
        world.send(alice, answer(passed, "200 OK", alices));
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 200 OK");
        return passed;
    };
    SECTION("of whoever was called")
    {
        const auto call = establish(world, alice, peer, "sip:bob@example.net", route_of_peer);
        const auto updated = update(call.invite, 7);
        update(call.invite, 8); // and again
        // What was there before leads there as well, until the phone takes the new one.
        int cseq = 4;
        for (const auto& uri : {uri_in(header(call.ok, "Contact")), uri_in(header(updated, "Contact"))}) {
            auto info = request_in(call.ok, "INFO", cseq++);
            info.replace(info.find("sip:"), info.find(' ', info.find("sip:")) - info.find("sip:"), uri);
            world.send(alice, info);
            const auto arrived = world.receive(peer);
            CHECK(start_line(arrived) == "INFO sip:gw@192.0.2.77:5071;transport=tls SIP/2.0");
            CHECK(header(arrived, "Route") == "<sip:p1.example.net;lr>, <sip:p2.example.net;lr>");
        }
    }
    SECTION("of whoever called")
    {
        const std::string from = "<sip:bob@example.net>;tag=in";
        world.send(peer, "INVITE sip:alice@example.org SIP/2.0\nVia: SIP/2.0/TLS p1.example.net;branch=z9hG4bKin\n"
                         "Record-Route: <sip:p1.example.net;lr>\nMax-Forwards: 60\nFrom: " +
                             from +
                             "\nTo: <sip:alice@example.org>\nCall-ID: b\nCSeq: 6 INVITE\n"
                             "Contact: <sip:bob@192.0.2.8:5061>\n");
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(alice);
        world.send(alice, answer(invite, "200 OK", alices));
        const auto ok = world.receive(peer);
        CHECK(start_line(ok) == "SIP/2.0 200 OK");
        update(ok, 7);
        world.send(alice, request_in(invite, "BYE", 1));
        const auto bye = world.receive(peer);
        CHECK(start_line(bye) == "BYE sip:gw@192.0.2.77:5071;transport=tls SIP/2.0");
        CHECK(header(bye, "Route") == "<sip:p1.example.net;lr>");
    }
}

TEST_CASE("a new Contact counts once the request is accepted", "[rfc6141][4.6]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto peer = world.domain("example.net");
    const std::string moved = "Contact: <sip:gw@192.0.2.77:5071;transport=tls>\n";
    const auto call = establish(world, alice, peer, "sip:bob@example.net");
    int cseq = 3;
    const auto leads_to = [&] {
        world.send(alice, request_in(call.ok, "INFO", cseq++));
        return start_line(world.receive(peer));
    };
    const std::string former = "INFO sip:gw@192.0.2.9:5071;transport=tls SIP/2.0";
    const std::string latter = "INFO sip:gw@192.0.2.77:5071;transport=tls SIP/2.0";
    SECTION("and not when the other side refuses it")
    {
        const auto* method = GENERATE("UPDATE", "INVITE");
        world.send(peer, request_in(call.invite, method, 7, moved + described), offer);
        if (method == std::string{"INVITE"}) CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        const auto passed = world.receive(alice);
        CHECK(leads_to() == former); // nor before
        world.send(alice, answer(passed, "488 Not Acceptable Here"));
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 488"));
        if (method == std::string{"INVITE"}) CHECK(start_line(world.receive(alice)).starts_with("ACK "));
        CHECK(leads_to() == former);
    }
    SECTION("nor when we refuse what it describes")
    {
        world.send(peer, request_in(call.invite, "INVITE", 7, moved + described), plain);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 488"));
        CHECK(world.quiet(alice));
        CHECK(leads_to() == former);
    }
    SECTION("nor that of a provisional response, unless it is reliable") // RFC 6141 4.7
    {
        world.send(alice, request_in(call.ok, "INVITE", 10, alices + described), offer);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto passed = world.receive(peer);
        cseq = 11;
        world.send(peer, answer(passed, "180 Ringing", moved));
        CHECK(header(world.receive(alice), "Contact").empty());
        CHECK(leads_to() == former);
        world.send(peer, answer(passed, "183 Session Progress", moved + "Require: 100rel\nRSeq: 1\n"));
        CHECK(!header(world.receive(alice), "Contact").empty());
        CHECK(leads_to() == latter);
    }
    SECTION("or when a provisional response says so reliably")
    {
        world.send(peer, request_in(call.invite, "INVITE", 7, moved + described), offer);
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 100 Trying");
        const auto passed = world.receive(alice);
        world.send(alice, answer(passed, "180 Ringing", alices));
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 180 Ringing");
        CHECK(leads_to() == former);
        world.send(alice, answer(passed, "183 Session Progress", alices + "Require: 100rel\nRSeq: 1\n"));
        CHECK(start_line(world.receive(peer)) == "SIP/2.0 183 Session Progress");
        CHECK(leads_to() == latter);
        world.send(alice, answer(passed, "488 Not Acceptable Here"));
        CHECK(start_line(world.receive(peer)).starts_with("SIP/2.0 488"));
        CHECK(leads_to() == latter);
    }
}

TEST_CASE("a description that may not pass in a reliable provisional response fails its branch, and nobody rings on",
          "[rfc3262][5]")
{
    World world{with_routes()};
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    const auto reliable = contact + described + "Require: 100rel\nRSeq: 17\n";
    const auto ringing = [&] {
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        auto invite = world.receive(bob);
        world.send(bob, answer(invite, "183 Session Progress", reliable), plain);
        CHECK(start_line(world.receive(bob)).starts_with("CANCEL "));
        CHECK(world.quiet(alice));
        return invite;
    };
    SECTION("an answer, or an offer")
    {
        const bool offered = GENERATE(true, false);
        dial(world, alice, {.uri = "sip:bob@example.org", .body = std::string{offered ? offer : ""}});
        world.send(bob, answer(ringing(), "487 Request Terminated"));
        CHECK(start_line(world.receive(bob)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
        CHECK(world.element.counters().calls_failed == 1);
    }
    SECTION("its phone says no more")
    {
        dial(world, alice, {.uri = "sip:bob@example.org", .body = std::string{offer}});
        ringing();
        world.pass(seconds{40});
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
    }
    SECTION("its phone has answered meanwhile")
    {
        dial(world, alice, {.uri = "sip:bob@example.org", .body = std::string{offer}});
        const auto invite = ringing();
        for (int n = 0; n < 2; ++n) { // again until the ACK has reached it
            world.send(bob, answer(invite, "200 OK", contact));
            CHECK(start_line(world.receive(bob)).starts_with("ACK "));
            if (n == 0) CHECK(start_line(world.receive(bob)).starts_with("BYE "));
        }
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
        CHECK(world.quiet(alice));
    }
    SECTION("another phone goes on ringing")
    {
        const auto other = world.connect();
        world.registers(other, "bob", {.contact = "<sip:second@192.0.2.2:5555;transport=tls>"});
        dial(world, alice, {.uri = "sip:bob@example.org", .body = std::string{offer}});
        world.send(bob, answer(ringing(), "487 Request Terminated"));
        CHECK(world.quiet(alice));
        world.send(other, answer(world.receive(other), "200 OK", contact + described), offer);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
    SECTION("inside a call, which goes on as it was")
    {
        const auto call = establish(world, alice, bob, "sip:bob@example.org");
        world.send(alice, request_in(call.ok, "INVITE", 3, alices + described), offer);
        world.send(bob, answer(ringing(), "487 Request Terminated"));
        CHECK(start_line(world.receive(bob)).starts_with("ACK "));
        CHECK(start_line(world.receive(alice)).starts_with("SIP/2.0 488"));
        world.send(alice, request_in(call.ok, "INFO", 4));
        CHECK(start_line(world.receive(bob)).starts_with("INFO "));
    }
    SECTION("one that may be lost is left out: its answer says it again")
    {
        dial(world, alice, {.uri = "sip:bob@example.org", .body = std::string{offer}});
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        const auto invite = world.receive(bob);
        world.send(bob, answer(invite, "183 Session Progress", contact + described), plain);
        const auto early = world.receive(alice);
        CHECK(start_line(early) == "SIP/2.0 183 Session Progress");
        CHECK(body_of(early).empty());
        world.send(bob, answer(invite, "200 OK", contact + described), offer);
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 200 OK");
    }
}
