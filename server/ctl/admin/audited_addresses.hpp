#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "store/account_store.hpp"

#include <string>
#include <vector>

namespace sotto::ctl {

/// The addresses under which the audit log has entries about a person: those of now, and those of before that nobody
/// else has got since. In the order in which to forget them: those of before are found by the entries about those of
/// now, also when the forgetting is cut short. `canonical` must be the desk's. Waits for the store; unavailable,
/// overloaded: it does not say who has got one, and whose entries they are is not known.
store::Outcome<std::vector<std::string>> audited_as(const store::AccountRecord& account, store::AccountStore& accounts,
                                                    audit::FileAuditLog& audit, const Canonical& canonical);
/// The same of somebody whose account is gone, by the address that is left to ask for.
store::Outcome<std::vector<std::string>> audited_as(const std::string& address, store::AccountStore& accounts,
                                                    audit::FileAuditLog& audit, const Canonical& canonical);

} // namespace sotto::ctl
