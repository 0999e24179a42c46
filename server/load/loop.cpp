#include "load/loop.hpp"

#include <array>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sotto::load {

Loop::Loop() : epoll_{epoll_create1(EPOLL_CLOEXEC)}
{
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::~Loop() { close(epoll_); }

void Loop::watch(int descriptor, Watcher& watcher)
{
    const auto place = static_cast<std::size_t>(descriptor);
    if (place >= watched_.size()) watched_.resize(place + 1);
    watched_[place].watcher = &watcher;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = std::uint64_t{watched_[place].generation} << 32 | static_cast<std::uint32_t>(descriptor);
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::forget(int descriptor)
{
    auto& watched = watched_[static_cast<std::size_t>(descriptor)];
    watched.watcher = nullptr;
    ++watched.generation;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void Loop::at(TimePoint when, std::function<void()> what) { timers_.push(Timer{when, order_++, std::move(what)}); }

void Loop::resume_ready()
{
    while (!ready_.empty()) {
        const auto waiting = ready_.front();
        ready_.pop_front();
        waiting.resume();
    }
}

void Loop::run_timers()
{
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.top().when <= now) {
        const auto what = timers_.top().what;
        timers_.pop();
        what();
        resume_ready();
    }
}

int Loop::wait_limit() const
{
    if (!ready_.empty()) return 0;
    if (timers_.empty()) return 100;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.top().when - Clock::now()).count();
    return static_cast<int>(left < 0 ? 0 : left > 100 ? 100 : left);
}

void Loop::run_until(const std::function<bool()>& done)
{
    std::array<epoll_event, 256> events;
    resume_ready();
    while (!done()) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_limit());
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            const auto watched = watched_[event.data.u64 & 0xffffffff];
            if (watched.watcher == nullptr || watched.generation != event.data.u64 >> 32) continue;
            watched.watcher->on_ready(event.events);
            resume_ready();
        }
        run_timers();
        resume_ready();
    }
}

} // namespace sotto::load
