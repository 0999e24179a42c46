#include "net/loop.hpp"

#include "net/processor_time.hpp"
#include "net/stack.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace sotto::net {

namespace {

// One thread has room for everything while it works less than half of its time: then it hardly ever makes a message
// wait. Two threads do more work for the same messages, so that the loops that part do not meet again at once.
constexpr std::uint32_t much = 600;    ///< thousandths of a thread's time; beyond, another loop's thread is woken
constexpr std::uint32_t little = 500;  ///< of two threads' together
constexpr seconds quiet{1};            ///< they have done little for so long before one of them goes to sleep
constexpr seconds after_a_failure{60}; ///< to take a loop in; then it is tried again
constexpr int handlers_per_visit = 64;

// Asio names its reactor's descriptor to nobody, though it becomes readable whenever something in it is ready, timers
// and all. To name a private member as a template's argument is allowed; where a later Asio calls it otherwise, this
// does not compile.
template <int asio::detail::epoll_reactor::*descriptor> struct Reactor {
    friend int descriptor_of(asio::detail::epoll_reactor& reactor) { return reactor.*descriptor; }
};
int descriptor_of(asio::detail::epoll_reactor& reactor);
template struct Reactor<&asio::detail::epoll_reactor::epoll_fd_>;

Usage of_thread() { return {.worked = worked(), .for_handshakes = worked_for_handshakes(), .waited = times_waited()}; }

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
    return {.worked = worked(),
            .for_handshakes = worked_for_handshakes(),
            .waited = before_.waited + times_waited() - began_.waited};
}

std::chrono::microseconds Loop::worked() const { return before_.worked + net::worked() - began_.worked; }

std::chrono::microseconds Loop::worked_for_handshakes() const
{
    return before_.for_handshakes + net::worked_for_handshakes() - began_.for_handshakes;
}

void Loop::wipe() { asio::post(driver_.load()->context_, wipe_stack); }

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

// ---- on the thread that drives it

void Loop::look(std::chrono::microseconds worked, milliseconds period, bool behind, TimePoint now)
{
    const auto load =
        static_cast<std::uint32_t>(worked * 1000 / std::max<std::chrono::microseconds>(period, milliseconds{1}));
    if (driver_.load() == first_) {
        first_->load_ = load;
        first_->load_told_ = now;
        if (!first_->guests_.empty() && (behind || load > much))
            asio::post(first_->context_, [this, now] { first_->send_home(*this, now); });
        return;
    }
    const auto together = load + (now - first_->load_told_.load() < quiet ? first_->load_.load() : 0);
    if (behind || together > little)
        busy_until_ = now + quiet;
    else if (now >= busy_until_)
        context_.stop();
}

// ---- on the first loop's thread

void Loop::take_in(Loop& loop)
{
    loop.context_.restart();
    if (loop.ended_) return loop.context_.stop();
    auto& reactor = asio::use_service<asio::detail::epoll_reactor>(loop.context_);
    Readiness ready{context_};
    error_code error;
    ready.assign(descriptor_of(reactor), error);
    if (error) // the kernel watches no more descriptors for us
        return give_back(loop, std::chrono::time_point_cast<milliseconds>(Clock::now()) + after_a_failure);
    loop.began_ = of_thread();
    loop.driver_ = this;
    guests_.push_back({.loop = &loop, .stay = ++stays_, .ready = std::move(ready)});
    await(guests_.back());
    visit(loop);
}

void Loop::give_back(Loop& loop, TimePoint not_before)
{
    loop.busy_until_ = not_before;
    asio::post(loop.context_, [&loop] { loop.take_posted(); });
    loop.at_home_.release();
}

/// The one that asks, where it is a guest: it may be the one that has much to do.
void Loop::send_home(Loop& asks, TimePoint now)
{
    if (guests_.empty()) return;
    auto guest = find(asks);
    if (guest == guests_.end()) --guest;
    auto& loop = *guest->loop;
    guest->ready.release();
    guests_.erase(guest);
    loop.before_ = loop.usage();
    loop.driver_ = &loop;
    give_back(loop, now + quiet);
    asio::post(context_, wipe_stack);
}

std::vector<Loop::Guest>::iterator Loop::find(const Loop& loop)
{
    return std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) { return guest.loop == &loop; });
}

void Loop::await(Guest& guest)
{
    guest.ready.async_wait(Readiness::wait_read, [this, loop = guest.loop, stay = guest.stay](error_code error) {
        const auto there = find(*loop);
        if (error || there == guests_.end() || there->stay != stay) return;
        visit(*loop);
        if (const auto still = find(*loop); still != guests_.end()) await(*still);
    });
}

/// For so long only that the thread's own loop has its turn.
void Loop::visit(const Loop& loop)
{
    const auto guest = find(loop);
    if (guest == guests_.end()) return;
    auto& visited = *guest->loop;
    if (visited.ended_) { // nothing in it is run any more, however much of it is ready
        guest->ready.release();
        guests_.erase(guest);
        return;
    }
    visited.take_posted();
    int run = 0;
    while (run < handlers_per_visit && visited.context_.poll_one() != 0) ++run;
    if (run == handlers_per_visit) visit_soon(visited);
}

void Loop::visit_soon(const Loop& loop)
{
    asio::post(context_, [this, &loop] { visit(loop); });
}

// ---- on any thread

void Loop::leave(std::unique_ptr<Posted> posted)
{
    {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(posted));
        if (ended_ || std::exchange(called_, true)) return;
    }
    try {
        if (auto* driver = driver_.load(); driver != this)
            driver->visit_soon(*this); // should it be sent home before, it looks for itself
        else
            asio::post(context_, [this] { take_posted(); });
    } catch (...) { // no memory: whoever posts next calls
        const std::lock_guard lock{mutex_};
        called_ = false;
        throw;
    }
}

void Loop::take_posted()
{
    std::vector<std::unique_ptr<Posted>> all;
    {
        const std::lock_guard lock{mutex_};
        all.swap(posted_);
        called_ = false;
    }
    for (auto& one : all) {
        one->run();
        one.reset();
    }
}

} // namespace sotto::net
