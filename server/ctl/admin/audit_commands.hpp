#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/protocol.hpp"

namespace sotto::ctl {

/// Every entry about a person, as `audit show` has it.
json::array audited_about(audit::FileAuditLog& log, const std::string& address);

/// `audit show|verify`. `log` outlives the handlers. `canonical` must be the desk's: what it wrote is found by it.
Handlers audit_commands(audit::FileAuditLog& log, const Canonical& canonical);

} // namespace sotto::ctl
