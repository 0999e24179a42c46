#include "net/loop.hpp"

#include "net/processor_time.hpp"
#include "net/stack.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>

#include <pthread.h>

#include <algorithm>

namespace sotto::net {

namespace {

// One thread has room for everything while it works less than half of its time: then it hardly ever makes a message
// wait. Two threads do more work for the same messages, so that the loops that part do not meet again at once.
constexpr std::uint32_t much = 600;   ///< thousandths of a thread's time; beyond, another loop's thread is woken
constexpr std::uint32_t little = 500; ///< of two threads' together
constexpr seconds quiet{1};           ///< they have done little for so long before one of them goes to sleep
constexpr int handlers_per_visit = 64;

// Asio names its reactor's descriptor to nobody, though it becomes readable whenever something in it is ready, timers
// and all. To name a private member as a template's argument is allowed; where a later Asio calls it otherwise, this
// does not compile.
template <int asio::detail::epoll_reactor::*descriptor> struct Reactor {
    friend int descriptor_of(asio::detail::epoll_reactor& reactor) { return reactor.*descriptor; }
};
int descriptor_of(asio::detail::epoll_reactor& reactor);
template struct Reactor<&asio::detail::epoll_reactor::epoll_fd_>;

Usage of_thread() { return {.worked = worked(), .waited = times_waited()}; }

} // namespace

Loop::~Loop()
{
    stop();
    join();
    for (auto& guest : guests_) guest.ready.release();
}

void Loop::start(std::string name)
{
    thread_ = std::thread{[this, name = std::move(name)] {
        pthread_setname_np(pthread_self(), name.c_str());
        drive();
    }};
}

void Loop::stop()
{
    ended_ = true;
    context_.stop();
    at_home_.release();
}

void Loop::join()
{
    if (thread_.joinable()) thread_.join();
}

Usage Loop::usage() const
{
    const auto now = of_thread();
    return {.worked = before_.worked + now.worked - began_.worked,
            .waited = before_.waited + now.waited - began_.waited};
}

// ---- on the loop's own thread

void Loop::drive()
{
    while (!ended_) {
        began_ = of_thread();
        context_.run(); // until it is to be driven by another thread, or the end
        if (ended_) return;
        wipe_stack();
        before_ = usage();
        asio::post(first_->context_, [this] { first_->take_in(*this); });
        at_home_.acquire();
    }
}

void Loop::look(std::chrono::microseconds worked, milliseconds period, bool behind, TimePoint now)
{
    const auto load =
        static_cast<std::uint32_t>(worked * 1000 / std::max<std::chrono::microseconds>(period, milliseconds{1}));
    auto* driver = driver_.load();
    if (driver == first_) {
        first_->load_ = load;
        if (!first_->guests_.empty() && (behind || load > much))
            asio::post(first_->context_, [this] { first_->send_home(); });
    } else if (behind || load + first_->load_ > little) {
        busy_until_ = now + quiet;
    } else if (now >= busy_until_) {
        context_.stop();
    }
}

// ---- on the first loop's thread

void Loop::take_in(Loop& loop)
{
    if (loop.ended_) return;
    loop.context_.restart();
    loop.began_ = of_thread();
    loop.driver_ = this;
    auto& reactor = asio::use_service<asio::detail::epoll_reactor>(loop.context_);
    guests_.push_back({.loop = &loop, .stay = ++stays_, .ready = Readiness{context_, descriptor_of(reactor)}});
    await(stays_);
    visit(guests_.back());
}

void Loop::send_home()
{
    if (guests_.empty()) return;
    auto& loop = *guests_.back().loop;
    guests_.back().ready.release();
    guests_.pop_back();
    loop.before_ = loop.usage();
    loop.driver_ = &loop;
    asio::post(loop.context_, [&loop] { loop.take_posted(); });
    loop.at_home_.release();
    asio::post(context_, wipe_stack);
}

Loop::Guest* Loop::find(std::uint64_t stay)
{
    const auto found =
        std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) { return guest.stay == stay; });
    return found == guests_.end() ? nullptr : &*found;
}

void Loop::await(std::uint64_t stay)
{
    find(stay)->ready.async_wait(Readiness::wait_read, [this, stay](error_code error) {
        auto* guest = error ? nullptr : find(stay);
        if (guest == nullptr) return;
        visit(*guest);
        await(stay);
    });
}

/// For so long only that the thread's own loop has its turn.
void Loop::visit(Guest& guest)
{
    auto& loop = *guest.loop;
    loop.take_posted();
    int run = 0;
    while (run < handlers_per_visit && loop.context_.poll_one() != 0) ++run;
    if (run == handlers_per_visit) visit_soon(loop);
}

void Loop::visit_soon(Loop& loop)
{
    asio::post(context_, [this, &loop] {
        const auto guest =
            std::find_if(guests_.begin(), guests_.end(), [&](const Guest& one) { return one.loop == &loop; });
        if (guest != guests_.end()) visit(*guest);
    });
}

// ---- on any thread

void Loop::leave(std::unique_ptr<Posted> posted)
{
    {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(posted));
        if (posted_.size() > 1) return; // whoever left the first has called for all
    }
    if (auto* driver = driver_.load(); driver != this)
        driver->visit_soon(*this); // should it be sent home before, it looks for itself
    else
        asio::post(context_, [this] { take_posted(); });
}

void Loop::take_posted()
{
    std::vector<std::unique_ptr<Posted>> all;
    {
        const std::lock_guard lock{mutex_};
        all.swap(posted_);
    }
    for (auto& one : all) {
        one->run();
        one.reset();
    }
}

} // namespace sotto::net
