// RFC 4475 and RFC 5118, message by message, as they come in over a TLS connection.
#include "wire/canonical.hpp"
#include "wire/corpus.hpp"
#include "wire/framer.hpp"
#include "wire/parse.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

using namespace sotto;

namespace {

enum class Outcome {
    taken,   ///< processed further
    refused, ///< answered with `status`
    dropped, ///< a response that is ignored, or a request that leaves nothing to answer with
    waits,   ///< on a stream the rest is still to come
};
using enum Outcome;

struct Row {
    std::string_view name;
    Outcome outcome;
    int status{0};
    std::string_view reason;
};

// clang-format off
constexpr std::array rfc4475_rows{
    Row{"wsinv.dat",      taken,   0,   "3.1.1.1"},
    Row{"intmeth.dat",    refused, 400, "3.1.1.2: valid, but no NUL is let into a head, escaped or not (documented deviation)"},
    Row{"esc01.dat",      taken,   0,   "3.1.1.3"},
    Row{"escnull.dat",    taken,   0,   "3.1.1.4"},
    Row{"esc02.dat",      taken,   0,   "3.1.1.5"},
    Row{"lwsdisp.dat",    taken,   0,   "3.1.1.6"},
    Row{"longreq.dat",    taken,   0,   "3.1.1.7"},
    Row{"dblreq.dat",     taken,   0,   "3.1.1.8: on a stream the trailing octets are the next message"},
    Row{"semiuri.dat",    taken,   0,   "3.1.1.9"},
    Row{"transports.dat", taken,   0,   "3.1.1.10"},
    Row{"mpart01.dat",    taken,   0,   "3.1.1.11"},
    Row{"unreason.dat",   taken,   0,   "3.1.1.12"},
    Row{"noreason.dat",   taken,   0,   "3.1.1.13"},
    Row{"badinv01.dat",   refused, 400, "3.1.2.1"},
    Row{"clerr.dat",      waits,   0,   "3.1.2.2: a stream waits for the octets that were promised"},
    Row{"ncl.dat",        refused, 400, "3.1.2.3"},
    Row{"scalar02.dat",   refused, 400, "3.1.2.4"},
    Row{"scalarlg.dat",   dropped, 0,   "3.1.2.5"},
    Row{"quotbal.dat",    refused, 400, "3.1.2.6"},
    Row{"ltgtruri.dat",   refused, 400, "3.1.2.7"},
    Row{"lwsruri.dat",    refused, 400, "3.1.2.8"},
    Row{"lwsstart.dat",   refused, 400, "3.1.2.9"},
    Row{"trws.dat",       refused, 400, "3.1.2.10"},
    Row{"escruri.dat",    refused, 400, "3.1.2.11"},
    Row{"baddate.dat",    taken,   0,   "3.1.2.12: Date is not relied on, and goes no further"},
    Row{"regbadct.dat",   refused, 400, "3.1.2.13"},
    Row{"badaspec.dat",   refused, 400, "3.1.2.14"},
    Row{"baddn.dat",      refused, 400, "3.1.2.15"},
    Row{"badvers.dat",    refused, 505, "3.1.2.16"},
    Row{"mismatch01.dat", refused, 400, "3.1.2.17"},
    Row{"mismatch02.dat", refused, 400, "3.1.2.18"},
    Row{"bigcode.dat",    dropped, 0,   "3.1.2.19"},
    Row{"badbranch.dat",  taken,   0,   "3.2.1: a matter of the transaction layer"},
    Row{"insuf.dat",      dropped, 0,   "3.3.1: without To, From and Call-ID there is no response to write"},
    Row{"unkscm.dat",     refused, 416, "3.3.2"},
    Row{"novelsc.dat",    refused, 416, "3.3.3"},
    Row{"unksm2.dat",     taken,   0,   "3.3.4: well formed; the registrar refuses it"},
    Row{"bext01.dat",     taken,   0,   "3.3.5: the proxy answers 420"},
    Row{"invut.dat",      taken,   0,   "3.3.6"},
    Row{"regaut01.dat",   taken,   0,   "3.3.7"},
    Row{"multi01.dat",    refused, 400, "3.3.8"},
    Row{"mcl01.dat",      refused, 400, "3.3.9"},
    Row{"bcast.dat",      taken,   0,   "3.3.10"},
    Row{"zeromf.dat",     taken,   0,   "3.3.11: the proxy answers 483, or the OPTIONS itself"},
    Row{"cparam01.dat",   taken,   0,   "3.3.12"},
    Row{"cparam02.dat",   taken,   0,   "3.3.13"},
    Row{"regescrt.dat",   taken,   0,   "3.3.14"},
    Row{"sdp01.dat",      taken,   0,   "3.3.15"},
    Row{"inv2543.dat",    refused, 400, "3.4.1: a stream needs Content-Length (RFC 3261 18.3)"},
    Row{"test.dat",       dropped, 0,   "not described; its request line has no version"},
};

constexpr std::array rfc5118_rows{
    Row{"ipv6-good",                     taken,   0,   "4.1"},
    Row{"ipv6-bad",                      refused, 400, "4.2"},
    Row{"port-ambiguous",                taken,   0,   "4.3: the port is part of the address"},
    Row{"port-unambiguous",              taken,   0,   "4.4"},
    Row{"via-received-param-with-delim", taken,   0,   "4.5"},
    Row{"via-received-param-no-delim",   taken,   0,   "4.5"},
    Row{"ipv6-in-sdp",                   taken,   0,   "4.6"},
    Row{"mult-ip-in-header",             taken,   0,   "4.7"},
    Row{"mult-ip-in-sdp",                taken,   0,   "4.8"},
    Row{"ipv4-mapped-ipv6",              taken,   0,   "4.9"},
    Row{"ipv6-bug-abnf-3-colons",        taken,   0,   "4.10: tolerated"},
    Row{"ipv6-correct-abnf-2-colons",    taken,   0,   "4.10"},
};
// clang-format on

void check(const Row& row, const std::string& bytes)
{
    wire::Framer framer;
    const auto frame = framer.next(bytes);
    if (row.outcome == waits) {
        CHECK(frame.kind == wire::FrameKind::need_more);
        return;
    }
    REQUIRE((frame.kind == wire::FrameKind::message || frame.kind == wire::FrameKind::refuse));
    const auto message = wire::parse(bytes, frame);
    if (row.outcome == dropped) {
        CHECK_FALSE(message);
        return;
    }
    REQUIRE(message);
    CHECK_FALSE(message->vias.empty());
    CHECK_FALSE(message->from.uri.text.empty());
    CHECK_FALSE(message->to.uri.text.empty());
    CHECK_FALSE(message->call_id.empty());
    CHECK((message->defect ? verdict_of(*message->defect).status : 0) == row.status);
}

MessagePtr torture(std::string_view name) { return wire::parse(test::find(test::rfc4475(), name).bytes); }
MessagePtr six(std::string_view name) { return wire::parse(test::find(test::rfc5118(), name).bytes); }

} // namespace

