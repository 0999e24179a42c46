#pragma once
#include "audit/audit_log.hpp"
#include "store/account_store.hpp"
#include "store/erasures.hpp"

namespace sotto::app {

/// A database that was restored from a backup does not bring an erased person back: removes the accounts that were
/// erased, and their values in the audit log. Waits for the store.
void remove_erased(const store::Erasures& erasures, store::AccountStore& accounts, audit::AuditLog& audit);

} // namespace sotto::app
