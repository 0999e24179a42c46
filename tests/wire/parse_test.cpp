#include "wire/parse.hpp"

#include "wire/canonical.hpp"
#include "wire/corpus.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <thread>

using namespace sotto;
using namespace std::string_literals;

namespace {

const std::string answerable = "Via: SIP/2.0/TLS c.example.org:5061;branch=z9hG4bK1;rport\r\n"
                               "From: \"Alice\" <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\n"
                               "Call-ID: 1@c\r\n";

MessagePtr request(const std::string& first_line, const std::string& lines,
                   const std::string& cseq = "CSeq: 7 INVITE\r\n")
{
    return wire::parse(first_line + "\r\n" + answerable + cseq + lines + "\r\n");
}

// What the framer refused.
MessagePtr refused(std::string_view bytes, Refusal refusal)
{
    return wire::parse(bytes, {wire::FrameKind::refuse, bytes.size(), refusal});
}

std::optional<Refusal> defect_of(const MessagePtr& message)
{
    REQUIRE(message);
    return message->defect;
}

std::optional<Refusal> uri_defect(const std::string& uri)
{
    return defect_of(request("INVITE " + uri + " SIP/2.0", ""));
}

} // namespace

TEST_CASE("the sample that initialise() parses is accepted") { CHECK_NOTHROW(wire::initialise()); }

TEST_CASE("a request is read into its parts", "[rfc3261][7]")
{
    const auto m =
        request("INVITE sips:bob@example.org:5062;transport=tls SIP/2.0",
                "Max-Forwards: 70\r\nm: <sip:alice@192.0.2.1;ob>;q=0.5, \"A, B\" <tel:+49301234;phone-context=x>\r\n"
                "Route: <sip:p1;lr>,<sip:p2;lr>\r\nRoute: <sip:p3;lr>\r\nPath: <sip:e;lr>\r\n"
                "Record-Route: <sip:r;lr>\r\nSubject: never read\r\nX-Secret: neither\r\nUser-Agent: nor this\r\n"
                "Supported: replaces,\r\n timer\r\nk: outbound\r\nRefer-To: <sip:c@d?Replaces=1%3Bto-tag%3D2>\r\n"
                "Referred-By: <sip:x@y>\r\nP-Asserted-Identity: \"A\" <sip:a@b>, <tel:+4930>\r\n"
                "P-Preferred-Identity: <sip:p@q>\r\n");
    REQUIRE_FALSE(defect_of(m));
    CHECK(m->is_request);
    CHECK(m->method == Method::invite);
    CHECK(m->method_name == "INVITE");
    CHECK(m->request_uri.scheme == Scheme::sips);
    CHECK(m->request_uri.user == "bob");
    CHECK(m->request_uri.host == "example.org");
    CHECK(m->request_uri.port == 5062);
    CHECK(m->request_uri.param("transport") == "tls");
    REQUIRE(m->vias.size() == 1);
    CHECK(m->vias[0].transport == "TLS");
    CHECK(m->vias[0].host == "c.example.org");
    CHECK(m->vias[0].port == 5061);
    CHECK(m->vias[0].branch() == "z9hG4bK1");
    CHECK(m->vias[0].text == "SIP/2.0/TLS c.example.org:5061;branch=z9hG4bK1;rport");
    CHECK(m->from.display == "\"Alice\"");
    CHECK(m->from.tag() == "1");
    CHECK(m->to.tag().empty());
    CHECK(m->call_id == "1@c");
    CHECK(m->cseq.number == 7);
    CHECK(m->max_forwards == 70U);
    REQUIRE(m->contacts.size() == 2);
    CHECK(m->contacts[0].param("q") == "0.5");
    CHECK(m->contacts[0].uri.param("ob"));
    CHECK(m->contacts[1].display == "\"A, B\"");
    CHECK(m->contacts[1].uri.scheme == Scheme::tel);
    CHECK(m->contacts[1].uri.user == "+49301234");
    CHECK(m->contacts[1].uri.param("phone-context") == "x");
    REQUIRE(m->routes.size() == 3);
    CHECK(m->routes[2].uri.host == "p3");
    CHECK(m->record_routes.size() == 1);
    CHECK(m->paths.size() == 1);
    REQUIRE(m->refer_to);
    CHECK(m->refer_to->uri.headers == "Replaces=1%3Bto-tag%3D2");
    REQUIRE(m->referred_by);
    CHECK(m->asserted.size() == 2);
    CHECK(m->preferred.size() == 1);
    REQUIRE(m->fields.size() == 2); // nothing that no rule reads
    CHECK(m->fields[0].value == "replaces,   timer");
    CHECK(m->lists(Header::supported, "timer"));
    CHECK(m->lists(Header::supported, "outbound"));
}

