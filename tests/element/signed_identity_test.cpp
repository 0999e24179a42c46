#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string date = "Mon, 23 Nov 2026 10:00:00 GMT";
const std::string signature =
    "rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"; // RFC 8224 4.1.1
const std::string rest = ";info=<https://biloxi.example.org/biloxi.cert>;alg=ES256";

std::string encoded(std::string_view json)
{
    return base64url({reinterpret_cast<const std::uint8_t*>(json.data()), json.size()});
}
std::string full(std::string_view claims)
{
    return encoded(R"({"alg":"ES256","typ":"passport","x5u":"https://biloxi.example.org/biloxi.cert"})") + "." +
           encoded(claims) + "." + signature + rest;
}
std::string lines(const std::string& identity, const std::string& when = date)
{
    return "Identity: " + identity + "\n" + (when.empty() ? "" : "Date: " + when + "\n");
}

struct Signed {
    World world;
    Sender alice{world, "alice"};
    FlowId bob{world.phone("bob")};

    /// Both as they came, or neither.
    bool pass(const Sender::Request& request)
    {
        alice.send(request);
        const auto invite = world.receive(bob);
        world.send(bob, response_to(invite, "486 Busy Here"));
        world.receive(bob);
        world.receive(alice.flow);
        const auto identity = header(invite, "Identity");
        CHECK(identity.empty() == header(invite, "Date").empty());
        if (identity.empty()) return false;
        CHECK(request.headers.find("Identity: " + identity + "\n") != std::string::npos);
        CHECK(request.headers.find("Date: " + header(invite, "Date") + "\n") != std::string::npos);
        return true;
    }
    bool passes(const std::string& headers) { return pass({.to = "sip:bob@example.org", .headers = headers}); }
};

const std::string claims =
    R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1795341600,"orig":{"uri":"sip:alice@example.org"}})";

} // namespace

TEST_CASE("a caller's signature and its Date go on together, unchanged", "[rfc8224][4]")
{
    Signed call;
    CHECK(call.passes(lines(".." + signature + rest)));
    CHECK(call.passes(lines(full(claims))));
    CHECK(call.passes(lines(full(claims)) + lines(".." + signature + rest, {})));
    CHECK(call.passes(lines(
        full(R"({"attest":"A","dest":{"tn":["bob"]},"iat":1795341600,"orig":{"tn":"alice"},"origid":"123e4567"})") +
        ";ppt=shaken")));
}

TEST_CASE("a signature that would not verify any more stays behind with its Date", "[rfc8224][6.2]")
{
    Signed call;
    const auto good = lines(".." + signature + rest);
    SECTION("the caller is withheld")
    {
        CHECK_FALSE(call.passes(good + "Privacy: id\n"));
        CHECK_FALSE(call.pass({.to = "sip:%2331%23bob@example.org", .headers = good}));
        CHECK_FALSE(call.pass(
            {.to = "sip:bob@example.org", .from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>", .headers = good}));
    }
    SECTION("From or To leave otherwise than they were signed")
    {
        CHECK_FALSE(call.pass({.to = "sip:bob@sip.example.org", .headers = good}));
        CHECK_FALSE(call.pass({.to = "sip:bob@example.org", .from = "<sip:alice@sip.example.org>", .headers = good}));
        CHECK_FALSE(call.pass({.to = "sip:*31%23bob@example.org", .headers = good}));
    }
    SECTION("a key of the description was left out")
    {
        const std::string kept =
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
            "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 "
            "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";
        const auto dropped =
            kept +
            "m=image 4002 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 "
            "40:41:42:43:44:45:46:47:48:49:4A:4B:4C:4D:4E:4F:50:51:52:53:54:55:56:57:58:59:5A:5B:5C:5D:5E:5F\r\n";
        CHECK(call.pass({.to = "sip:bob@example.org", .headers = good, .body = kept}));
        CHECK_FALSE(call.pass({.to = "sip:bob@example.org", .headers = good, .body = dropped}));
    }
    SECTION("one of the two is missing, or is not what it should be")
    {
        CHECK_FALSE(call.passes("Date: " + date + "\n"));
        CHECK_FALSE(call.passes(lines(".." + signature + rest, {})));
        for (const auto* wrong : {"Mon, 23 Nov 2026 10:00:00 GMT canary", "Mon, 23 Nov 2026 10:00:00 UTC", "canary",
                                  "Xyz, 23 Nov 2026 10:00:00 GMT"})
            CHECK_FALSE(call.passes(lines(".." + signature + rest, wrong)));
        for (const auto& wrong : {"canary" + rest, signature + rest, ".." + signature,
                                  ".." + signature + ";info=canary;alg=ES256", ".." + signature + rest + ";canary=1",
                                  "..canary!" + signature + rest, "." + encoded(claims) + "." + signature + rest})
            CHECK_FALSE(call.passes(lines(wrong)));
    }
    SECTION("its claims name other parties, or carry something else")
    {
        for (
            const auto* other :
            {R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1,"orig":{"uri":"sip:carol@example.org"}})",
             R"({"dest":{"uri":["sip:dave@example.org"]},"iat":1,"orig":{"uri":"sip:alice@example.org"}})",
             R"({"canary":1,"dest":{"uri":["sip:bob@example.org"]},"iat":1,"orig":{"uri":"sip:alice@example.org"}})",
             R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1,"orig":{"uri":"sip:alice@example.org"},"rcd":{"nam":"canary"}})",
             R"({"dest":{"uri":["sip:bob@example.org"]}, "iat":1,"orig":{"uri":"sip:alice@example.org"}})",
             R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1,"orig":{"uri":"sip:alice@example.org"}}canary)",
             R"(["sip:bob@example.org","sip:alice@example.org"])", "canary"})
            CHECK_FALSE(call.passes(lines(full(other))));
    }
}

TEST_CASE("what stays behind is counted by known names alone", "[privacy]")
{
    Signed call;
    call.passes("User-Agent: Canary/1\nX-Canary: canary\nX-Other: 1\nSubject: canary\ns: canary\n"
                "History-Info: <sip:canary@example.net>;index=1\n" +
                lines("canary"));
    std::map<std::string, std::uint64_t, std::less<>> counts;
    call.world.element.dropped_headers().for_each(
        [&](std::string_view name, std::uint64_t count) { counts.emplace(name, count); });
    CHECK(counts ==
          std::map<std::string, std::uint64_t, std::less<>>{
              {"User-Agent", 1}, {"Subject", 2}, {"History-Info", 1}, {"Identity", 1}, {"Date", 1}, {"other", 2}});
}
