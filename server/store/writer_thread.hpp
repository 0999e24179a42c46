#pragma once
#include "core/types/histogram.hpp"
#include "store/account_store.hpp"
#include "store/store_error.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sotto::store {

/// The one thread that a database belongs to, with a bounded queue of tasks before it (docs/threads.md). What is
/// derived from it says what a turn is; it calls `start` when it is whole, and `stop` before any part of it goes.
class WriterThread {
public:
    /// Runs on the thread; gives back what to call when its result is durable.
    using Task = std::function<std::function<void()>()>;
    /// Called with a sentence for the log, on any thread: names files, no person.
    using Alarm = std::function<void(const std::string&)>;
    template <class T> using Done = std::function<void(Outcome<T>)>;

    /// `name` is shown by the system's tools: at most 15 bytes.
    WriterThread(const char* name, std::size_t longest_queue, Alarm on_alarm);
    virtual ~WriterThread() = default;
    WriterThread(const WriterThread&) = delete;
    WriterThread& operator=(const WriterThread&) = delete;

    /// Does what waits and ends the thread. From then on every task is refused.
    void stop();

    /// How long each commit took.
    [[nodiscard]] WaitTimes commits() const
    {
        const std::lock_guard lock{mutex_};
        return commits_;
    }

    /// False: the queue is full, unless the task `must` run, or the thread has ended.
    bool enqueue(Task task, bool must = false);
    /// A task that answers `done` with what `operation` gives; a failure becomes `unavailable` and an alarm, whatever
    /// it is: one that nobody foresaw must not take the calls along. Of a copy that cannot be written there is no
    /// alarm. Where there is no room: `overloaded`, at once.
    template <class T, class Operation> void submit(Done<T> done, Operation operation)
    {
        auto task = [this, done, operation = std::move(operation)]() mutable -> std::function<void()> {
            Outcome<T> outcome{Failure::unavailable};
            try {
                outcome = operation();
            } catch (const StoreError& error) {
                // Whoever asked for a copy is told; the store has what it needs.
                if (error.kind() != StoreError::Kind::uncopied) alarm(error.what());
            } catch (const std::exception& error) {
                alarm(error.what());
            }
            return [done = std::move(done), outcome = std::move(outcome)] { done(outcome); };
        };
        if (!enqueue(std::move(task))) done(Failure::overloaded);
    }

protected:
    void start();
    void wake() { wake_.notify_one(); }
    /// What `commit` gives back; where that is true, its time is noted. Not with `mutex()` held.
    template <class Commit> auto timed(Commit commit)
    {
        const auto began = std::chrono::steady_clock::now();
        auto result = commit();
        const auto took = std::chrono::steady_clock::now() - began;
        const std::lock_guard lock{mutex_};
        if (result) commits_.record(took);
        return result;
    }
    void alarm(const std::string& sentence) const
    {
        if (on_alarm_) on_alarm_(sentence);
    }
    /// With `mutex()` held: something besides tasks is to be done at once.
    [[nodiscard]] virtual bool work_waits() const { return false; }
    /// With `mutex()` held: when to take a turn although nothing has happened; nothing: never.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> longest_wait() const { return std::nullopt; }
    /// How long after the begin of a turn in which `work_waits` the next one begins at the soonest, unless a task waits
    /// at that turn's end: what comes meanwhile is done together, and wakes nobody.
    [[nodiscard]] virtual std::chrono::milliseconds apart() const { return {}; }
    /// On the thread: what waits is done. `last`: no other turn follows.
    virtual void turn(std::deque<Task> tasks, bool last) = 0;

    [[nodiscard]] std::mutex& mutex() const { return mutex_; }
    [[nodiscard]] bool stopping() const { return stopping_; }          ///< with `mutex()` held
    [[nodiscard]] std::size_t queued() const { return tasks_.size(); } ///< with `mutex()` held

private:
    void work();
    void let_more_come(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point until);

    const char* name_;
    std::size_t longest_queue_;
    Alarm on_alarm_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> tasks_;
    WaitTimes commits_;
    bool stopping_{false};
    std::thread thread_;
};

} // namespace sotto::store
