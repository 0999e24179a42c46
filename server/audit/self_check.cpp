#include "audit/self_check.hpp"

#include <exception>
#include <pthread.h>

namespace sotto::audit {

SelfCheck::SelfCheck(const FileAuditLog& log, std::chrono::milliseconds period,
                     std::function<void(const std::string& why)> on_unread)
    : log_{log}, on_unread_{std::move(on_unread)}, thread_{[this, period] { run(period); }}
{
}

SelfCheck::~SelfCheck()
{
    {
        const std::lock_guard lock{mutex_};
        ends_ = true;
    }
    end_.notify_one();
    thread_.join();
}

void SelfCheck::run(std::chrono::milliseconds period)
{
    pthread_setname_np(pthread_self(), "audit");
    std::unique_lock lock{mutex_};
    while (!end_.wait_for(lock, period, [this] { return ends_; })) {
        lock.unlock();
        read();
        lock.lock();
    }
}

void SelfCheck::read() const
{
    try {
        const auto verdict = log_.verify(); // what it finds, the log itself says
        if (verdict.unread) on_unread_(verdict.unread.message());
    } catch (const std::exception& failure) {
        on_unread_(failure.what());
    }
}

} // namespace sotto::audit
