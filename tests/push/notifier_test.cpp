// What becomes of phones that wait for a gateway.
#include "push/notifier.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include <future>

using namespace sotto::push;

TEST_CASE("a gateway is not asked for a phone that nobody waits for any more", "[push]")
{
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    const tcp::acceptor silent{context, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
    Notifier notifier{{.host = "localhost", .port = silent.local_endpoint().port(), .authorities = {}},
                      [](const std::string&) {}};
    std::promise<void> over;
    notifier.wake({.provider = "fcm",
                   .parameter = {},
                   .token = "token",
                   .somebody_waits = true,
                   .until = std::chrono::steady_clock::now(),
                   .failed = [&] { over.set_value(); }});
    REQUIRE(over.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    CHECK(notifier.counts().dropped == 1);
    CHECK(notifier.counts().failed == 0);
    CHECK(notifier.counts().waiting == 0);
}
