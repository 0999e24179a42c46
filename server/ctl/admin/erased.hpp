#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "store/account_store.hpp"
#include "store/erasures.hpp"
#include "store/ledger.hpp"

#include <functional>

namespace sotto::ctl {

/// What an erasure in the ledger goes by; null: nothing is billed, and nothing was.
struct ErasureInLedger {
    store::Ledger* ledger{nullptr};
    retention::Policy policy;
    retention::Time now{};
};

/// An erasure that was cut short is finished, and a database that was restored from a backup does not bring an erased
/// person back: what the ledger may not keep goes, then the values in the audit log, and the account last, by which the
/// rest is found. Before anybody can ask for accounts, whoever answers: the daemon, or a command while none runs.
/// `canonical` must be the desk's; `calls` is asked only when somebody is to go. Waits for the stores. Throws
/// StoreError (unavailable): somebody may still be there.
void remove_erased(const store::Erasures& erasures, store::AccountStore& accounts, audit::FileAuditLog& audit,
                   const Canonical& canonical, const std::function<ErasureInLedger()>& calls);

} // namespace sotto::ctl
