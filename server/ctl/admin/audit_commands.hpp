#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/protocol.hpp"

namespace sotto::ctl {

/// `audit show|verify`. `log` outlives the handlers.
Handlers audit_commands(audit::FileAuditLog& log);

} // namespace sotto::ctl
