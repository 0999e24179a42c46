// What the packaged grammar is known to fail at, and that nobody can make it do so from outside. Times are CPU times,
// with room for sanitizers; the faults themselves take hundreds of milliseconds, or never end.
#include "wire/framer.hpp"
#include "wire/parse.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <random>

using namespace sotto;
using namespace std::string_literals;

namespace {

constexpr long bound_ms = 100;

std::string request(const std::string& lines, const std::string& body = {},
                    const std::string& uri = "sip:a@example.org")
{
    return "INVITE " + uri +
           " SIP/2.0\r\nVia: SIP/2.0/TLS c.example.org;branch=z9hG4bK1\r\n"
           "From: <sip:b@example.org>;tag=1\r\nTo: <sip:a@example.org>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
           lines + "\r\n" + body;
}

std::string repeat(const std::string& what, std::size_t times)
{
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += what;
    return out;
}

MessagePtr in_time(const std::string& bytes)
{
    const auto start = std::clock();
    auto message = wire::parse(bytes);
    CHECK((std::clock() - start) / (CLOCKS_PER_SEC / 1000) < bound_ms);
    return message;
}

std::optional<Refusal> defect(const std::string& lines)
{
    const auto message = in_time(request(lines));
    REQUIRE(message);
    return message->defect;
}

} // namespace

