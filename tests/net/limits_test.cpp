#include "crypto/openssl_cryptography.hpp"
#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/record.hpp"
#include "net/source.hpp"

#include <catch2/catch.hpp>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace sotto;
using namespace sotto::test;

TEST_CASE("A message that does not come whole in time ends the connection", "[timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}}};
    Client client{edge.endpoint()};
    const auto text = request("OPTIONS");
    REQUIRE(client.send(text.substr(0, 40)));
    const auto begun = Clock::now();
    CHECK(client.ended());
    CHECK(Clock::now() - begun < seconds{5});
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_messages == 1; }));
}

TEST_CASE("Half a KeyUpdate keeps no connection for ever", "[timeout][rfc8446][4.6.3]")
{
    const bool goes = GENERATE(false, true);
    Edge edge{{.connections = {.stranger_timeout = seconds{1}, .write_timeout = seconds{goes ? 20 : 1}}}};
    Client client{edge.endpoint()};
    REQUIRE(client.good());
    REQUIRE(std::string{SSL_get_cipher_name(client.session())} == "TLS_AES_256_GCM_SHA384");
    // At once: the answer to the first is written when the second has come.
    const auto sent = record(client.traffic_secret(), 0, SSL3_RT_APPLICATION_DATA, "\r\n\r\n") +
                      record(client.traffic_secret(), 1, SSL3_RT_HANDSHAKE, {"\x18\0\0\x01", 4});
    REQUIRE(::send(client.socket(), sent.data(), sent.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(sent.size()));
    if (goes) {
        CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1; }));
        ::shutdown(client.socket(), SHUT_WR);
    }
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
}

TEST_CASE("Trickling bytes does not buy a message more time", "[timeout]")
{
    Edge edge{{.connections = {.message_timeout = seconds{1}}}};
    Client client{edge.endpoint()};
    const auto text = request("OPTIONS", {}, 4'000);
    const auto begun = Clock::now();
    std::size_t sent = 0;
    pollfd end{client.socket(), POLLIN, 0};
    while (sent < text.size() && ::poll(&end, 1, 20) == 0)
        if (!client.send(text.substr(sent++, 1))) break;
    CHECK(client.ended());
    CHECK(sent < text.size());
    CHECK(Clock::now() - begun < seconds{5});
}

TEST_CASE("Silence ends a stranger's connection early and a subscriber's late", "[timeout]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{1}, .idle_timeout = seconds{600}}}};
    Client stranger{edge.endpoint()};
    Client subscriber{edge.endpoint()};
    REQUIRE(subscriber.send(request("REGISTER")));
    CHECK(subscriber.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(stranger.ended());
    CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1 && c.connections.open == 1; }));
    REQUIRE(subscriber.send(request("OPTIONS")));
    CHECK(subscriber.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("Whoever promised a sign of life is cut off after twice the time without one", "[timeout][rfc5626]")
{
    Edge edge{{.connections = {.idle_timeout = seconds{600}}}};
    Client silent{edge.endpoint()};
    Client pings{edge.endpoint()};
    for (auto* client : {&silent, &pings}) {
        REQUIRE(client->send(request("REGISTER", "1")));
        CHECK(client->receive_message().starts_with("SIP/2.0 200 "));
    }
    const auto begun = Clock::now();
    pollfd nothing{-1, 0, 0};
    while (edge.count().connections.idle_timeouts == 0 && Clock::now() - begun < seconds{20}) {
        REQUIRE(pings.send("\r\n\r\n"));
        CHECK(pings.receive(2) == "\r\n");
        ::poll(&nothing, 0, 250);
    }
    CHECK(Clock::now() - begun >= milliseconds{1900});
    CHECK(silent.ended());
    REQUIRE(pings.send("\r\n\r\n"));
    CHECK(pings.receive(2) == "\r\n");
    CHECK(edge.count().connections.idle_timeouts == 1);
}

TEST_CASE("Whoever promised a sign of life sooner waits behind nobody who promised one late", "[timeout][rfc5626]")
{
    Edge edge{{.connections = {.idle_timeout = seconds{600}}}};
    Client late{edge.endpoint()};
    Client sooner{edge.endpoint()};
    REQUIRE(late.send(request("REGISTER", "300")));
    CHECK(late.receive_message().starts_with("SIP/2.0 200 "));
    REQUIRE(sooner.send(request("REGISTER", "1")));
    CHECK(sooner.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1 && c.connections.open == 1; }));
    CHECK(sooner.ended());
    REQUIRE(late.send("\r\n\r\n"));
    CHECK(late.receive(2) == "\r\n");
}