TEST_CASE("as many header lines are read as the framer lets pass")
{
    constexpr wire::Limits wide{.lines = wire::Limits::most_lines};
    std::string lines;
    for (int i = 0; i < 330; ++i) lines += "Route: <sip:r;lr>\r\nk:t" + std::to_string(i) + "\r\nno:\r\n";
    const auto bytes = "OPTIONS sip:b SIP/2.0\r\n" + answerable + "CSeq: 7 OPTIONS\r\n" + lines + "l: 0\r\n\r\n";
    for (const auto& frame : {wire::Framer{wide}.next(bytes), wire::frame_whole(bytes, wide)}) {
        const auto m = wire::parse(bytes, frame);
        REQUIRE(m);
        CHECK_FALSE(m->defect);
        CHECK(m->routes.size() == 330);
        CHECK(m->lists(Header::supported, "t329"));
        CHECK(m->unread.size() == 330);
    }
}

TEST_CASE("nothing at all is no message") { CHECK_FALSE(wire::parse("")); }

TEST_CASE("a response is read into its parts", "[rfc3261][7.2]")
{
    const auto m =
        wire::parse("SIP/2.0 486 Whatever it says\r\n" + answerable + "CSeq: 7 INVITE\r\nRetry-After: 5\r\n\r\nbody");
    REQUIRE(m);
    CHECK_FALSE(m->is_request);
    CHECK(m->status == 486);
    CHECK(m->method == Method::invite);
    CHECK(m->field(Header::retry_after) == "5");
    CHECK(m->body == "body");
}

TEST_CASE("a response without what is needed of it goes no further", "[rfc3261][18.1.2]")
{
    CHECK_FALSE(wire::parse("SIP/2.0 099 x\r\n" + answerable + "CSeq: 7 INVITE\r\n\r\n"));
    CHECK_FALSE(wire::parse("SIP/2.0 700 x\r\n" + answerable + "CSeq: 7 INVITE\r\n\r\n"));
    CHECK_FALSE(wire::parse("SIP/3.0 200 x\r\n" + answerable + "CSeq: 7 INVITE\r\n\r\n"));
    CHECK_FALSE(refused("SIP/2.0 200 x\r\n" + answerable + "CSeq: 7 INVITE\r\n\r\n", Refusal::malformed_header));
    const auto* repeated = GENERATE("To: <sip:c@d>", "From: <sip:c@d>", "i: 1@c", "CSeq: 7 INVITE");
    CHECK_FALSE(wire::parse("SIP/2.0 200 x\r\n" + answerable + "CSeq: 7 INVITE\r\n" + repeated + "\r\n\r\n"));
    const auto* unreadable =
        GENERATE("Record-Route: zz", "c: text/plain\r\nc: application/sdp", "Via: x", "CSeq: 2147483648 INVITE");
    CHECK_FALSE(wire::parse("SIP/2.0 200 x\r\n" + answerable + "CSeq: 7 INVITE\r\n" + unreadable + "\r\n\r\n"));
}

TEST_CASE("an answer is not lost for a header that is not needed", "[rfc3261][16.7]")
{
    const auto* status = GENERATE("183", "200", "486");
    const auto answer = [&](const std::string& lines) {
        return wire::parse("SIP/2.0 "s + status + " x\r\n" + answerable + "CSeq: 7 INVITE\r\n" + lines + "\r\nbody");
    };
    const auto with = [&](const std::string& lines) {
        const auto m = answer(lines);
        REQUIRE(m);
        CHECK_FALSE(m->defect);
        CHECK(m->body == "body");
        return m->contacts.size();
    };
    CHECK(with("P-Asserted-Identity: Bob (home) <sip:bob@example.org>\r\n") == 0);
    CHECK(with("P-Preferred-Identity: \r\nRoute: x\r\nPath: x\r\nRefer-To: \r\nReferred-By: \r\n") == 0);
    CHECK(with("Max-Forwards: 999\r\n") == 0);
    const auto* contact = GENERATE("", "J\xC3\xBCrgen <sip:c@d>", "Bob (home) <sip:c@d>", "<sip:c@d>;", "x y",
                                   "<sip:c@d>, *", "<sip:c@d>, x y");
    CHECK(with("Contact: "s + contact + "\r\n") == 0);
    const auto repeated = answer("Session-Expires: 1800\r\nx: 90\r\nExpires: 1\r\nExpires: 2\r\n");
    REQUIRE(repeated);
    CHECK(repeated->field(Header::session_expires) == "1800");
    CHECK_FALSE(repeated->lists(Header::session_expires, "90"));
    CHECK(repeated->field(Header::expires) == "1");
}

