#include "core/auth/digest.hpp"

#include "core/auth/client.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace sotto;
using namespace sotto::auth;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {

const TimePoint start{5000s};

/// One registrar that serves example.org, and one flow to it.
struct Desk {
    Directory accounts;
    crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    Flow flow{.id = FlowId::of(0, 1)};

    Desk() { accounts.add("alice", "example.org", "correct horse"); }

    std::string ask(std::string_view user = "alice", bool stale = false, TimePoint now = start)
    {
        return challenge("example.org", user, stale, accounts, flow, now, crypto);
    }
    Checked take(const Message& message, TimePoint now = start, Asker asker = Asker::registrar)
    {
        return check(message, asker, "example.org", accounts, flow, now, crypto);
    }
    Outcome outcome(const std::string& credentials, TimePoint now = start, std::string_view method = "REGISTER")
    {
        return take(*request(method, {{Header::authorization, credentials}}), now).outcome;
    }
};

std::string without(std::string header, std::string_view name)
{
    const auto from = header.find(", " + std::string{name} + "=");
    REQUIRE(from != std::string::npos);
    const auto to = header.find(", ", from + 2);
    return header.erase(from, to == std::string::npos ? to : to - from);
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

/// The cryptography's own work, counted.
struct Counting final : Cryptography {
    Cryptography& inner;
    std::vector<std::size_t> work;
    explicit Counting(Cryptography& of) : inner{of} {}
    void random(std::span<std::uint8_t> out) override { inner.random(out); }
    std::array<std::uint8_t, 32> sha256(std::string_view data) override
    {
        work.push_back(1'000'000 + data.size());
        return inner.sha256(data);
    }
    std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view data) override
    {
        return inner.hmac_sha1(key, data);
    }
    std::array<std::uint8_t, 16> md5(std::string_view data) override
    {
        work.push_back(2'000'000 + data.size());
        return inner.md5(data);
    }
    KeyedHash keyed_hash(Use use, std::string_view data) override
    {
        work.push_back(3'000'000 + data.size());
        return inner.keyed_hash(use, data);
    }
    RotatingHash rotating_hash(Use use, std::string_view data) override
    {
        work.push_back(4'000'000 + data.size());
        return inner.rotating_hash(use, data);
    }
    std::array<std::uint8_t, 16> encrypt_block(const std::array<std::uint8_t, 16>& b) override
    {
        return inner.encrypt_block(b);
    }
    std::array<std::uint8_t, 16> decrypt_block(const std::array<std::uint8_t, 16>& b) override
    {
        return inner.decrypt_block(b);
    }
    std::string seal_in_memory(std::string_view plain) override { return inner.seal_in_memory(plain); }
    std::string open_in_memory(std::string_view sealed) override { return inner.open_in_memory(sealed); }
};

struct Vector {
    DigestAlgorithm algorithm;
    std::string_view secret, method, uri, nonce, cnonce, response;
};
using enum DigestAlgorithm;
constexpr std::string_view rfc_nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
constexpr std::string_view rfc_cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
constexpr std::string_view old_nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
constexpr std::array vectors{
    // RFC 7616 3.9.1
    Vector{md5, "3d78807defe7de2157e2b0b6573a855f", "GET", "/dir/index.html", rfc_nonce, rfc_cnonce,
           "8ca523f5e9506fed4657c9700eebdbec"},
    Vector{sha256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232", "GET", "/dir/index.html",
           rfc_nonce, rfc_cnonce, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    // RFC 2617 3.5
    Vector{md5, "939e7578ed9e3c518a452acee763bce9", "GET", "/dir/index.html", old_nonce, "0a4f113b",
           "6629fae49393a05397450978507c4ef1"},
    // The same with methods of SIP
    Vector{md5, "0aa957a5230b526246d640c747db7c5f", "REGISTER", "sip:example.com", old_nonce, "0a4f113b",
           "c74603f44591bb04b1e4cfe74eba3cd5"},
    Vector{md5, "0aa957a5230b526246d640c747db7c5f", "INVITE", "sip:bob@biloxi.example.com", old_nonce, "0a4f113b",
           "43ee157dcac92b7ffcbab184b17d6bd6"},
    Vector{sha256, "94fca8c7545fb1327d1120e7e5ca936f8ab757e944eb3c792fbc9b287a652d43", "REGISTER", "sip:example.com",
           old_nonce, "0a4f113b", "f7fc16bc367b7a833289646d5c599d60eaf82b0a7cd53ffd60875e5088adcac2"},
    Vector{sha256, "94fca8c7545fb1327d1120e7e5ca936f8ab757e944eb3c792fbc9b287a652d43", "INVITE",
           "sip:bob@biloxi.example.com", old_nonce, "0a4f113b",
           "2128f78774edd8e8bfb771bb99bc82bee965edb7ceff9a20fe751dd7e34e5b11"},
};

std::array<std::uint8_t, 32> secret_of(std::string_view digits)
{
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < digits.size() / 2; ++i)
        out[i] = static_cast<std::uint8_t>(std::stoi(std::string{digits.substr(i * 2, 2)}, nullptr, 16));
    return out;
}

} // namespace