TEST_CASE("lines by the thousand cost one pass", "[guard]")
{
    for (const auto* const line : {"a:b\r\n", "a\r\n", "Contact: <sip:a@b>\r\n", "k:a\r\n", "Via: SIP/2.0/TLS a\r\n"}) {
        INFO(line);
        const std::string text{line};
        CHECK(defect(repeat(text, 65'536 / text.size())) == Refusal::header_too_large);
    }
    CHECK(defect("X: " + std::string(65'536, 'x') + "\r\n") == Refusal::header_too_large);
}

TEST_CASE("no list is long enough to recurse on", "[guard]")
{
    for (const auto* const name : {"Contact", "Via", "Route", "Record-Route", "Path", "Accept", "Warning", "Reason",
                                   "Supported", "P-Asserted-Identity", "Call-Info", "Security-Client"}) {
        INFO(name);
        CHECK(defect(name + ": "s + repeat("<sip:a@b>,", 100'000) + "<sip:a@b>\r\n") == Refusal::header_too_large);
        const auto element = name == "Via"s ? "SIP/2.0/TLS b"s : "<sip:a@b>"s;
        CHECK_FALSE(defect(name + ": "s + repeat(element + ",", 500) + element + "\r\n"));
    }
    // inside quotes or <> a comma divides nothing, for us or for the grammar
    CHECK(defect("Contact: <sip:a" + repeat(",", 500) + "@b>,<sip:c@d>\r\n") == std::nullopt);
    CHECK(defect("Via: SIP/2.0/TLS <" + repeat(",", 500) + "\r\n") == Refusal::malformed_header);
}

TEST_CASE("the grammar never sees a session description", "[guard]")
{
    const auto body = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 1 UDP/TLS/RTP/SAVPF 111 (\r\n"s;
    const auto message = in_time(request("Content-Type: application/sdp\r\n", body));
    REQUIRE(message);
    CHECK_FALSE(message->defect);
    CHECK(message->body == body);
}

TEST_CASE("the grammar never sees a multipart body", "[guard]")
{
    const auto body = "--x\r\n--x\r\nContent-Length: 99\r\n--x--x--\r\n\r\n--x"s;
    const auto message = in_time(request("Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\n", body));
    REQUIRE(message);
    CHECK_FALSE(message->defect);
    CHECK(message->body == body);
    CHECK(message->field(Header::content_type) == "multipart/mixed; boundary=x");
}

TEST_CASE("a parameter whose name only begins like the one asked for is another", "[guard]")
{
    const auto message = in_time(request("Contact: <sip:a@b;transportx>\r\n"));
    REQUIRE(message);
    CHECK_FALSE(message->contacts[0].uri.param("transport"));
    CHECK(message->contacts[0].uri.param("transportx"));
}

TEST_CASE("a second single header is refused, the first one is what counts", "[guard][rfc3261][7.3.1]")
{
    for (const auto* const line :
         {"From: <sip:x@example.org>;tag=2", "To: <sip:x@example.org>", "Call-ID: 2", "i: 2", "CSeq: 2 INVITE",
          "Max-Forwards: 1\r\nMax-Forwards: 2", "Expires: 1\r\nExpires: 2", "Content-Type: a/b\r\nc: a/b",
          "Event: a\r\no: b", "Refer-To: <sip:a@b>\r\nr: <sip:a@b>", "Content-Length: 0\r\nl: 0",
          "Replaces: 1;to-tag=2;from-tag=3\r\nReplaces: 1;to-tag=2;from-tag=3"}) {
        INFO(line);
        const auto message = in_time(request(line + "\r\n"s));
        REQUIRE(message);
        CHECK(message->defect == Refusal::repeated_header);
        CHECK(message->from.tag() == "1");
        CHECK(message->call_id == "1");
    }
}

TEST_CASE("what the grammar drops from a malformed header does not pass silently", "[guard]")
{
    CHECK(defect("Contact: <sip:a@b>;;;;\r\n") == Refusal::bad_contact);
    CHECK(defect("Contact: a b c\r\n") == Refusal::bad_contact);
    CHECK(defect("Contact:\r\n") == Refusal::bad_contact);
    CHECK(defect("Route: sip:a@b\r\n") == Refusal::bad_route);
    CHECK(defect("Record-Route: <sip:a@b>x\r\n") == Refusal::bad_route);
    CHECK(defect("Refer-To: <sip:a@b>, <sip:c@d>\r\n") == Refusal::malformed_header);
    CHECK(defect("Referred-By: x\r\n") == Refusal::malformed_header);
    CHECK(defect("no colon here\r\n") == Refusal::malformed_header);
    CHECK(defect(": no name\r\n") == Refusal::malformed_header);
    CHECK(defect("a b: c\r\n") == Refusal::malformed_header);
}

// The library keeps such headers in a list of errors of another type, and its writer ends the process over some of
// them.
TEST_CASE("a malformed header of any name is refused or left out, and never ends the process", "[guard]")
{
    for (const auto* name : {"Via",
                             "Route",
                             "Record-Route",
                             "Path",
                             "Max-Forwards",
                             "Max-Breadth",
                             "From",
                             "To",
                             "Call-ID",
                             "CSeq",
                             "Contact",
                             "Expires",
                             "Min-Expires",
                             "Authorization",
                             "Proxy-Authorization",
                             "WWW-Authenticate",
                             "Require",
                             "Supported",
                             "Unsupported",
                             "Allow",
                             "Accept",
                             "Accept-Encoding",
                             "Accept-Language",
                             "Content-Type",
                             "Content-Disposition",
                             "Content-Encoding",
                             "Content-Language",
                             "Call-Info",
                             "Alert-Info",
                             "Date",
                             "Timestamp",
                             "Retry-After",
                             "Reason",
                             "Event",
                             "Subscription-State",
                             "Refer-To",
                             "Referred-By",
                             "Replaces",
                             "RAck",
                             "RSeq",
                             "Session-Expires",
                             "Min-SE",
                             "Privacy",
                             "Warning",
                             "In-Reply-To",
                             "P-Asserted-Identity",
                             "Service-Route",
                             "Reject-Contact",
                             "Security-Verify"})
        for (const auto* value :
             {"",          ",",     ";",        "<",   ">",  "\"",         "<>",      "<sip:>",   "%",
              "@",         "=;=,=", "\x80\xff", "a b", "-1", "4294967296", "1 2 3 4", "<sip:a@b", "sip:a@b;x=\"",
              "a/b;c=\"d", "()"}) {
            CAPTURE(name, value);
            for (const auto& start : {"INVITE sip:a@b SIP/2.0\r\n"s, "SIP/2.0 180 x\r\n"s}) {
                const auto whole = request("");
                in_time(start + whole.substr(whole.find("\r\n") + 2, whole.size() - whole.find("\r\n") - 4) + name +
                        ": " + value + "\r\n\r\n");
                in_time(start + name + ": " + value + "\r\n" + whole.substr(whole.find("\r\n") + 2));
            }
        }
}

TEST_CASE("a length of nothing is a message, one of more than there may be never reaches the grammar", "[guard]")
{
    const auto framed = [](const std::string& length) {
        const auto bytes = request("Content-Length: " + length + "\r\n");
        const auto frame = wire::Framer{}.next(bytes);
        if (frame.kind == wire::FrameKind::message) CHECK(in_time(bytes.substr(0, frame.size)));
        return frame.kind;
    };
    for (const auto* length : {"0", "00"}) CHECK(framed(length) == wire::FrameKind::message);
    for (const auto* length : {"+0", "-1", "2147483648", "4294967295", "4294967296", "18446744073709551616"}) {
        CAPTURE(length);
        CHECK(framed(length) == wire::FrameKind::refuse);
    }
}

TEST_CASE("spaces, quotes and line ends cannot break out of a URI", "[guard]")
{
    for (const auto* const uri :
         {"sip:a b@c", "sip:a@b c",  "sip:a\"@b",  "sip:a@b@c",   "sip:\xC3\xA4@b", "sip:a@b;x=<y>", "sip:@b",
          "sip:a@",    "sip:",       "sip:a@b:",   "sip:a@b:0",   "sip:a@b:65536",  "sip:a@b:5x",    "sip:a%zz@b",
          "sip:a%4@b", "sip:a@b%41", "sip:a@[::1", "sip:a@[::g]", "sip:a@[]",       "sip:a@b;;lr",   "sip:a@b;=1",
          "sip:a@b?",  "a@b",        "*",          "tel:",        "tel:x-y",        "urn:",          ":a@b",
          "1sip:a@b"}) {
        INFO(uri);
        CHECK(defect("Contact: <"s + uri + ">\r\n") == Refusal::bad_contact);
    }
}

TEST_CASE("random mixtures of what matters to the grammar end in time", "[guard]")
{
    const std::vector<std::string> pieces{"<",
                                          ">",
                                          "\"",
                                          "\\",
                                          ",",
                                          ";",
                                          "=",
                                          "@",
                                          ":",
                                          "sip:",
                                          "tel:",
                                          "*",
                                          " ",
                                          "\t",
                                          "\r\n ",
                                          "%",
                                          "%00",
                                          "[",
                                          "]",
                                          "::1",
                                          "(",
                                          ")",
                                          "SIP/2.0/TLS ",
                                          "/",
                                          "tag=",
                                          "branch=",
                                          "?",
                                          "#",
                                          "&",
                                          "\xC3\xA4",
                                          "a",
                                          "1",
                                          "\r\nContact: ",
                                          "\r\nVia: ",
                                          "\r\nFrom: ",
                                          "\r\nRoute: ",
                                          "\r\nCall-ID: ",
                                          "\r\nCSeq: ",
                                          "4294967296",
                                          "\r\nMax-Forwards: ",
                                          "\r",
                                          "\n"};
    std::mt19937 random{4475};
    const auto start = std::clock();
    for (int round = 0; round < 5'000; ++round) {
        std::string lines = "Contact: ";
        for (auto left = random() % 60; left > 0; --left) lines += pieces[random() % pieces.size()];
        const auto message = wire::parse(request(lines + "\r\n"));
        if (message) CHECK_FALSE(message->vias.empty());
    }
    CHECK((std::clock() - start) / CLOCKS_PER_SEC < 20);
}
