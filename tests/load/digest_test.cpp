#include "load/digest.hpp"

#include <catch2/catch.hpp>

using namespace sotto::load;

namespace {

Message challenged(std::string_view headers)
{
    return *Message::parse(
        join("SIP/2.0 401 Unauthorized\r\n", headers, "CSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"));
}

} // namespace

TEST_CASE("SHA-256 is chosen wherever it is offered, MD5 only where it is not")
{
    const auto both =
        challenged("WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"
                   "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"\r\n");
    const auto chosen = choose_challenge(both);
    REQUIRE(chosen);
    CHECK(chosen->sha256);
    CHECK(chosen->nonce == "n2");
    CHECK_FALSE(chosen->proxy);

    const auto old =
        choose_challenge(challenged("Proxy-Authenticate: Digest realm=\"a, b\", nonce=\"n\", stale=TRUE\r\n"));
    REQUIRE(old);
    CHECK_FALSE(old->sha256);
    CHECK(old->realm == "a, b");
    CHECK(old->proxy);
    CHECK(old->stale);
    CHECK_FALSE(old->qop_auth);

    CHECK_FALSE(
        choose_challenge(challenged("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256\r\n")));
    CHECK_FALSE(choose_challenge(challenged("WWW-Authenticate: Basic realm=\"r\"\r\n")));
}

TEST_CASE("the responses of RFC 7616 section 3.9.1 come out")
{
    Challenge challenge;
    challenge.realm = "http-auth@example.org";
    challenge.nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    challenge.opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
    challenge.qop_auth = true;
    const Credentials credentials{"Mufasa", "Circle of Life"};
    const auto answer = [&] {
        return authorization(challenge, credentials, "GET", "/dir/index.html", 1,
                             "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    };
    challenge.algorithm = "MD5";
    CHECK(answer().find("response=\"8ca523f5e9506fed4657c9700eebdbec\"") != std::string::npos);
    challenge.algorithm = "SHA-256";
    challenge.sha256 = true;
    const auto line = answer();
    CHECK(line.find("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"") !=
          std::string::npos);
    CHECK(line.find("nc=00000001") != std::string::npos);
    CHECK(line.starts_with("Authorization: Digest "));
    challenge.proxy = true;
    CHECK(answer().starts_with("Proxy-Authorization: Digest "));
}
