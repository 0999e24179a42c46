#include "net/loop.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

using namespace sotto;
using net::Loop;
using net::Usage;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Two loops that have something to say about their threads; time passes as the test says.
class Pair {
public:
    Pair()
    {
        for (auto* loop : {&first, &second}) {
            loop->follow(first);
            loop->start("loop");
        }
    }
    ~Pair()
    {
        for (auto* loop : {&first, &second}) loop->stop();
        for (auto* loop : {&first, &second}) loop->join();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    /// What `ask` returns in the loop.
    template <class Ask> static auto in(Loop& loop, Ask ask)
    {
        std::promise<decltype(ask())> answer;
        loop.post([&] { answer.set_value(ask()); });
        auto future = answer.get_future();
        REQUIRE(future.wait_for(20s) == std::future_status::ready);
        return future.get();
    }
    static std::thread::id thread_of(Loop& loop) { return in(loop, std::this_thread::get_id); }
    [[nodiscard]] bool together() { return thread_of(first) == thread_of(second); }

    /// A loop tells that its thread has worked for so much of 50 ms.
    void look(Loop& loop, std::chrono::microseconds worked, bool behind = false)
    {
        in(loop, [&] { return loop.look(worked, 50ms, behind, now), true; });
    }
    bool become(bool are_together)
    {
        const auto end = Clock::now() + 20s;
        while (together() != are_together)
            if (Clock::now() > end) return false;
        return true;
    }
    void meet()
    {
        look(second, 1ms);
        REQUIRE(become(true));
    }
    void part()
    {
        look(first, 0ms, true);
        REQUIRE(become(false));
    }

    /// What the second loop says after so much quiet time leaves it where it is, or not.
    void stays_home_after(milliseconds time)
    {
        now += time;
        look(second, 1ms);
        CHECK(!together()); // at once: a loop that goes runs nothing more at home
    }
    void goes_after(milliseconds time)
    {
        now += time;
        look(second, 1ms);
        CHECK(become(true));
    }

    TimePoint now{1h};
    Loop first, second;
};

} // namespace

TEST_CASE("loops that have little to do are driven by one thread, and by their own when that has much to do", "[loop]")
{
    Pair pair;
    CHECK(!pair.together());
    const auto own = Pair::thread_of(pair.second);
    pair.meet();
    CHECK(Pair::thread_of(pair.second) != own);
    SECTION("of either") { pair.look(pair.first, 31ms); }
    SECTION("of the guest") { pair.look(pair.second, 31ms); }
    SECTION("that it cannot do") { pair.look(pair.second, 1ms, true); }
    CHECK(pair.become(false));
    CHECK(Pair::thread_of(pair.second) == own);
}

TEST_CASE("loops stay where they are between much and little", "[loop]")
{
    Pair pair;
    SECTION("apart, for what both do together")
    {
        pair.look(pair.first, 20ms);
        pair.look(pair.second, 20ms);
        CHECK(!pair.together());
    }
    SECTION("apart, until it was little for a second")
    {
        pair.look(pair.second, 40ms);
        pair.stays_home_after(900ms);
        pair.goes_after(200ms);
    }
    SECTION("apart, also when the one that is behind gets little processor time")
    {
        pair.look(pair.second, 1ms, true);
        CHECK(!pair.together());
    }
    SECTION("together")
    {
        pair.meet();
        pair.look(pair.first, 29ms);
        CHECK(pair.together());
    }
}

TEST_CASE("a loop that was sent home stays there for a second", "[loop]")
{
    Pair pair;
    pair.meet();
    pair.part();
    pair.stays_home_after(900ms);
    pair.goes_after(200ms);
}

TEST_CASE("what the first loop had to do long ago does not keep others away", "[loop]")
{
    Pair pair;
    pair.look(pair.first, 40ms);
    pair.stays_home_after(0ms);
    pair.goes_after(2s);
}

TEST_CASE("a guest that is behind is the one that is sent home", "[loop]")
{
    Pair pair;
    Loop third;
    third.follow(pair.first);
    third.start("loop");
    pair.meet();
    pair.look(third, 1ms);
    const auto end = Clock::now() + 20s;
    while (Pair::thread_of(third) != Pair::thread_of(pair.first)) REQUIRE(Clock::now() < end);
    pair.look(pair.second, 1ms, true);
    CHECK(pair.become(false));
    CHECK(Pair::thread_of(third) == Pair::thread_of(pair.first));
    for (auto* loop : {&pair.first, &third}) {
        loop->stop();
        loop->join();
    }
}

