#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/listener.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include <sys/socket.h>

using namespace sotto;
using namespace sotto::test;

namespace {

/// Completes an exchange: in TLS 1.3 the client believes that it is done before the server has agreed.
bool talks(Client& client)
{
    return client.good() && client.send(request("OPTIONS")) && client.receive_message().starts_with("SIP/2.0 200 ");
}

} // namespace

TEST_CASE("TLS 1.3 is spoken and nothing older", "[tls]")
{
    Edge edge;
    Client modern{edge.endpoint()};
    CHECK(talks(modern));
    CHECK(SSL_version(modern.session()) == TLS1_3_VERSION);

    const Client old{edge.endpoint(), {.max_version = TLS1_2_VERSION}};
    CHECK_FALSE(old.good());
    CHECK(old.alert() == SSL_AD_PROTOCOL_VERSION);
    CHECK(edge.eventually([](const auto& c) { return c.connections.handshake_failures == 1; }));
}

TEST_CASE("TLS 1.2 where it was weakened: with ECDHE and AEAD only", "[tls]")
{
    Edge edge{{.tls = {.tls12 = true}}};
    Client client{edge.endpoint(), {.max_version = TLS1_2_VERSION}};
    REQUIRE(talks(client));
    const auto* cipher = SSL_get_current_cipher(client.session());
    CHECK(SSL_CIPHER_is_aead(cipher) == 1);
    CHECK(SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe);
    CHECK(SSL_renegotiate(client.session()) == 1);
    CHECK(SSL_do_handshake(client.session()) <= 0); // refused
}

