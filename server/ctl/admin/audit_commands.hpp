#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"

#include <string>
#include <vector>

namespace sotto::ctl {

/// Every entry about a person, as `audit show` has it. Failure: unavailable, the log cannot be read.
store::Outcome<json::array> audited_about(audit::FileAuditLog& log, const std::string& address);

/// These addresses of a person, and those that `account set --remove-address` has taken away from the account, as far
/// as the log still says so: entries about the person stand under each. Failure: as above.
store::Outcome<std::vector<std::string>> with_former(audit::FileAuditLog& log, std::vector<std::string> addresses,
                                                     const Canonical& canonical);

/// `audit show|verify`. `log` outlives the handlers. `canonical` must be the desk's: what it wrote is found by it.
Handlers audit_commands(audit::FileAuditLog& log, const Canonical& canonical);

} // namespace sotto::ctl