TEST_CASE("a loop that the kernel lets nobody else wait for stays at home", "[loop]")
{
    Pair pair;
    // As deep as it may be already: epoll in epoll in epoll.
    std::vector<int> chain;
    asio::posix::stream_descriptor deep{pair.second.context()};
    for (int depth = 0; depth < 4; ++depth) {
        chain.push_back(::epoll_create1(EPOLL_CLOEXEC));
        epoll_event event{.events = EPOLLIN, .data = {}};
        if (depth > 0) REQUIRE(::epoll_ctl(chain.back(), EPOLL_CTL_ADD, chain[chain.size() - 2], &event) == 0);
    }
    deep.assign(chain.back());
    for (int i = 0; i < 20; ++i) { // the first of these has been tried when the last one is
        pair.look(pair.second, 1ms);
        CHECK(!pair.together());
    }
    deep.release();
    for (const int one : chain) ::close(one);
}

TEST_CASE("an end of a guest alone leaves its host idle", "[loop]")
{
    Pair pair;
    pair.meet();
    asio::steady_timer timer{pair.second.context()};
    Pair::in(pair.second, [&] {
        timer.expires_after(50ms);
        timer.async_wait([](auto) {});
        return true;
    });
    pair.second.stop();
    asio::steady_timer later{pair.first.context()};
    std::promise<Usage> after;
    const auto before = Pair::in(pair.first, [&] {
        later.expires_after(400ms);
        later.async_wait([&](auto) { after.set_value(pair.first.usage()); });
        return pair.first.usage();
    });
    CHECK(after.get_future().get().worked - before.worked < 100ms);
}

TEST_CASE("a guest's timers and posts come, from inside and from other threads", "[loop]")
{
    Pair pair;
    pair.meet();
    auto& context = pair.second.context();
    std::promise<std::thread::id> timer_came;
    asio::steady_timer timer{context};
    Pair::in(pair.second, [&] {
        timer.expires_after(20ms);
        timer.async_wait([&](auto) { asio::post(context, [&] { timer_came.set_value(std::this_thread::get_id()); }); });
        return true;
    });
    auto came = timer_came.get_future();
    REQUIRE(came.wait_for(20s) == std::future_status::ready);
    CHECK(came.get() == Pair::thread_of(pair.first));
    // Across and back, on one thread.
    std::promise<bool> back;
    pair.first.post([&] { pair.second.post([&] { pair.first.post([&] { back.set_value(true); }); }); });
    CHECK(back.get_future().wait_for(20s) == std::future_status::ready);
}

TEST_CASE("a guest that always has something to do leaves its host its turn", "[loop]")
{
    Pair pair;
    pair.meet();
    std::atomic<bool> enough{false};
    std::function<void()> again = [&] {
        if (!enough) asio::post(pair.second.context(), again);
    };
    pair.second.post(again);
    CHECK(Pair::in(pair.first, [] { return true; }));
    pair.part();
    enough = true;
    CHECK(Pair::in(pair.second, [] { return true; }));
}

TEST_CASE("whoever posts while a loop changes its thread is heard once and in order, and two never run in it", "[loop]")
{
    constexpr int moves = 200, posts = 20'000;
    Pair pair;
    std::atomic<bool> inside{false};
    std::atomic<int> at_once{0}, heard{0}, wrong{0};
    std::promise<bool> all;
    std::thread others{[&] {
        for (int i = 0; i < posts; ++i) {
            pair.second.post([&, i] {
                if (inside.exchange(true)) ++at_once;
                if (heard++ != i) ++wrong;
                inside = false;
                if (i == posts - 1) all.set_value(true);
            });
            if (i % 100 == 0) std::this_thread::yield();
        }
    }};
    std::chrono::microseconds worked{};
    for (int i = 0; i < moves; ++i) {
        pair.meet();
        pair.part();
        pair.now += 2s;
        const auto now = Pair::in(pair.second, [&] { return pair.second.usage(); });
        CHECK(now.worked >= worked); // though another thread answers
        worked = now.worked;
    }
    CHECK(all.get_future().wait_for(60s) == std::future_status::ready);
    others.join();
    CHECK(at_once == 0);
    CHECK(heard == posts);
    CHECK(wrong == 0);
}

TEST_CASE("loops end wherever they are", "[loop]")
{
    for (int i = 0; i < 200; ++i) {
        Pair pair;
        const auto posted = i % 4;
        if (posted > 0) pair.second.post([&] { pair.second.look(1ms, 50ms, false, pair.now); });
        if (posted > 1) pair.first.post([&] { pair.first.look(1ms, 50ms, true, pair.now); });
        if (posted > 2) pair.second.post([&] { pair.second.look(1ms, 50ms, false, pair.now + 2s); });
    }
}