TEST_CASE("responses are those of the published examples", "[rfc7616][3.9.1]")
{
    crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    for (const auto& v : vectors)
        CHECK(digest_response(v.algorithm, secret_of(v.secret), v.method, v.uri, v.nonce, "00000001", v.cnonce,
                              crypto) == v.response);
}

TEST_CASE("a challenge names realm, nonce, one algorithm and qop", "[rfc7616][3.3][rfc8760]")
{
    Desk desk;
    desk.accounts.add("carol", "example.org", "x", DigestAlgorithm::md5);
    const auto for_alice = desk.ask();
    CHECK(for_alice.starts_with("Digest realm=\"example.org\", nonce=\""));
    CHECK(parameter(for_alice, "algorithm") == "SHA-256");
    CHECK(parameter(for_alice, "qop") == "auth");
    CHECK(parameter(for_alice, "stale").empty());
    CHECK(parameter(desk.ask("carol"), "algorithm") == "MD5");
    CHECK(parameter(desk.ask("alice", true), "stale") == "true");
    CHECK(parameter(desk.ask(), "nonce") != parameter(for_alice, "nonce"));
}

TEST_CASE("the right password authenticates, with either algorithm", "[rfc7616][3.4]")
{
    Desk desk;
    desk.accounts.add("carol", "example.org", "correct horse", DigestAlgorithm::md5);
    for (const std::string user : {"alice", "carol"}) {
        const auto message =
            request("REGISTER", {{Header::authorization, DigestClient{.user = user}.answer(desk.ask(user))}});
        const auto checked = desk.take(*message);
        CHECK(checked.outcome == Outcome::authenticated);
        REQUIRE(checked.account != nullptr);
        CHECK(checked.account->user == user);
        CHECK(checked.claimed_user == user);
    }
}

TEST_CASE("a nonce serves one flow with a rising nc", "[rfc7616][3.4]")
{
    Desk desk;
    const auto asked = desk.ask();
    const auto first = DigestClient{}.answer(asked);
    REQUIRE(desk.outcome(first) == Outcome::authenticated);

    SECTION("the next nc is good, and one may be left out")
    {
        CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked)) == Outcome::authenticated);
        CHECK(desk.outcome(DigestClient{.nc = "0000000a"}.answer(asked)) == Outcome::authenticated);
        CHECK(desk.outcome(DigestClient{.nc = "00000009"}.answer(asked)) == Outcome::stale);
    }
    SECTION("a replay is stale") { CHECK(desk.outcome(first) == Outcome::stale); }
    SECTION("on another flow it is stale")
    {
        Desk other;
        other.flow.id = FlowId::of(0, 2);
        desk.flow = std::move(other.flow);
        CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked)) == Outcome::stale);
    }
    SECTION("after its time it is stale")
    {
        CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked), start + nonce_lifetime) ==
              Outcome::authenticated);
        CHECK(desk.outcome(DigestClient{.nc = "00000003"}.answer(asked), start + nonce_lifetime + 1s) ==
              Outcome::stale);
    }
    SECTION("a wrong password does not use up an nc")
    {
        CHECK(desk.outcome(DigestClient{.password = "guess", .nc = "00000002"}.answer(asked)) == Outcome::wrong);
        CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked)) == Outcome::authenticated);
    }
    SECTION(
        "a nonce of another process is stale, so that a phone does not ask for a password after a restart, and says "
        "nothing of the password")
    {
        const auto made_up =
            "Digest realm=\"example.org\", nonce=\"from-another-life\", algorithm=SHA-256, qop=\"auth\"";
        CHECK(desk.outcome(DigestClient{}.answer(made_up)) == Outcome::stale);
        CHECK(desk.outcome(DigestClient{.password = "guess"}.answer(made_up)) == Outcome::stale);
    }
}

