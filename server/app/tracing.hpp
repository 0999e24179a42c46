#pragma once
#include "app/account_trace.hpp"
#include "audit/audit_log.hpp"
#include "ctl/admin/protocol.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sotto::app {

/// At most one trace at a time. It ends when it is stopped, when its time is over, and with the process. Its ladder can
/// be seen until an hour after its end. Any thread.
class Tracing {
public:
    /// Gives the workers a tap, or takes it from them (null).
    using UseTap = std::function<void(std::shared_ptr<net::Tap>)>;
    /// `io` is the main thread's. `audit` outlives this.
    Tracing(boost::asio::io_context& io, UseTap use_tap, audit::AuditLog& audit);

    /// `address`, as the desk writes it, is for the audit log and whoever sees the ladder.
    ctl::Reply start(AccountId account, const std::string& address, seconds time);
    /// Ends a trace that runs, and shows what it has drawn.
    ctl::Reply stop();
    /// Ends a trace of this account that runs, and shows nobody what a trace of it has drawn.
    void forget(AccountId account);

private:
    void arm(seconds span);
    void on_time();
    void end();
    void note_end(std::string_view result);

    boost::asio::io_context& io_;
    UseTap use_tap_;
    audit::AuditLog& audit_;
    std::mutex mutex_;
    boost::asio::steady_timer timer_; ///< touched on the main thread only
    std::shared_ptr<AccountTrace> trace_;
    AccountId account_;
    std::string address_;
    bool running_{false};
};

} // namespace sotto::app
