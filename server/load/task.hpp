#pragma once
#include "load/loop.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace sotto::load {

/// A step of a call flow that its caller waits for. Starts when awaited; awaited once.
template <class T> class Task {
public:
    struct promise_type {
        std::optional<T> value;
        std::coroutine_handle<> waiting;

        Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept
        {
            struct ToCaller {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept
                {
                    return ended.promise().waiting;
                }
                void await_resume() noexcept {}
            };
            return ToCaller{};
        }
        void return_value(T result) { value = std::move(result); }
        void unhandled_exception()
        {
            std::terminate();
        } // a fault of this tool: nothing measured would be worth keeping
    };

    explicit Task(std::coroutine_handle<promise_type> frame) : frame_{frame} {}
    Task(Task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    Task& operator=(Task&&) = delete;
    ~Task()
    {
        if (frame_) frame_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller)
    {
        frame_.promise().waiting = caller;
        return frame_;
    }
    T await_resume() { return std::move(*frame_.promise().value); }

private:
    std::coroutine_handle<promise_type> frame_;
};

/// A flow of its own: starts at once, ends by itself, nobody waits for it (it counts itself out where that matters).
struct Job {
    struct promise_type {
        Job get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

/// `co_await Until{loop, when}`.
struct Until {
    Loop& loop;
    TimePoint when;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting)
    {
        loop.at(when, [&events = loop, waiting] { events.post(waiting); });
    }
    void await_resume() noexcept {}
};

} // namespace sotto::load
