#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/ticket_keys.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, Free>;

/// Talks first: in TLS 1.3 a ticket comes after the handshake.
Session session_of(Client& client)
{
    REQUIRE(client.send(request("OPTIONS")));
    REQUIRE(client.receive_message().starts_with("SIP/2.0 200 "));
    return Session{SSL_get1_session(client.session())};
}

} // namespace

TEST_CASE("A phone that comes back resumes its session, with fresh keys and a fresh ticket", "[tls][rfc8446][2.2]")
{
    Edge edge;
    Client first{edge.endpoint()};
    const auto session = session_of(first);
    REQUIRE(SSL_SESSION_is_resumable(session.get()) == 1);

    Client second{edge.endpoint(), {.resume = session.get()}};
    const auto next = session_of(second);
    CHECK(SSL_session_reused(second.session()) == 1);
    CHECK(SSL_get_negotiated_group(second.session()) == NID_X25519); // a recorded session stays closed
    CHECK(SSL_SESSION_get_max_early_data(next.get()) == 0);
    const unsigned char* ticket = nullptr;
    const unsigned char* other = nullptr;
    std::size_t size = 0;
    std::size_t other_size = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &size);
    SSL_SESSION_get0_ticket(next.get(), &other, &other_size);
    CHECK(std::string(reinterpret_cast<const char*>(ticket), size) !=
          std::string(reinterpret_cast<const char*>(other), other_size));
}

TEST_CASE("TLS 1.2 has no tickets and resumes nothing: they would be readable, and the keys not fresh", "[tls]")
{
    Edge edge{{.tls = {.tls12 = true}}};
    for (const std::string name : {"example.org", "example.net", ""}) {
        Client old{edge.endpoint(), {.server_name = name, .max_version = TLS1_2_VERSION}};
        const auto session = session_of(old);
        CHECK_FALSE(old.was_given_ticket());
        CHECK(SSL_SESSION_is_resumable(session.get()) == 0); // nor by a session ID
        Client modern{edge.endpoint(), {.server_name = name}};
        session_of(modern);
        CHECK(modern.was_given_ticket());
    }
}

TEST_CASE("A ticket of another process, or of keys that are gone, leads to a whole handshake", "[tls]")
{
    Edge one;
    Edge other;
    Client first{one.endpoint()};
    const auto session = session_of(first);
    Client second{other.endpoint(), {.resume = session.get()}};
    session_of(second);
    CHECK(SSL_session_reused(second.session()) == 0);
}

TEST_CASE("Ticket keys change each hour, and a ticket outlives its key's hour by one", "[tls]")
{
    net::TicketKeys keys;
    const TimePoint start{std::chrono::hours{100}};
    const auto name_at = [&](TimePoint now) {
        keys.rotate(now);
        return keys.names();
    };
    const auto first = name_at(start);
    CHECK(first.size() == 1);
    CHECK(name_at(start + net::TicketKeys::period - seconds{1}) == first);
    const auto second = name_at(start + net::TicketKeys::period);
    REQUIRE(second.size() == 2);
    CHECK(second[1] == first[0]);
    const auto third = name_at(start + 2 * net::TicketKeys::period);
    REQUIRE(third.size() == 2);
    CHECK(third[1] == second[0]);
    CHECK(name_at(start + 10 * net::TicketKeys::period).size() == 1); // after a quiet night nothing old is left
}
