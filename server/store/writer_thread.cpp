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

void WriterThread::work()
{
    pthread_setname_np(pthread_self(), name_);
    const auto ready = [this] { return stopping_ || !tasks_.empty() || work_waits(); };
    for (bool last = false; !last;) {
        std::unique_lock lock{mutex_};
        if (const auto wait = longest_wait())
            wake_.wait_for(lock, *wait, ready);
        else
            wake_.wait(lock, ready);
        last = stopping_;
        auto tasks = std::exchange(tasks_, {});
        lock.unlock();
        turn(std::move(tasks), last);
    }
}

} // namespace sotto::store