TEST_CASE("A timeout that a reload has shortened counts from then on, whoever was there before", "[timeout][reload]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{600}}}};
    Client before{edge.endpoint()};
    REQUIRE(before.send("\r\n\r\n"));
    CHECK(before.receive(2) == "\r\n");
    edge.worker().use(
        std::make_shared<const net::ConnectionLimits>(net::ConnectionLimits{.stranger_timeout = seconds{1}}));
    Client after{edge.endpoint()};
    CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 1 && c.connections.open == 1; }));
    CHECK(after.ended());
    REQUIRE(before.send("\r\n\r\n")); // and for those as soon as they have said something
    CHECK(before.receive(2) == "\r\n");
    CHECK(edge.eventually([](const auto& c) { return c.connections.idle_timeouts == 2 && c.connections.open == 0; }));
    CHECK(before.ended());
}

TEST_CASE("A keep-alive is a sign of life", "[timeout]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{2}}}};
    Client client{edge.endpoint()};
    const auto begun = Clock::now();
    pollfd nothing{-1, 0, 0};
    while (Clock::now() - begun < seconds{4}) {
        REQUIRE(client.send("\r\n\r\n"));
        REQUIRE(client.receive() == "\r\n");
        ::poll(&nothing, 0, 500);
    }
    CHECK(edge.count().connections.idle_timeouts == 0);
}