TEST_CASE("of a failure only what is needed must be readable", "[rfc3261][16.7]")
{
    const auto moved = wire::parse("SIP/2.0 302 x\r\n" + answerable + "CSeq: 7 INVITE\r\nContact: <sip:c@d>\r\n\r\n");
    REQUIRE(moved);
    CHECK(moved->contacts.size() == 1);
    const auto nowhere = wire::parse("SIP/2.0 302 x\r\n" + answerable + "CSeq: 7 INVITE\r\nContact: x y\r\n\r\n");
    REQUIRE(nowhere);
    CHECK(nowhere->contacts.empty());
    CHECK(wire::parse("SIP/2.0 486 x\r\n" + answerable + "CSeq: 7 INVITE\r\nRecord-Route: zz\r\n\r\n"));
}

TEST_CASE("a party has one tag", "[rfc3261][7.3.1]")
{
    const std::string head = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS c;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\n"
                             "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:c@d>;tag=1";
    CHECK_FALSE(defect_of(wire::parse(head + ";x=tag\r\n\r\n")));
    CHECK(defect_of(wire::parse(head + ";tag=2\r\n\r\n")) == Refusal::malformed_header);
    CHECK(defect_of(wire::parse(head + ";tag\r\n\r\n")) == Refusal::malformed_header);
}

TEST_CASE("a tag without a value ends nothing", "[rfc3261][7.3.1]")
{
    const std::string head = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS c;branch=z9hG4bK1\r\nCall-ID: 1\r\n"
                             "CSeq: 1 OPTIONS\r\nTo: <sip:a@b>;tag\r\nFrom: ";
    for (const auto* from : {"<sip:c@d>;tag", "<sip:c@d>;tag ", "sip:c@d;tag", "sip:c@d;x=1;tag", "<sip:c@d>;tag;x",
                             "\"\xe9 <sip:c@d>;tag"}) {
        CAPTURE(from);
        const auto message = wire::parse(head + from + "\r\n\r\n");
        REQUIRE(message);
        CHECK(message->from.tag().empty());
    }
}

TEST_CASE("a request line that is not one is refused, or dropped when it is not SIP", "[rfc3261][7.1]")
{
    CHECK(defect_of(request("INVITE sip:a@b  SIP/2.0", "")) == Refusal::malformed_request_line);
    CHECK(defect_of(request("INVITE  sip:a@b SIP/2.0", "")) == Refusal::malformed_request_line);
    CHECK(defect_of(request("INVITE sip:a@b SIP/2.0 ", "")) == Refusal::malformed_request_line);
    CHECK(defect_of(request("INVITE sip:a @b SIP/2.0", "")) == Refusal::malformed_request_line);
    CHECK(defect_of(request("INVITE SIP/2.0", "")) == Refusal::malformed_request_line);
    CHECK(defect_of(request("INVITE sip:a@b SIP/3.0", "")) == Refusal::unsupported_version);
    CHECK_FALSE(request("INVITE sip:a@b", ""));
    CHECK_FALSE(request("GET / HTTP/1.1", ""));
    CHECK_FALSE(request("IN<VITE sip:a@b SIP/2.0", ""));
    CHECK_FALSE(request("", ""));
}

TEST_CASE("an unknown method keeps its name", "[rfc3261][21.5.2]")
{
    const auto m = request("NEWMETHOD sip:a@b SIP/2.0", "", "CSeq: 1 NEWMETHOD\r\n");
    REQUIRE_FALSE(defect_of(m));
    CHECK(m->method == Method::other);
    CHECK(m->method_name == "NEWMETHOD");
    CHECK(m->cseq.method_name == "NEWMETHOD");
    CHECK(request("invite sip:a@b SIP/2.0", "", "CSeq: 1 invite\r\n")->method == Method::other);
}

