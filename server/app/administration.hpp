#pragma once
#include "audit/audit_log.hpp"
#include "config/settings.hpp"
#include "ctl/admin/admin_server.hpp"
#include "ctl/admin/desk.hpp"
#include "ctl/admin/protocol.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <thread>

namespace sotto::app {

/// The admin socket, on a thread of its own: commands may wait for the disk and for the workers.
class Administration {
public:
    /// `audit` and what the handlers use outlive this. Throws std::runtime_error when the socket cannot be made.
    Administration(const config::Settings::Admin& settings, ctl::Handlers handlers, ctl::Canonical canonical,
                   ctl::Desk::Nearest nearest, ctl::Desk::Another another, audit::AuditLog& audit);
    ~Administration();
    Administration(const Administration&) = delete;
    Administration& operator=(const Administration&) = delete;

private:
    void run();

    boost::asio::io_context context_{1};
    ctl::Desk desk_; ///< used on the thread only
    std::unique_ptr<ctl::AdminServer> server_;
    std::thread thread_;
};

} // namespace sotto::app
