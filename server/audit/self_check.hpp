#pragma once
#include "audit/file_audit_log.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace sotto::audit {

/// Reads the whole log again after each `period`, on a thread of its own, so that a change is noticed without anybody
/// asking: FileAuditLog::broken() and Options::on_broken tell of it.
class SelfCheck {
public:
    /// `log` outlives this. The first reading comes after the first period: the start has read the log already.
    /// `on_unread`: why the log could not be read, or not to its end, for want of memory say; the next reading comes
    /// all the same. On the thread of its own.
    SelfCheck(const FileAuditLog& log, std::chrono::milliseconds period,
              std::function<void(const std::string& why)> on_unread);
    /// Waits for the end of a reading that has begun.
    ~SelfCheck();
    SelfCheck(const SelfCheck&) = delete;
    SelfCheck& operator=(const SelfCheck&) = delete;

private:
    void run(std::chrono::milliseconds period);
    void read() const;

    const FileAuditLog& log_;
    const std::function<void(const std::string& why)> on_unread_;
    std::mutex mutex_; ///< guards `ends_`
    std::condition_variable end_;
    bool ends_{false};
    std::thread thread_;
};

} // namespace sotto::audit