TEST_CASE("the Request-URI is one that can be routed", "[rfc3261][8.2.2.1][21.4.14]")
{
    CHECK_FALSE(uri_defect("sip:example.org"));
    CHECK_FALSE(uri_defect("tel:+49-30-12345"));
    CHECK_FALSE(uri_defect("urn:service:sos"));
    CHECK_FALSE(uri_defect("SIP:bob@EXAMPLE.org"));
    CHECK(uri_defect("http://example.org/") == Refusal::unsupported_scheme);
    CHECK(uri_defect("mailto:bob@example.org") == Refusal::unsupported_scheme);
    CHECK(uri_defect("bob@example.org") == Refusal::bad_uri);
    CHECK(uri_defect("<sip:bob@example.org>") == Refusal::bad_uri);
    CHECK(uri_defect("sip:bob@example.org?Subject=x") == Refusal::bad_uri);
    CHECK(uri_defect("sip:bob@2001:db8::1") == Refusal::bad_uri);
    CHECK_FALSE(uri_defect("sip:" + std::string(2'000, 'a') + "@b"));
    CHECK(uri_defect("sip:" + std::string(2'048, 'a') + "@b") == Refusal::uri_too_long);
}

TEST_CASE("an address that would be too long to be read once it is written anew is refused", "[rfc3261][19.1.2][25.1]")
{
    const auto address = [](const std::string& user) { return "sip:" + user + "@example.org"; };
    CHECK_FALSE(uri_defect(address("*21#")));
    CHECK_FALSE(uri_defect(address(std::string(600, '#'))));
    CHECK_FALSE(uri_defect(address(std::string(2'000, '*'))));
    for (const char c : "#[{|^`"s) {
        const auto longest = address(std::string(676, c)); // 2,046 bytes as sips: with each of them escaped
        const auto longer = address(std::string(678, c));
        INFO(c);
        CHECK_FALSE(uri_defect(longest));
        CHECK(uri_defect(longer) == Refusal::uri_too_long);
        for (const std::string name : {"From", "To", "Refer-To", "Referred-By", "P-Asserted-Identity"}) {
            INFO(name);
            const auto with = [&](const std::string& uri) {
                auto bytes = "REFER sip:a@b SIP/2.0\r\n" + answerable + "CSeq: 7 REFER\r\n\r\n";
                const auto line = name + ": <" + uri + ">;tag=1\r\n";
                if (const auto at = bytes.find(name + ": "); at != std::string::npos)
                    bytes.replace(at, bytes.find("\r\n", at) + 2 - at, line);
                else
                    bytes.insert(bytes.size() - 2, line);
                return wire::parse(bytes);
            };
            CHECK_FALSE(defect_of(with(longest)));
            CHECK(defect_of(with(longer)) == Refusal::malformed_header);
        }
    }
    std::string escaped;
    for (int i = 0; i < 670; ++i) escaped += "%23";
    CHECK_FALSE(uri_defect(address(escaped))); // which grows no further
}

TEST_CASE("without what a response copies there is nothing to answer with", "[rfc3261][8.2.6.2]")
{
    for (const auto* const line : {"Via", "From", "To", "Call-ID", "CSeq"}) {
        std::string bytes = "INVITE sip:a@b SIP/2.0\r\n" + answerable + "CSeq: 7 INVITE\r\n\r\n";
        REQUIRE(wire::parse(bytes));
        bytes.replace(bytes.find("\r\n"s + line) + 2, 1, "X");
        INFO(bytes);
        CHECK_FALSE(wire::parse(bytes));
    }
    CHECK_FALSE(request("INVITE sip:a@b SIP/2.0", "", "CSeq: INVITE\r\n"));
    CHECK_FALSE(request("INVITE sip:a@b SIP/2.0", "", "CSeq: 1\r\n"));
}

TEST_CASE("a response that is ignored is told from a request that cannot be answered", "[rfc3261][18.1.2]")
{
    CHECK(wire::is_request("INVITE sip:a@b SIP/2.0\r\n\r\n"));
    for (const auto* none : {"SIP/2.0 200 OK\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:a@b\r\n\r\n", "x", ""})
        CHECK_FALSE(wire::is_request(none));
    CHECK(wire::is_response("SIP/2.0 200 OK\r\n\r\n"));
    CHECK(wire::is_response("sip/3.0 x"));
    CHECK_FALSE(wire::is_response("INVITE sip:a@b SIP/2.0\r\n\r\n"));
    CHECK_FALSE(wire::is_response("SIP"));
}

TEST_CASE("CSeq is a number below 2^31 and the method of the request", "[rfc3261][8.1.1.5]")
{
    CHECK_FALSE(defect_of(request("INVITE sip:a@b SIP/2.0", "", "CSeq: 2147483647 INVITE\r\n")));
    CHECK(defect_of(request("INVITE sip:a@b SIP/2.0", "", "CSeq: 2147483648 INVITE\r\n")) == Refusal::malformed_header);
    CHECK(defect_of(request("INVITE sip:a@b SIP/2.0", "", "CSeq: 1 invite\r\n")) == Refusal::cseq_mismatch);
    CHECK(defect_of(request("INVITE sip:a@b SIP/2.0", "", "CSeq: 1 BYE\r\n")) == Refusal::cseq_mismatch);
}

TEST_CASE("Max-Forwards is 0 to 255, or absent", "[rfc3261][20.22]")
{
    const auto with = [](const std::string& lines) { return request("INVITE sip:a@b SIP/2.0", lines); };
    CHECK_FALSE(with("")->max_forwards);
    CHECK(with("Max-Forwards: 0\r\n")->max_forwards == 0U);
    CHECK(with("Max-Forwards: 255\r\n")->max_forwards == 255U);
    for (const auto* const value : {"256", "-1", "x", "", "7 0", "99999999999999999999"}) {
        INFO(value);
        CHECK(defect_of(with("Max-Forwards: "s + value + "\r\n")) == Refusal::malformed_header);
    }
}

TEST_CASE("a star stands alone in Contact", "[rfc3261][10.2.2]")
{
    const auto with = [](const std::string& lines) {
        return request("REGISTER sip:b SIP/2.0", lines, "CSeq: 1 REGISTER\r\n");
    };
    const auto star = with("Contact: *\r\nExpires: 0\r\n");
    REQUIRE_FALSE(defect_of(star));
    CHECK(star->contact_star);
    CHECK(star->contacts.empty());
    CHECK_FALSE(with("")->contact_star);
    CHECK(defect_of(with("Contact: *, <sip:a@b>\r\n")) == Refusal::bad_contact);
    CHECK(defect_of(with("Contact: *\r\nContact: *\r\n")) == Refusal::bad_contact);
    CHECK(defect_of(with("Contact: *;expires=0\r\n")) == Refusal::bad_contact);
}

TEST_CASE("what the framer found is the defect", "[framing]")
{
    const auto bytes = "INVITE sip:a@b SIP/2.0\r\n" + answerable + "CSeq: 7 INVITE\r\nContact: broken here\r\n\r\n";
    CHECK(defect_of(refused(bytes, Refusal::message_too_large)) == Refusal::message_too_large);
    // a head cut at the limit is enough for an answer
    const auto cut = bytes.substr(0, bytes.find("Contact"));
    CHECK(defect_of(refused(cut, Refusal::header_too_large)) == Refusal::header_too_large);
    CHECK_FALSE(wire::parse(cut));
}

TEST_CASE("a control character is answered without being given back", "[rfc3261][25.1]")
{
    const auto bytes = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS c;branch=z9hG4bK1\r\n"
                       "From: \"A\\"s +
                       '\0' + "B\n\rC\" <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\r\n";
    const auto m = wire::parse(bytes);
    CHECK(defect_of(m) == Refusal::malformed_header);
    CHECK(m->from.display == R"("A\?B??C")");
}

TEST_CASE("an address is parsed as it stands in a header or a configuration", "[rfc3261][20.10]")
{
    Arena arena{256};
    std::string text =
        "  \"Al \\\" ice\" <sips:alice%20x@EXAMPLE.org:5061;transport=tls?h=v>;tag=t;+sip.instance=\"<urn:uuid:1>\" ";
    const auto full = wire::parse_address(text, arena);
    text.assign(text.size(), 'x'); // the result lives in the arena
    REQUIRE(full);
    CHECK(full->display == "\"Al \\\" ice\"");
    CHECK(full->uri.scheme == Scheme::sips);
    CHECK(full->uri.user == "alice%20x");
    CHECK(full->uri.host == "EXAMPLE.org");
    CHECK(full->uri.port == 5061);
    CHECK(full->uri.params == "transport=tls");
    CHECK(full->uri.headers == "h=v");
    CHECK(full->uri.text == "sips:alice%20x@EXAMPLE.org:5061;transport=tls?h=v");
    CHECK(full->tag() == "t");
    CHECK(full->param("+sip.instance") == "\"<urn:uuid:1>\"");

    const auto plain = wire::parse_address("sip:bob@example.org;tag=1", arena);
    REQUIRE(plain);
    CHECK(plain->uri.params.empty()); // they are the header's (RFC 3261 20.10)
    CHECK(plain->tag() == "1");
    CHECK(wire::parse_address("A. Bell <sip:a@b>", arena)->display == "A. Bell");
    CHECK(wire::parse_address("\"J\xC3\xB6rg\" <sip:*31#12@b>;x=\"\xC3\xA4\"", arena)->uri.user == "*31#12");
    CHECK(wire::parse_address("<sip:[2001:db8::1]:5070>", arena)->uri.port == 5070);
    CHECK(wire::parse_address("<urn:service:sos>", arena)->uri.user == "service:sos");
    CHECK(wire::parse_address("<sip:alice:secret@b>", arena)->uri.user == "alice");

    for (const auto* const bad : {"",
                                  "  ",
                                  "alice",
                                  "<sip:a@b",
                                  "sip:a@b>",
                                  "\"x <sip:a@b>",
                                  "<sip:a@b> x",
                                  "<sip:a@b>,<sip:c@d>",
                                  "sip:a@b?x=y",
                                  "<>",
                                  "Bell, A <sip:a@b>",
                                  "<sip:a@b>;",
                                  "<sip:a@b>;;x",
                                  "<sip:a@b>;=x",
                                  "<sip:a@b>;x=\"y",
                                  "\xC3\xA4 <sip:a@b>",
                                  "<sip:a@b\r\n>",
                                  "< sip:a@b >",
                                  "&<sip:a@b>",
                                  "\"A\" B <sip:a@b>"}) {
        INFO(bad);
        CHECK_FALSE(wire::parse_address(bad, arena));
    }
    CHECK_FALSE(wire::parse_address("<sip:a@b>\r\nX: y", arena));
    CHECK_FALSE(wire::parse_address("<sip:" + std::string(9'000, 'a') + "@b>", arena));
}

TEST_CASE("the dot at the end of a whole name is no part of it", "[rfc3261][25.1]")
{
    const auto parsed = wire::parse("INVITE sip:bob@example.org.;user=phone SIP/2.0\r\n"
                                    "Via: SIP/2.0/TLS a.invalid;branch=z9hG4bK1\r\n"
                                    "From: <sip:alice@Example.org.>;tag=1\r\nTo: SIP:bob@example.org.\r\n"
                                    "Call-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n");
    REQUIRE(parsed);
    CHECK_FALSE(parsed->defect);
    CHECK(parsed->request_uri.host == "example.org");
    CHECK(parsed->request_uri.params == "user=phone");
    CHECK(parsed->request_uri.text == "sip:bob@example.org.;user=phone"); // as it goes back to whoever wrote it
    CHECK(parsed->from.uri.host == "Example.org");
    CHECK(parsed->to.uri.host == "example.org");
    const auto host = [](const std::string& written) {
        Arena arena{256};
        const auto address = wire::parse_address("<sip:a@" + written + ">", arena);
        return address ? std::string{address->uri.host} : std::string{};
    };
    CHECK(host("example.org.:5061;lr") == "example.org");
    CHECK(host("org.") == "org");
    CHECK(host("[2001:db8::1]") == "[2001:db8::1]");
    for (const auto* const no_name : {".", "example.org..", ".."}) CHECK(host(no_name) == no_name); // still nobody's
}

TEST_CASE("any number of threads parse at once", "[guard]")
{
    std::vector<std::string> expected;
    for (const auto& sample : test::examples()) expected.push_back(test::canonical(*wire::parse(sample.bytes)));
    std::atomic<int> differences{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (std::size_t at = 0; at < expected.size(); ++at) {
                    const auto message = wire::parse(test::examples()[at].bytes);
                    if (!message || test::canonical(*message) != expected[at]) ++differences;
                }
            });
    }
    CHECK(differences == 0);
}