TEST_CASE("each message of RFC 4475 has the outcome that the RFC gives", "[rfc4475]")
{
    CHECK(test::rfc4475().size() == rfc4475_rows.size());
    for (const auto& row : rfc4475_rows) {
        INFO(row.name << " " << row.reason);
        check(row, test::find(test::rfc4475(), row.name).bytes);
    }
}

TEST_CASE("each message of RFC 5118 has the outcome that the RFC gives", "[rfc5118]")
{
    CHECK(test::rfc5118().size() == rfc5118_rows.size());
    for (const auto& row : rfc5118_rows) {
        INFO(row.name << " " << row.reason);
        check(row, test::find(test::rfc5118(), row.name).bytes);
    }
}

TEST_CASE("a short tortuous INVITE is read as it is meant", "[rfc4475][3.1.1.1]")
{
    const auto m = torture("wsinv.dat");
    REQUIRE(m);
    CHECK(m->request_uri.text == "sip:vivekg@chair-dnrc.example.com;unknownparam");
    CHECK(m->request_uri.param("unknownparam") == std::string_view{});
    CHECK(m->to.tag() == "1918181833n");
    CHECK(m->from.display == R"("J Rosenberg \\\"")");
    CHECK(m->from.tag() == "98asjd8");
    CHECK(m->max_forwards == 68U);
    CHECK(m->cseq.number == 9);
    CHECK(m->cseq.method == Method::invite);
    REQUIRE(m->vias.size() == 3);
    CHECK(m->vias[0].transport == "UDP");
    CHECK(m->vias[0].host == "192.0.2.2");
    CHECK(m->vias[1].transport == "TCP");
    CHECK(m->vias[1].host == "spindle.example.com");
    CHECK(m->vias[1].branch() == "z9hG4bK9ikj8");
    CHECK(m->vias[2].branch() == "z9hG4bK30239");
    REQUIRE(m->routes.size() == 1);
    CHECK(m->routes[0].uri.param("lr"));
    REQUIRE(m->contacts.size() == 1);
    CHECK(m->contacts[0].display == R"("Quoted string \"\"")");
    CHECK(m->contacts[0].param("newparam") == "newvalue");
    CHECK(m->contacts[0].param("q") == "0.33");
    CHECK(m->body.size() == 150);
}

