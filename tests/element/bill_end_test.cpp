// What ends a bill, and who cannot have it ended (RFC 3261 12.2.2, 15.1).
#include "core/billing/parties.hpp"
#include "element/billed_call.hpp"

using namespace sotto;
using namespace sotto::test;
using namespace sotto::test::billed_call;
using namespace std::chrono_literals;

TEST_CASE("a BYE that is refused leaves the call and its bill as they were", "[billing][rfc3261][15.1]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    const auto dialog = b.world.ledger.waiting.front().first.dialog;
    b.world.record(true);
    const auto ok = b.world.receive(b.alice);
    const auto hangs_up = [&](const std::string& cseq, const std::string& status) {
        b.world.send(b.alice, "BYE " + uri_in(header(ok, "Contact")) +
                                  " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye" + cseq +
                                  "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: " +
                                  header(ok, "To") + "\nCall-ID: a-call-id\nCSeq: " + cseq + " BYE\n");
        const auto received = b.world.receive(b.callee);
        REQUIRE(start_line(received).starts_with("BYE "));
        b.world.send(b.callee, answer(received, status));
        return start_line(b.world.receive(b.alice));
    };
    CHECK(hangs_up("1", "500 Server Internal Error") == "SIP/2.0 500 Server Internal Error"); // RFC 3261 12.2.2
    CHECK(b.world.ledger.ends == 0);
    const auto kept = billing::kept_parties(b.world.dialogs, b.world.cryptography, dialog);
    CHECK((kept.caller.binding && !kept.hanging_up)); // also in the next process
    b.world.send(b.callee, update(request));          // the gateway can go on, and so can its bill
    const auto updated = b.world.receive(b.alice);
    CHECK(start_line(updated).starts_with("UPDATE "));
    b.world.send(b.alice, response_to(updated, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555>\n"));
    b.world.receive(b.callee);
    const auto& [end, heard] = GENERATE(table<std::string, std::string>(
        {{"200 OK", "200 OK"},
         {"481 Call/Transaction Does Not Exist", "481 Call/Transaction Does Not Exist"},
         {"503 Service Unavailable", "500 Server Internal Error"}})); // the phone asks no more, and brings no 503 about
    CHECK(hangs_up("3", end) == "SIP/2.0 " + heard);
    CHECK(b.world.ledger.ends == 1);
}

TEST_CASE("a phone that answers the carrier's BYE with 503 ends no bill by that", "[billing][rfc3261][15.1]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(true);
    b.world.receive(b.alice);
    b.world.send(b.callee, bye(request));
    b.world.send(b.alice, response_to(b.world.receive(b.alice), "503 Service Unavailable"));
    CHECK(b.world.ledger.ends == 0);
}

TEST_CASE("a BYE that nobody answers ends the call when it was sent", "[billing][rfc3261][15.1.1]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(true);
    b.world.send(b.callee, bye(request));
    b.world.pass(33s);
    CHECK(b.world.ledger.ends == 1);
    CHECK(b.world.ledger.ended_ago == 32s);
}

TEST_CASE("an answer that a BYE has crossed begins no call and no bill", "[billing][rfc3261][15]")
{
    Billed b;
    const auto request = b.call(number);
    const bool recorded_before = GENERATE(false, true);
    if (recorded_before) b.world.send(b.callee, answer(request, "200 OK"));
    b.world.send(b.callee, bye(request)); // which it may only say of a call that it knows to be answered
    const auto at_alice = b.world.receive(b.alice);
    REQUIRE(start_line(at_alice).starts_with("BYE "));
    b.world.send(b.alice, response_to(at_alice, "481 Call/Transaction Does Not Exist"));
    CHECK(start_line(b.world.receive(b.callee)).starts_with("SIP/2.0 481"));
    if (recorded_before) {
        REQUIRE(b.world.ledger.waiting.size() == 1);
        b.world.record(true);
    } else {
        b.world.send(b.callee, answer(request, "200 OK"));
        CHECK(b.world.ledger.waiting.empty());
    }
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 487 Request Terminated");
    CHECK(start_line(b.world.receive(b.callee)) == "ACK " + callee_contact + " SIP/2.0");
    CHECK(start_line(b.world.receive(b.callee)) == "BYE " + callee_contact + " SIP/2.0");
    CHECK_FALSE(b.world.ledger.recording());
}

TEST_CASE("a caller cannot have the bill ended by the callee, by naming its call otherwise",
          "[billing][rfc3261][12.2.2]")
{
    Billed b;
    b.world.send(b.callee, answer(b.call(number), "200 OK"));
    b.world.record(true);
    const auto ok = b.world.receive(b.alice);
    const auto* method = GENERATE("BYE", "INFO");
    const auto& [tag, call_id] =
        GENERATE(table<std::string, std::string>({{"another", "a-call-id"}, {"a-tag", "another"}}));
    b.world.send(b.alice, std::string{method} + " " + uri_in(header(ok, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=" +
                              tag + "\nTo: " + header(ok, "To") + "\nCall-ID: " + call_id + "\nCSeq: 9 " + method +
                              "\n");
    CHECK(start_line(b.world.receive(b.alice)).starts_with("SIP/2.0 481"));
    CHECK(b.world.quiet(b.callee));
    CHECK(b.world.ledger.ends == 0);
}

TEST_CASE("nor with a request of before the answer, whatever is said to it once the call is recorded",
          "[billing][rfc3261][12.2.2]")
{
    Billed b;
    const auto request = b.call(number);
    b.world.send(b.callee, answer(request, "183 Session Progress"));
    const auto early = b.world.receive(b.alice);
    b.world.send(b.alice, "BYE " + uri_in(header(early, "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=another\nTo: " +
                              header(early, "To") + "\nCall-ID: a-call-id\nCSeq: 9 BYE\n");
    const auto at_callee = b.world.receive(b.callee);
    REQUIRE(start_line(at_callee).starts_with("BYE "));
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(true);
    CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 200 OK");
    const auto end = GENERATE(as<std::string>{}, "481 Call/Transaction Does Not Exist", "200 OK", "");
    if (end.empty()) {
        b.world.pass(33s);
        while (!b.world.quiet(b.alice)) b.world.receive(b.alice);
    } else {
        b.world.send(b.callee, answer(at_callee, end));
        CHECK(start_line(b.world.receive(b.alice)) == "SIP/2.0 " + end);
    }
    CHECK(b.world.ledger.ends == 0);
    b.world.send(b.callee, bye(request)); // which ends both
    const auto at_alice = b.world.receive(b.alice);
    REQUIRE(start_line(at_alice).starts_with("BYE "));
    b.world.send(b.alice, response_to(at_alice, "200 OK"));
    CHECK(b.world.ledger.ends == 1);
}

TEST_CASE("no BYE ends the bill of a call that another phone behind the route has answered",
          "[billing][rfc3261][12.2.2]")
{
    Billed b;
    const auto request = b.call(number);
    auto rings = answer(request, "183 Session Progress");
    rings.replace(rings.find("b-tag"), 5, "c-tag");
    b.world.send(b.callee, rings);
    const auto early = b.world.receive(b.alice);
    b.world.send(b.callee, answer(request, "200 OK"));
    b.world.record(true);
    const auto ok = b.world.receive(b.alice);
    REQUIRE(header(early, "To") != header(ok, "To"));
    const auto from_alice = [&](const std::string& to) {
        return "BYE " + uri_in(header(ok, "Contact")) +
               " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\n"
               "From: <sip:alice@example.org>;tag=a-tag\nTo: " +
               to + "\nCall-ID: a-call-id\nCSeq: 9 BYE\n";
    };
    SECTION("the caller's")
    {
        b.world.send(b.alice, from_alice(header(early, "To")));
        CHECK(start_line(b.world.receive(b.alice)).starts_with("SIP/2.0 481"));
        CHECK(b.world.quiet(b.callee));
    }
    SECTION("that other phone's")
    {
        auto other_one = bye(request);
        other_one.replace(other_one.find("b-tag"), 5, "c-tag");
        b.world.send(b.callee, other_one);
        CHECK(start_line(b.world.receive(b.callee)).starts_with("SIP/2.0 481"));
        CHECK(b.world.quiet(b.alice));
    }
    CHECK(b.world.ledger.ends == 0);
    b.world.send(b.callee, bye(request));
    CHECK(start_line(b.world.receive(b.alice)).starts_with("BYE "));
}

TEST_CASE("an ACK whose body may not pass ends the bill only where it ends the call", "[billing][rfc3261][12.2.2]")
{
    Billed b;
    const auto at_callee = b.call(number);
    b.world.send(b.callee, answer(at_callee, "200 OK"));
    b.world.record(true);
    const auto ok = b.world.receive(b.alice);
    const auto ack = [&](const std::string& tag, const std::string& call_id, int cseq, std::string_view body) {
        b.world.send(b.alice,
                     "ACK " + uri_in(header(ok, "Contact")) +
                         " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKack\nMax-Forwards: 70\n"
                         "From: <sip:alice@example.org>;tag=" +
                         tag + "\nTo: " + header(ok, "To") + "\nCall-ID: " + call_id + "\nCSeq: " +
                         std::to_string(cseq) + " ACK\n" + (body.empty() ? "" : "Content-Type: text/html\n"),
                     body);
    };
    ack("a-tag", "a-call-id", 2, "");
    CHECK(start_line(b.world.receive(b.callee)).starts_with("ACK "));
    SECTION("not of a call that has other names")
    {
        const auto& [tag, call_id] =
            GENERATE(table<std::string, std::string>({{"another", "a-call-id"}, {"a-tag", "another"}}));
        ack(tag, call_id, 2, "<p>");
        CHECK(b.world.quiet(b.callee));
        CHECK(b.world.quiet(b.alice));
        CHECK(b.world.ledger.ends == 0);
    }
    SECTION("with a BYE that the callee takes for a new request, whatever number the ACK has")
    {
        ack("a-tag", "a-call-id", 0, "<p>");
        const auto bye = b.world.receive(b.callee);
        CHECK(start_line(bye).starts_with("BYE "));
        CHECK(std::stoul(header(bye, "CSeq")) > std::stoul(header(at_callee, "CSeq")));
        CHECK(b.world.ledger.ends == 1);
    }
}