TEST_CASE("A peer that does not read is cut off, not buffered for", "[back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 100'000}}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    Client other{edge.endpoint()};
    for (int i = 0; i < 200 && client.send(request("MESSAGE", "10")); ++i)
        if (edge.count().connections.slow_readers > 0) break;
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 1; }));
    REQUIRE(other.send(request("OPTIONS"))); // and nobody else notices
    CHECK(other.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("A peer that reads at once gets whatever comes at once", "[back-pressure]")
{
    const int receive_buffer = GENERATE(0, 4'096); // the kernel takes all of it, or a part
    Edge edge{{.connections = {.send_queue = 100'000}}};
    Client client{edge.endpoint(), {.receive_buffer = receive_buffer}};
    for (int round = 0; round < 2; ++round) {
        REQUIRE(client.send(request("MESSAGE", "250")));
        for (int i = 0; i < 250; ++i) REQUIRE(client.receive_message().starts_with("SIP/2.0 200 "));
    }
    CHECK(edge.count().connections.slow_readers == 0);
}

TEST_CASE("What comes at once for a peer that does not read is bounded all the same", "[back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 4'000, .message = {.head = 2'000, .body = 2'000}}}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    REQUIRE(client.send(request("MESSAGE", "2000")));
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 0; }));
}

TEST_CASE("A message longer than the queue is sent where nothing waits", "[back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 4'000}}};
    Client client{edge.endpoint()};
    for (int i = 0; i < 10; ++i) {
        REQUIRE(client.send(request("MESSAGE", "1"))); // answered with 8000 bytes
        REQUIRE(client.receive_message().starts_with("SIP/2.0 200 "));
    }
}

TEST_CASE("A peer that stops reading with little queued is cut off after a while", "[back-pressure][timeout]")
{
    Edge edge{{.connections = {.write_timeout = seconds{1}, .send_queue = 100'000'000}}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    REQUIRE(client.send(request("MESSAGE", "1200")));
    CHECK(edge.eventually([](const auto& c) { return c.connections.slow_readers == 1 && c.connections.open == 0; }));
}

TEST_CASE("A peer that reads slowly but does gets everything", "[back-pressure]")
{
    Edge edge{{.connections = {.send_queue = 10'000'000}}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096}};
    REQUIRE(client.send(request("MESSAGE", "500")));
    for (int i = 0; i < 500; ++i) REQUIRE(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("Whoever has asked for new keys and not read them is read from again once it has", "[back-pressure][rfc8446]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{60}, .message_timeout = seconds{60}}}};
    Client client{edge.endpoint(), {.receive_buffer = 4'096, .segment = 536}};
    const auto text = request("OPTIONS", std::string(8'000, 'x'));
    std::size_t sent = 0; // byte by byte: of new keys alone, the server takes few in a row
    const auto can_send = [&](int milliseconds_at_most) {
        pollfd room{client.socket(), POLLOUT, 0};
        return ::poll(&room, 1, milliseconds_at_most) == 1;
    };
    const auto sets = [&](int level, int option, const auto& value) {
        return ::setsockopt(client.socket(), level, option, &value, sizeof value) == 0;
    };
    REQUIRE(sets(SOL_SOCKET, SO_SNDBUF, 16'384));
    while (can_send(500)) {                      // until the server can neither answer nor read on
        REQUIRE(sets(IPPROTO_TCP, TCP_CORK, 1)); // it answers those that come together
        for (int i = 0; i < 30; ++i) {
            REQUIRE(SSL_key_update(client.session(), SSL_KEY_UPDATE_REQUESTED) == 1);
            REQUIRE(SSL_do_handshake(client.session()) == 1);
        }
        REQUIRE(client.send(text.substr(sent++, 1)));
        REQUIRE(sets(IPPROTO_TCP, TCP_CORK, 0));
    }
    REQUIRE(sets(SOL_SOCKET, SO_RCVTIMEO, timeval{.tv_sec = 0, .tv_usec = 100'000}));
    char nothing = 0;
    for (const auto end = Clock::now() + seconds{10}; !can_send(0) && Clock::now() < end;)
        SSL_read(client.session(), &nothing, 1);
    REQUIRE(can_send(0));
    REQUIRE(sets(SOL_SOCKET, SO_RCVTIMEO, timeval{.tv_sec = 10, .tv_usec = 0}));
    REQUIRE(client.send(text.substr(sent)));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("One source has so many connections and no more", "[admission]")
{
    const auto transport = GENERATE(Transport::tls, Transport::wss);
    Edge edge{{.admission = {.connections_per_source = 3, .handshakes_per_second = 0}, .transport = transport}};
    std::vector<std::unique_ptr<Client>> mine;
    for (int i = 0; i < 3; ++i) {
        mine.push_back(std::make_unique<Client>(edge.endpoint()));
        CHECK(mine.back()->good());
    }
    CHECK_FALSE(Client{edge.endpoint()}.good());
    CHECK(Client{edge.endpoint(), {.source = "127.0.0.2"}}.good()); // another source is not concerned
    CHECK(edge.count().refused_sources == 1);
    mine.pop_back();
    CHECK(edge.eventually([](const auto& c) { return c.connections.open <= 3; }));
    CHECK(edge.eventually([&](const auto&) { return Client{edge.endpoint()}.good(); }));
}

TEST_CASE("Hosts of one IPv6 network are one source, and two networks two", "[admission]")
{
    crypto::OpenSslCryptography cryptography{crypto::ProcessKeys::create()};
    const auto source = [&](const char* address) {
        return net::source_of(net::asio::ip::make_address(address), cryptography);
    };
    const auto network = source("2001:db8:1:2::1");
    CHECK(source("2001:db8:1:2:ffff:eeee:dddd:cccc") == network);
    CHECK(source("2001:db8:1:3::1") != network);
    CHECK(source("192.0.2.1") != source("192.0.2.2"));
    CHECK(source("::ffff:192.0.2.1") == source("192.0.2.1")); // from a socket for both families
    CHECK(source("::ffff:192.0.2.1") != source("::ffff:192.0.2.2"));

    net::Admission admission{{.connections_per_source = 1, .handshakes_per_second = 0}};
    CHECK(admission.enter(network));
    CHECK_FALSE(admission.enter(source("2001:db8:1:2::2")));
    CHECK(admission.enter(source("2001:db8:1:3::1")));
    admission.forget(network);
    CHECK(admission.enter(source("2001:db8:1:2::2")));
}

TEST_CASE("Once the key of sources has changed, whoever comes is somebody new", "[admission][rotation]")
{
    using namespace std::chrono_literals;
    const TimePoint start{100h};
    const auto ring = std::make_shared<crypto::KeyRing>(start, crypto::KeyRing::Times{.period = 24h, .kept = 1h});
    Edge edge{{.admission = {.connections_per_source = 2, .handshakes_per_second = 0}, .rotating = ring}};
    std::vector<std::unique_ptr<Client>> open;
    const auto enters = [&] {
        auto client = std::make_unique<Client>(edge.endpoint());
        const bool good = client->good();
        if (good) open.push_back(std::move(client));
        return good;
    };
    const auto two_and_no_more = [&] { return enters() && enters() && !enters(); };
    CHECK(two_and_no_more());
    REQUIRE(ring->rotate(start + 24h));
    CHECK(two_and_no_more());           // those of yesterday count no more
    REQUIRE(ring->rotate(start + 25h)); // their key is destroyed
    CHECK_FALSE(enters());
    REQUIRE(ring->rotate(start + 48h));
    CHECK(two_and_no_more());
    // Those of each day end under the hash that they came under: nobody else's places become free.
    open.erase(open.begin(), open.begin() + 4);
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 2; }));
    CHECK_FALSE(enters());
    open.clear();
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 0; }));
    CHECK(two_and_no_more());
}

TEST_CASE("Beyond the rate, handshakes wait in the kernel's queue and then succeed", "[admission]")
{
    const auto transport = GENERATE(Transport::tls, Transport::wss);
    Edge edge{{.admission = {.connections_per_source = 0, .handshakes_per_second = 10}, .transport = transport}};
    const auto begun = Clock::now();
    for (int i = 0; i < 25; ++i) CHECK(Client{edge.endpoint()}.good());
    CHECK(Clock::now() - begun > milliseconds{1'200}); // ten at once, fifteen more at ten a second
}

TEST_CASE("So many handshakes at a time, the next one waits until one does not go on", "[admission]")
{
    const auto transport = GENERATE(Transport::tls, Transport::wss);
    Edge edge{{.admission = {.connections_per_source = 0, .handshakes_per_second = 0, .handshakes_in_progress = 2},
               .connections = {.handshake_timeout = seconds{30}},
               .transport = transport}};
    const Client one{edge.endpoint(), {.handshake = false}};
    const Client other{edge.endpoint(), {.handshake = false}};
    one.greet();
    other.greet();
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 2; }));
    const auto begun = Clock::now();
    CHECK(Client{edge.endpoint()}.good());
    CHECK(Clock::now() - begun > milliseconds{300});
    CHECK(edge.count().connections.crowded_out == 1);
}

TEST_CASE("Who says nothing gives way to who speaks", "[admission]")
{
    const auto transport = GENERATE(Transport::tls, Transport::wss);
    Edge edge{{.admission = {.connections_per_source = 0, .handshakes_per_second = 100, .handshakes_in_progress = 2},
               .connections = {.handshake_timeout = seconds{30}},
               .transport = transport}};
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 500; ++i)
        silent.push_back(std::make_unique<Client>(edge.endpoint(), Client::Options{.handshake = false}));
    const auto begun = Clock::now();
    CHECK(Client{edge.endpoint()}.good());
    CHECK(Clock::now() - begun < seconds{3}); // five, if silence counted against the rate
    CHECK(edge.count().connections.crowded_out >= 498);
}

TEST_CASE("Who has spoken before he was let in is not taken for silent", "[admission]")
{
    // A storm: they have all said hello when they are accepted, but nobody has read it yet.
    Edge edge{{.admission = {.connections_per_source = 0, .handshakes_per_second = 0, .handshakes_in_progress = 1},
               .connections = {.handshake_timeout = seconds{30}}}};
    auto first = std::make_unique<Client>(edge.endpoint(), Client::Options{.handshake = false});
    first->greet(); // has the only place
    std::vector<std::unique_ptr<Client>> waiting;
    for (int i = 0; i < 20; ++i) {
        waiting.push_back(std::make_unique<Client>(edge.endpoint(), Client::Options{.handshake = false}));
        waiting.back()->say_hello();
    }
    first.reset();
    for (auto& one : waiting) {
        CHECK_NOTHROW(one->await_answer());
        one.reset();
    }
    CHECK(edge.count().connections.crowded_out == 0);
}

TEST_CASE("Without descriptors, who is there is served and who comes waits", "[admission]")
{
    Edge edge;
    Client resident{edge.endpoint()};
    REQUIRE(resident.send(request("OPTIONS")));
    CHECK(resident.receive_message().starts_with("SIP/2.0 200 "));

    Client waiting{edge.endpoint(), {.handshake = false}}; // takes a descriptor on each side
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 2; }));
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int next = ::dup(0);
    ::close(next);
    const rlimit tight{static_cast<rlim_t>(next) + 1, limit.rlim_max}; // room for the client's end only
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    const Client newcomer{edge.endpoint(), {.handshake = false}};
    REQUIRE(resident.send(request("OPTIONS")));
    CHECK(resident.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(edge.count().connections.open == 2);
    CHECK(edge.eventually([&](const auto&) { return edge.accept_failures() == 1; })); // once, not with each attempt
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(edge.eventually([](const auto& c) { return c.connections.open == 3; }));
}

TEST_CASE("Draining takes no new connection, and says goodbye to those that are there", "[drain]")
{
    Edge edge;
    Client client{edge.endpoint()};
    std::promise<void> drained;
    edge.worker().drain([&] { drained.set_value(); });
    drained.get_future().get();
    CHECK_THROWS(Client{edge.endpoint()});
    REQUIRE(client.send(request("OPTIONS")));
    CHECK(client.receive_message().starts_with("SIP/2.0 200 "));
    std::promise<void> closed;
    edge.worker().close_flows([&] { closed.set_value(); });
    CHECK(client.receive().empty());
    CHECK(SSL_get_shutdown(client.session()) == SSL_RECEIVED_SHUTDOWN); // close_notify, not a cut
    SSL_shutdown(client.session());
    ::shutdown(client.socket(), SHUT_RDWR);
    closed.get_future().get();
    CHECK(edge.count().connections.open == 0);
}
