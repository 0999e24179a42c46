#include "load/text.hpp"

#include <catch2/catch.hpp>

using namespace sotto::load;

namespace {

const std::string answer = "SIP/2.0 200 OK\r\n"
                           "v: SIP/2.0/TLS 127.1.0.1:4000;branch=z9hG4bK1, SIP/2.0/TLS 127.1.0.2:1;branch=z9hG4bK2\r\n"
                           "To: \"A, <B>\" <sip:b@example.org;tag=not-this>;tag=t1\r\n"
                           "Contact: <sip:a@127.1.0.1:4000;x=1,2>;expires=60, <sip:a@[::1]>\r\n"
                           "CSeq: 7 REGISTER\r\n"
                           "l: 3\r\n\r\nabc";

} // namespace

TEST_CASE("a message is complete with its body and not before")
{
    for (std::size_t cut = 0; cut < answer.size(); ++cut)
        CHECK(message_length(std::string_view{answer}.substr(0, cut)) == 0);
    CHECK(message_length(answer) == answer.size());
    CHECK(message_length(answer + "SIP/2.0 100") == answer.size());
    CHECK(message_length("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\n") == malformed);
    CHECK(message_length("SIP/2.0 200 OK\r\nContent-Length: many\r\n\r\n") == malformed);
    CHECK(message_length("SIP/2.0 200 OK\r\nContent-Length: 99999999\r\n\r\n") == malformed);
}

TEST_CASE("an answer is read as a client needs it, also after it has been moved")
{
    auto parsed = Message::parse(answer);
    REQUIRE(parsed);
    const auto message = std::move(*parsed);
    CHECK_FALSE(message.is_request());
    CHECK(message.status() == 200);
    CHECK(message.method() == "REGISTER");
    CHECK(message.body() == "abc");
    REQUIRE(message.values("Via").size() == 2);
    CHECK(parameter(message.values("Via")[1], "branch") == "z9hG4bK2");
    CHECK(parameter(message.first("To"), "tag") == "t1");
    const auto contacts = message.values("Contact");
    REQUIRE(contacts.size() == 2);
    CHECK(parameter(contacts[0], "expires") == "60");
    CHECK(uri_of(contacts[1]) == "sip:a@[::1]");
    CHECK(user_of(uri_of(contacts[0])) == "a");
    CHECK(host_port_of(uri_of(contacts[0])) == "127.1.0.1:4000");
}

TEST_CASE("a request is told from an answer, and neither from rubbish")
{
    const auto request = Message::parse("BYE sip:a@127.1.0.1 SIP/2.0\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(request);
    CHECK(request->is_request());
    CHECK(request->method() == "BYE");
    CHECK(request->request_uri() == "sip:a@127.1.0.1");
    CHECK_FALSE(Message::parse("HTTP/1.1 200 OK\r\n\r\n"));
    CHECK_FALSE(Message::parse("SIP/2.0 2x0 OK\r\n\r\n"));
    CHECK_FALSE(Message::parse("BYE sip:a@127.1.0.1 SIP/2.0\r\nno colon\r\n\r\n"));
}

TEST_CASE("A time to wait is read with or without what may follow it", "[rfc3261][20.33]")
{
    using namespace std::chrono_literals;
    CHECK(seconds_of("18") == 18s);
    CHECK(seconds_of("120 (busy)") == 120s);
    CHECK(seconds_of("5;duration=3600") == 5s);
    CHECK_FALSE(seconds_of(""));
    CHECK_FALSE(seconds_of("later"));
}
