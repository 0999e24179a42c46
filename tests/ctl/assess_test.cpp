#include "ctl/assess/answer.hpp"
#include "ctl/assess/findings.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace sotto::assess;

namespace {

Observed private_server()
{
    return {.version = "TLSv1.3",
            .old_tls = false,
            .weak_ciphers = false,
            .certificate_days = 60,
            .plain_tcp = false,
            .plain_udp = false,
            .answers = true,
            .unknown_registers = 401,
            .unknown_is_asked = 407,
            .digests = {"SHA-256"},
            .padded = true};
}

Finding found(const Observed& seen, std::string_view check)
{
    const auto findings = judge(seen);
    const auto one = std::ranges::find(findings, check, &Finding::check);
    REQUIRE(one != findings.end());
    return *one;
}

} // namespace

TEST_CASE("a server that tells a stranger nothing gets all points")
{
    const auto findings = judge(private_server());
    for (const auto& finding : findings) {
        CAPTURE(finding.check, finding.seen);
        CHECK(finding.verdict == Verdict::good);
        CHECK_FALSE(finding.matters.empty());
    }
    CHECK(score(findings) == 100);
}

TEST_CASE("each fault costs its points, and no others")
{
    const auto costs = [](auto spoil, std::string_view check, Verdict verdict) {
        auto seen = private_server();
        spoil(seen);
        const auto finding = found(seen, check);
        CAPTURE(check, finding.seen);
        CHECK(finding.verdict == verdict);
        CHECK(score(judge(seen)) == 100 - (finding.of - finding.points));
    };
    costs([](Observed& seen) { seen.version = "TLSv1.2"; }, "tls", Verdict::weak);
    costs([](Observed& seen) { seen.version = "TLSv1"; }, "tls", Verdict::bad);
    costs([](Observed& seen) { seen.old_tls = true; }, "old_tls", Verdict::bad);
    costs([](Observed& seen) { seen.weak_ciphers = true; }, "ciphers", Verdict::bad);
    costs([](Observed& seen) { seen.certificate_fault = "self-signed certificate"; }, "certificate", Verdict::bad);
    costs([](Observed& seen) { seen.certificate_days = 2; }, "certificate", Verdict::weak);
    costs([](Observed& seen) { seen.plain_udp = true; }, "plaintext", Verdict::bad);
    costs([](Observed& seen) { seen.software = {"PBX 1.2"}; }, "software", Verdict::bad);
    costs([](Observed& seen) { seen.addresses = {"10.0.0.5"}; }, "addresses", Verdict::bad);
    costs([](Observed& seen) { seen.unknown_registers = 404; }, "enumeration", Verdict::bad);
    costs([](Observed& seen) { seen.unknown_is_asked = 200; }, "enumeration", Verdict::bad);
    costs([](Observed& seen) { seen.digests = {"MD5"}; }, "digest", Verdict::bad);
    costs([](Observed& seen) { seen.digests = {"SHA-256", "MD5"}; }, "digest", Verdict::weak);
    costs([](Observed& seen) { seen.padded = false; }, "padding", Verdict::bad);
}

TEST_CASE("what could not be found out counts for nothing")
{
    auto seen = private_server();
    seen.plain_udp.reset();
    seen.padded.reset();
    CHECK(found(seen, "plaintext").verdict == Verdict::unknown);
    CHECK(score(judge(seen)) == 100);
    CHECK(score(judge(Observed{})) == 0);
}

TEST_CASE("servers are named as everywhere")
{
    CHECK(target_from("sip.example.org")->port == "5061");
    CHECK(target_from("sip.example.org:5062")->port == "5062");
    CHECK(target_from("[2001:db8::1]")->host == "2001:db8::1");
    CHECK(target_from("[2001:db8::1]:5061")->port == "5061");
    for (const auto* wrong : {"", ":5061", "host:", "host:0", "host:65536", "host:5061x", "2001:db8::1", "[::1",
                              "[::1]5061", "sip:example.org", "a b", "-o\n"})
        CHECK_FALSE(target_from(wrong));
}

TEST_CASE("an answer is read as far as it can be, whatever was sent")
{
    const SipAnswer answer{
        "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/TLS 192.0.2.9\r\nserver: PBX\r\n  9.1\r\n"
        "Contact: <sip:10.0.0.5:5060>, <sip:x@[fd00::7]:5061>\r\nWarning: 399 10.0.0.5 \"v1.2.3\"\r\n"
        "WWW-Authenticate: Digest realm=\"a\", algorithm=SHA-256, nonce=\"b\"\r\n"
        "WWW-Authenticate: Digest realm=\"a\", nonce=\"c\"\r\n\r\n"};
    CHECK(answer.status() == 401);
    CHECK(answer.values("Server") == std::vector<std::string>{"PBX 9.1"});
    CHECK(answer.addresses() == std::vector<std::string>{"10.0.0.5", "fd00::7"});
    CHECK(answer.digests() == std::vector<std::string>{"SHA-256", "MD5"});
    for (const auto* garbage : {"", "\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "SIP/2.0 ", "SIP/2.0 xyz\r\n\r\n"})
        CHECK(SipAnswer{garbage}.status() == 0);
    CHECK(SipAnswer{"SIP/2.0 200 OK\r\n:\r\n \r\nno colon\r\n"}.values("to").empty());
}
