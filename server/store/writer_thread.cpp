#include "store/writer_thread.hpp"

#include <pthread.h>
#include <utility>

namespace sotto::store {

WriterThread::WriterThread(const char* name, std::size_t longest_queue, Alarm on_alarm)
    : name_{name}, longest_queue_{longest_queue}, on_alarm_{std::move(on_alarm)}
{
}

void WriterThread::start()
{
    thread_ = std::thread{[this] { work(); }};
}

void WriterThread::stop()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool WriterThread::enqueue(Task task, bool must)
{
    {
        const std::lock_guard lock{mutex_};
        if (stopping_ || (tasks_.size() >= longest_queue_ && !must)) return false;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
}

/// Without waiting on `wake_`, so that nobody pays for waking a thread that has time.
void WriterThread::let_more_come(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point until)
{
    if (stopping_ || !tasks_.empty() || std::chrono::steady_clock::now() >= until) return;
    lock.unlock();
    std::this_thread::sleep_until(until);
    lock.lock();
}

void WriterThread::work()
{
    pthread_setname_np(pthread_self(), name_);
    const auto ready = [this] { return stopping_ || !tasks_.empty() || work_waits(); };
    std::chrono::steady_clock::time_point next{};
    for (bool last = false; !last;) {
        std::unique_lock lock{mutex_};
        let_more_come(lock, next);
        if (const auto wait = longest_wait())
            wake_.wait_for(lock, *wait, ready);
        else
            wake_.wait(lock, ready);
        if (work_waits()) next = std::chrono::steady_clock::now() + apart();
        last = stopping_;
        auto tasks = std::exchange(tasks_, {});
        lock.unlock();
        turn(std::move(tasks), last);
    }
}

} // namespace sotto::store