TEST_CASE("A client may change its keys as often as it speaks, but not do nothing else", "[tls][rfc8446][4.6.3]")
{
    Edge edge;
    Client client{edge.endpoint()};
    const auto changes_keys = [&](int times, int kind) {
        for (int i = 0; i < times; ++i)
            if (SSL_key_update(client.session(), kind) != 1 || SSL_do_handshake(client.session()) != 1) return false;
        return true;
    };
    for (int i = 0; i < 100; ++i) {
        REQUIRE(changes_keys(1, i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
        REQUIRE(talks(client));
    }
    for (int i = 0; i < 3; ++i) {
        REQUIRE(changes_keys(32, SSL_KEY_UPDATE_REQUESTED));
        REQUIRE(talks(client));
    }
    REQUIRE(changes_keys(34, SSL_KEY_UPDATE_NOT_REQUESTED));
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
}

TEST_CASE("X25519 and P-256 are agreed on, other groups are not", "[tls]")
{
    Edge edge;
    for (const std::string group : {"X25519", "P-256"}) {
        Client client{edge.endpoint(), {.groups = group}};
        CHECK(talks(client));
    }
    CHECK_FALSE(Client{edge.endpoint(), {.groups = "P-384"}}.good());
}

TEST_CASE("The certificate follows the name that the client asks for", "[tls][sni]")
{
    Edge edge;
    CHECK(Client{edge.endpoint(), {.server_name = "example.org"}}.certificate_subject() == "example.org");
    CHECK(Client{edge.endpoint(), {.server_name = "SIP.Example.ORG"}}.certificate_subject() == "example.org");
    CHECK(Client{edge.endpoint(), {.server_name = "example.net"}}.certificate_subject() == "example.net");
    CHECK(Client{edge.endpoint(), {.server_name = ""}}.certificate_subject() == "example.org");
    CHECK(Client{edge.endpoint(), {.server_name = "127.0.0.1"}}.certificate_subject() == "example.org");

    const Client stranger{edge.endpoint(), {.server_name = "www.example.net"}};
    CHECK_FALSE(stranger.good());
    CHECK(stranger.alert() == SSL_AD_UNRECOGNIZED_NAME);
}

TEST_CASE("ALPN: sip is accepted, anything else is left to the client", "[tls]")
{
    Edge edge;
    CHECK(Client{edge.endpoint(), {.alpn = "sip"}}.alpn() == "sip");
    Client web{edge.endpoint(), {.alpn = "h2"}};
    CHECK(web.alpn().empty());
    CHECK(talks(web));
}

TEST_CASE("Plaintext SIP gets no answer", "[tls]")
{
    Edge edge;
    const Client client{edge.endpoint(), {.handshake = false}};
    const auto text = request("OPTIONS");
    REQUIRE(::send(client.socket(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    std::string answer(1'000, '\0');
    const auto got = ::recv(client.socket(), answer.data(), answer.size(), 0);
    CHECK(got < 16); // a TLS alert at most
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
}

TEST_CASE("A silent handshake is given up", "[tls][timeout]")
{
    Edge edge{{.connections = {.handshake_timeout = seconds{1}}}};
    const Client client{edge.endpoint(), {.handshake = false}};
    char byte = 0;
    CHECK(::recv(client.socket(), &byte, 1, 0) == 0);
    CHECK(edge.eventually(
        [](const auto& c) { return c.connections.handshake_timeouts == 1 && c.connections.open == 0; }));
}

TEST_CASE("An address that another process listens on is not shared with it", "[listen]")
{
    const Edge edge;
    CHECK_THROWS_AS(net::check_unused(edge.endpoint()), net::ListenError);
}

TEST_CASE("Addresses are read and written with brackets around IPv6", "[listen]")
{
    for (const std::string text : {"127.0.0.1:5061", "[::1]:5061", "0.0.0.0:0"})
        CHECK(net::text_of(net::endpoint_of(text)) == text);
    for (const std::string wrong :
         {"", "127.0.0.1", "::1:5061", "[127.0.0.1]:1", "localhost:5061", "127.0.0.1:65536", "127.0.0.1:"})
        CHECK_THROWS_AS(net::endpoint_of(wrong), net::ListenError);
}

TEST_CASE("IPv6 works like IPv4", "[tls]")
{
    Edge edge{{.address = "[::1]:0"}};
    Client client{edge.endpoint()};
    CHECK(talks(client));
}

TEST_CASE("New certificates are for new connections; old connections go on", "[tls][reload]")
{
    Edge edge;
    Client before{edge.endpoint()};
    REQUIRE(talks(before));
    const std::vector files{make_certificate(edge.folder(), {"example.com", "example.org"})};
    edge.worker().use(std::make_shared<const net::Identities>(files, net::TlsOptions{}), nullptr);
    CHECK(edge.eventually([](const auto&) { return true; }));
    Client after{edge.endpoint()};
    CHECK(after.certificate_subject() == "example.com");
    CHECK(talks(after));
    CHECK(talks(before));
}

TEST_CASE("A certificate that cannot be used is refused with its file and the reason", "[tls][reload]")
{
    const TemporaryFolder folder;
    auto one = make_certificate(folder.path(), {"example.org"});
    const auto two = make_certificate(folder.path(), {"example.net"});
    const auto refusal = [](const net::IdentityFiles& files) -> std::string {
        try {
            const net::Identities identities{std::span{&files, 1}, {}};
        } catch (const net::IdentityError& error) {
            return error.what();
        }
        return {};
    };
    CHECK(refusal(one).empty());
    CHECK_THAT(refusal({.names = one.names, .certificate = one.certificate, .private_key = two.private_key}),
               Catch::Contains("example.net.key") && Catch::Contains("does not belong to"));
    CHECK_THAT(refusal({.names = one.names, .certificate = "/nowhere.pem", .private_key = one.private_key}),
               Catch::Contains("/nowhere.pem"));
    std::ofstream{one.certificate} << "no certificate\n";
    CHECK_THAT(refusal(one), Catch::Contains("no usable certificate chain"));
}

TEST_CASE("An operator hears of names that are not covered and of the days that are left", "[tls]")
{
    const TemporaryFolder folder;
    auto files = make_certificate(folder.path(), {"example.org"}, 5);
    files.names.emplace_back("sip.example.org");
    const net::Identities identities{std::span{&files, 1}, {}};
    REQUIRE(identities.warnings().size() == 1);
    CHECK_THAT(identities.warnings().front(), Catch::Contains("does not cover sip.example.org"));
    CHECK(identities.terms().front().days == 5);
    const auto gone = make_certificate(folder.path(), {"example.net"}, -2);
    const net::Identities ended{std::span{&gone, 1}, {}};
    CHECK(ended.terms().front().days < 0);
    REQUIRE(ended.warnings().size() == 1);
    CHECK_THAT(ended.warnings().front(), Catch::Contains("has ended"));
}

TEST_CASE("a certificate's end is named 30, 7 and 1 days ahead, once each, and daily when it is over")
{
    std::vector<int> named;
    int before = 90;
    for (int days = 60; days >= -3; --days) {
        if (sotto::net::expiry_is_due(before, days)) named.push_back(days);
        before = days;
    }
    CHECK(named == std::vector<int>{30, 7, 1, -1, -2, -3});
    CHECK(sotto::net::expiry_is_due(90, 3)); // a long time without a look
}
