// What becomes of phones that wait for a gateway.
#include "push/notifier.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <future>

using namespace sotto::push;

TEST_CASE("a gateway is not asked for a phone that nobody waits for any more", "[push]")
{
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    const tcp::acceptor silent{context, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
    const auto address = silent.local_endpoint();
    Notifier notifier{{.host = "localhost", .port = address.port(), .authorities = {}},
                      [=](auto& loop, const auto&, auto done) {
                          boost::asio::post(loop, [=] { done({address}); });
                          return nullptr;
                      },
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

namespace {

/// A search that nobody answers, and what of it the notifier has left.
struct Silence {
    std::promise<void> begun;
    std::weak_ptr<int> search;
    LookUp look_up = [this](auto&, const auto&, auto) {
        const auto made = std::make_shared<int>();
        search = made;
        begun.set_value();
        return made;
    };
};

} // namespace

TEST_CASE("the end does not wait for a name server that says nothing", "[push]")
{
    Silence names;
    const auto since = std::chrono::steady_clock::now();
    {
        Notifier notifier{{.host = "push.example", .authorities = {}}, names.look_up, [](const std::string&) {}};
        notifier.wake({.provider = "fcm", .parameter = {}, .token = "token"});
        REQUIRE(names.begun.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready);
        CHECK_FALSE(names.search.expired());
    }
    CHECK(names.search.expired());
    CHECK(std::chrono::steady_clock::now() - since <
          std::chrono::seconds{4}); // before the patience with a gateway ends
}

TEST_CASE("a name server that says nothing is not waited for longer than a gateway", "[push]")
{
    Silence names;
    std::promise<std::string> over;
    Notifier notifier{{.host = "push.example", .authorities = {}}, names.look_up, [&](const auto& reason) {
                          over.set_value(reason);
                      }};
    notifier.wake({.provider = "fcm", .parameter = {}, .token = "token"});
    auto reason = over.get_future();
    REQUIRE(reason.wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    CHECK(reason.get() == "no address of the gateway was found");
    CHECK(names.search.expired());
    CHECK(notifier.counts().failed == 1);
}