TEST_CASE("escapes are kept as written", "[rfc4475][3.1.1.3]")
{
    const auto m = torture("esc01.dat");
    REQUIRE(m);
    CHECK(m->request_uri.user == "sips%3Auser%40example.com");
    CHECK(m->request_uri.host == "example.net");
    CHECK(m->to.uri.user == "%75se%72");
    CHECK(m->contacts[0].uri.params == "%6C%72;n%61me=v%61lue%25%34%31");
}

TEST_CASE("a percent sign that is no escape is part of a method, a display name, a header name", "[rfc4475][3.1.1.5]")
{
    const auto m = torture("esc02.dat");
    REQUIRE(m);
    CHECK(m->method == Method::other);
    CHECK(m->method_name == "RE%47IST%45R");
    CHECK(m->to.display == R"("%Z%45")");
    CHECK(m->contacts.size() == 2);
}

TEST_CASE("a user part may hold what elsewhere separates", "[rfc4475][3.1.1.9]")
{
    const auto m = torture("semiuri.dat");
    REQUIRE(m);
    CHECK(m->request_uri.user == "user;par=u%40example.net");
    CHECK(m->request_uri.host == "example.com");
    CHECK(m->request_uri.params.empty());
}

TEST_CASE("unknown transports, long values and many hops are read", "[rfc4475]")
{
    const auto transports = torture("transports.dat");
    REQUIRE(transports);
    REQUIRE(transports->vias.size() == 5);
    CHECK(transports->vias[3].transport == "UNKNOWN");
    const auto longreq = torture("longreq.dat");
    REQUIRE(longreq);
    CHECK(longreq->vias.size() == 34);
    CHECK(longreq->vias[33].branch().starts_with("verylong"));
}

TEST_CASE("headers of a URI in a Contact are not parameters", "[rfc4475][3.3.12][3.3.13][3.3.14]")
{
    const auto header_param = torture("cparam01.dat");
    CHECK(header_param->contacts[0].params == "unknownparam");
    CHECK(header_param->contacts[0].uri.params.empty());
    const auto uri_param = torture("cparam02.dat");
    CHECK(uri_param->contacts[0].params.empty());
    CHECK(uri_param->contacts[0].uri.params == "unknownparam");
    const auto escaped = torture("regescrt.dat");
    CHECK(escaped->contacts[0].uri.headers == "Route=%3Csip:sip.example.com%3E");
}

TEST_CASE("a refused message keeps what its answer needs", "[rfc4475][rfc3261][8.2.6.2]")
{
    const auto quotes = torture("quotbal.dat");
    REQUIRE(quotes);
    CHECK(quotes->to.uri.text == "sip:j.user@example.com");
    CHECK(quotes->to.display.empty());
    const auto separators = torture("badinv01.dat");
    REQUIRE(separators);
    CHECK(separators->vias[0].text == "SIP/2.0/UDP 192.0.2.15");
    const auto scalars = torture("scalar02.dat");
    REQUIRE(scalars);
    CHECK(scalars->cseq.method_name == "REGISTER");
    const auto version = torture("badvers.dat");
    REQUIRE(version);
    CHECK(version->vias[0].text.starts_with("SIP/7.0/UDP"));
}

TEST_CASE("IPv6 references keep their brackets, and their ports stay outside", "[rfc5118]")
{
    const auto port = six("port-unambiguous");
    CHECK(port->request_uri.host == "[2001:db8::10]");
    CHECK(port->request_uri.port == 5070);
    const auto swallowed = six("port-ambiguous");
    CHECK(swallowed->request_uri.host == "[2001:db8::10:5070]");
    CHECK(swallowed->request_uri.port == 0);
    const auto many = six("mult-ip-in-header");
    REQUIRE(many->vias.size() == 3);
    CHECK(many->vias[0].host == "[2001:db8::9:1]");
    CHECK(many->vias[0].port == 6050);
    CHECK(many->vias[2].branch() == "z9hG4bK451jj");
    const auto delimited = six("via-received-param-with-delim");
    CHECK(find_param(delimited->vias[0].params, "received") == "[2001:db8::9:255]");
    CHECK(delimited->vias[0].branch() == "z9hG4bKas3-111");
}

TEST_CASE("example messages of the RFCs are taken, and mean the same when written again", "[corpus]")
{
    for (const auto& sample : test::examples()) {
        INFO(sample.name);
        const auto message = wire::parse(sample.bytes);
        REQUIRE(message);
        CHECK_FALSE(message->defect);
        const auto text = test::canonical(*message);
        const auto again = wire::parse(text);
        REQUIRE(again);
        CHECK_FALSE(again->defect);
        CHECK(test::canonical(*again) == text);
    }
}
