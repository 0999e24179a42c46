#include "audit/self_check.hpp"

#include <pthread.h>

namespace sotto::audit {

SelfCheck::SelfCheck(const FileAuditLog& log, std::chrono::milliseconds period,
                     std::function<void(const std::exception&)> on_failure)
    : log_{log}, on_failure_{std::move(on_failure)}, thread_{[this, period] { run(period); }}
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
        static_cast<void>(log_.verify()); // what it finds, the log itself says
    } catch (const std::exception& failure) {
        on_failure_(failure);
    }
}

} // namespace sotto::audit
