#pragma once
#include "app/recording.hpp"
#include "audit/file_audit_log.hpp"
#include "audit/self_check.hpp"
#include "config/settings.hpp"
#include "core/action.hpp"
#include "store/audit_head.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <system_error>

namespace sotto::app {

/// The audit log of the running daemon: each head goes into accounts.db and the journal; checkpoints, the end of old
/// entries and a check of the whole log come by the hour. `log` and `note` may be used on any thread, the rest on the
/// main thread.
class Auditing {
public:
    /// Writes the entry of this start, and that of the end of a trace which the last process took with it. Throws
    /// store::StoreError, and what audit::FileAuditLog throws.
    /// `recording` knows the time that retention goes by: no entry is written after its end.
    Auditing(boost::asio::io_context& main, const config::Settings& settings, Recording& recording);

    [[nodiscard]] audit::FileAuditLog& log() { return *log_; }
    void start();
    /// Writes what is still to be noted, and signs.
    void stop();
    /// What happened on its own: an event in the log, and of what must leave one an entry. Any thread: who notes it
    /// does not wait for the disk.
    void note(const Report& report);
    /// The entry of what has been done. Likewise.
    void note(audit::Action action, const char* result);
    /// Says so where the operator looks.
    static void say_unwritable(const std::error_code& why);

private:
    void record(const audit::Action& action, const char* result);
    void expire();

    std::unique_ptr<store::AuditHead> head_; ///< written under the log's lock
    std::unique_ptr<audit::FileAuditLog> log_;
    boost::asio::steady_timer checkpoints_;
    std::atomic<std::size_t> waiting_{0};   ///< to be noted
    std::atomic<bool> lost_{false};         ///< something was not noted, and it has been said
    boost::asio::thread_pool notes_{1};     ///< the main thread would give no sign of life while a disk is slow
    std::optional<audit::SelfCheck> check_; ///< ends before the log
};

} // namespace sotto::app