TEST_CASE("several accounts share a flow, each with a nonce of its own", "[rfc5626]")
{
    Desk desk;
    std::vector<std::string> asked;
    for (int i = 0; i < 4; ++i) asked.push_back(desk.ask());
    for (const auto& each : asked) CHECK(desk.outcome(DigestClient{}.answer(each)) == Outcome::authenticated);
    desk.ask(); // one too many: the oldest falls out
    CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked[0])) == Outcome::stale);
    CHECK(desk.outcome(DigestClient{.nc = "00000002"}.answer(asked[1])) == Outcome::authenticated);
}

TEST_CASE("as many ask at once as a phone has lines, and each is answered", "[rfc5626][rfc7616][3.3]")
{
    Desk desk;
    const int lines = GENERATE(5, 16, 200);
    std::vector<std::string> asked;
    for (int i = 0; i < lines; ++i) asked.push_back(desk.ask());
    for (const auto& each : asked) CHECK(desk.outcome(DigestClient{}.answer(each)) == Outcome::authenticated);
    for (const auto& each : asked) CHECK(desk.outcome(DigestClient{}.answer(each)) == Outcome::stale); // each nc once
}

TEST_CASE("what does not fit is wrong", "[rfc7616]")
{
    Desk desk;
    desk.accounts.add("dora", "example.org", "correct horse").password_needed = true;
    const auto asked = desk.ask();
    const auto good = DigestClient{}.answer(asked);

    CHECK(desk.outcome(DigestClient{.password = "guess"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.user = "nobody"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.user = "dora"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(good, start, "INVITE") == Outcome::wrong); // made for another method
    CHECK(desk.outcome(DigestClient{.algorithm = "MD5"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.algorithm = "SHA-512-256"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.qop = ""}.answer(asked)) == Outcome::wrong); // RFC 2069
    CHECK(desk.outcome(DigestClient{.qop = "auth-int"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.nc = "1"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.nc = "00000000"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.nc = "0000000g"}.answer(asked)) == Outcome::wrong);
    CHECK(desk.outcome(DigestClient{.cnonce = ""}.answer(asked)) == Outcome::wrong);
    for (const std::string uri : {"", "sip:", "/dir/index.html", "http://example.org/", "sip:a b"})
        CHECK(desk.outcome(DigestClient{.uri = uri}.answer(asked)) == Outcome::wrong);
    for (const auto* name : {"nonce", "uri", "response", "algorithm", "qop", "nc", "cnonce"})
        CHECK(desk.outcome(without(good, name)) == Outcome::wrong);
    CHECK(desk.outcome(good) == Outcome::authenticated); // nothing above has used it up
}

TEST_CASE("the uri parameter need not be the Request-URI", "[rfc7616][3.4.6]")
{
    Desk desk;
    for (const std::string uri :
         {"sip:192.0.2.1:5061;transport=tls", "sips:bob@example.net", "tel:+15551234", "urn:service:sos"})
        CHECK(desk.outcome(DigestClient{.uri = uri}.answer(desk.ask())) == Outcome::authenticated);
}

TEST_CASE("spellings that clients use are understood", "[rfc7616][3.4]")
{
    Desk desk;
    const auto credentials = [&] { return DigestClient{}.answer(desk.ask()); };
    CHECK(desk.outcome(replaced(credentials(), "Digest ", "dIGEST  ")) == Outcome::authenticated);
    CHECK(desk.outcome(replaced(credentials(), "qop=auth", "qop=\"auth\"")) == Outcome::authenticated);
    CHECK(desk.outcome(replaced(credentials(), "nc=00000001", "nc=\"00000001\"")) == Outcome::authenticated);
    CHECK(desk.outcome(replaced(credentials(), "algorithm=SHA-256", "algorithm=\"sha-256\"")) ==
          Outcome::authenticated);
    CHECK(desk.outcome(replaced(credentials(), "realm=\"example.org\"", "realm=\"Example.ORG\"")) ==
          Outcome::authenticated);
    CHECK(desk.outcome(replaced(credentials(), ", uri=", ",uri = ")) == Outcome::authenticated);
    CHECK(desk.outcome(credentials() + ", opaque=\"\", unknown=1") == Outcome::authenticated);
}

TEST_CASE("no credentials for us are none", "[rfc3261][22]")
{
    Desk desk;
    const auto good = DigestClient{}.answer(desk.ask());
    CHECK(desk.take(*request("REGISTER", {})).outcome == Outcome::no_credentials);
    CHECK(desk.outcome("") == Outcome::no_credentials);
    CHECK(desk.outcome("Basic YWxpY2U6cGFzc3dvcmQ=") == Outcome::no_credentials);
    CHECK(desk.outcome("Digest") == Outcome::no_credentials);
    CHECK(desk.outcome(good + ", realm=\"example.org\"") == Outcome::no_credentials); // twice: which one?
    CHECK(desk.outcome(replaced(good, "realm=\"example.org\"", "realm=\"example.net\"")) == Outcome::no_credentials);
    // Asked as a proxy, it does not look at what is for a registrar, and the other way round.
    const auto message = request("REGISTER", {{Header::authorization, good}});
    CHECK(desk.take(*message, start, Asker::proxy).outcome == Outcome::no_credentials);
    const auto proxied = request("REGISTER", {{Header::proxy_authorization, good}});
    CHECK(desk.take(*proxied).outcome == Outcome::no_credentials);
    CHECK(desk.take(*proxied, start, Asker::proxy).outcome == Outcome::authenticated);
}

TEST_CASE("credentials for other realms may stand beside ours", "[rfc3261][22.3]")
{
    Desk desk;
    const auto ours = DigestClient{.method = "INVITE"}.answer(desk.ask());
    const auto message = request("INVITE", {{Header::proxy_authorization, replaced(ours, "example.org", "example.net")},
                                            {Header::proxy_authorization, "Basic eA=="},
                                            {Header::proxy_authorization, ours}});
    CHECK(desk.take(*message, start, Asker::proxy).outcome == Outcome::authenticated);
}

TEST_CASE("under another name than that of its first address an account is nobody", "[rfc7616][3.4.2]")
{
    Desk desk;
    desk.accounts.attach("alice", "desk", "example.org");
    desk.accounts.attach("alice", "alice", "second.example");
    const auto claims = [&](const std::string& credentials, std::string_view realm = "example.org") {
        const auto message = request("REGISTER", {{Header::authorization, credentials}});
        const auto checked = check(*message, Asker::registrar, realm, desk.accounts, desk.flow, start, desk.crypto);
        CHECK(checked.outcome == Outcome::wrong);
        CHECK(checked.claimed == nullptr);
        return std::string{checked.claimed_user};
    };
    const auto own = DigestClient{}.answer(desk.ask());
    for (const std::string name : {"alice@example.org", "desk"}) {
        CHECK(claims(DigestClient{.user = name}.answer(desk.ask())) == name);
        CHECK(claims(replaced(own, "\"alice\"", "\"" + name + "\"")) == name); // of her own secret, too
    }
    const auto there = challenge("second.example", "alice", false, desk.accounts, desk.flow, start, desk.crypto);
    CHECK(claims(DigestClient{}.answer(there), "second.example") == "alice");
    CHECK(desk.outcome(own) == Outcome::authenticated);
}

TEST_CASE("unknown users are challenged like known ones, in the same shares", "[P10]")
{
    Desk desk;
    const auto algorithms = [&](std::uint32_t share) {
        desk.accounts.share = share;
        int md5 = 0;
        for (int i = 0; i < 1000; ++i)
            md5 += parameter(desk.ask("nobody" + std::to_string(i)), "algorithm") == "MD5" ? 1 : 0;
        return md5;
    };
    CHECK(algorithms(0) == 0);
    CHECK(algorithms(65'536) == 1000);
    const auto quarter = algorithms(16'384);
    CHECK(quarter > 180);
    CHECK(quarter < 320);
    for (int i = 0; i < 20; ++i) { // and each of them always alike
        const auto user = "nobody" + std::to_string(i);
        CHECK(parameter(desk.ask(user), "algorithm") == parameter(desk.ask(user), "algorithm"));
    }
    CHECK(desk.ask("nobody").size() + (parameter(desk.ask("nobody"), "algorithm") == "MD5" ? 4 : 0) ==
          desk.ask().size());
}

TEST_CASE("the work does not depend on whether a user exists or the password is right", "[P10]")
{
    Desk desk;
    Counting counting{desk.crypto};
    const auto work = [&](const DigestClient& client) {
        const auto message = request("REGISTER", {{Header::authorization, client.answer(desk.ask())}});
        counting.work.clear();
        (void)check(*message, Asker::registrar, "example.org", desk.accounts, desk.flow, start, counting);
        return std::exchange(counting.work, {});
    };
    const auto right = work({});
    CHECK(right.size() == 3);
    CHECK(work({.password = "guess"}) == right);
    CHECK(work({.user = "nobod"}) == right);
    desk.accounts.share = 65'536 / 2; // then there is one more, to choose an algorithm by: for everybody
    CHECK(work({}).size() == 4);
    CHECK(work({.password = "guess"}).size() == 4);
    CHECK(work({.user = "nobod"}).size() == 4);
}
