#pragma once
#include "store/ledger/call_groups.hpp"
#include "store/ledger/holds.hpp"
#include "store/ledger/invoices.hpp"
#include "store/ledger/retention_report.hpp"
#include "store/ledger/vault.hpp"

#include <vector>

namespace sotto::store {

/// Carries out what `retention::plan` decides, for purpose `retention`: first the keys, then the rows, then what the
/// database's free pages and write-ahead log hold of them. Cut short at any point, the next run finishes it; run twice,
/// the second changes nothing. One thread. Errors: StoreError.
class RetentionRun {
public:
    RetentionRun(const Database& database, Vault& vault, Holds& holds, Invoices& invoices);

    /// What waits for the reader of its invoices does not go.
    [[nodiscard]] RetentionPlan plan(const retention::Policy& policy, retention::Time now, const Step& step = {});
    RetentionReport run(const retention::Policy& policy, retention::Time now, const Step& step = {});

private:
    RetentionPlan by_the_rules(const retention::Policy& policy, retention::Time now, const Step& step);
    void carry_over(const KeyStore::Period& period, const std::vector<AccountId>& held, const Step& step);
    std::size_t remove_rows(PeriodId period, const Step& step);
    std::size_t remove_orphans(const Step& step);
    std::size_t forget_empty_periods(retention::Time now, const Step& step);
    std::size_t forget_idle_subjects(const Step& step);
    void forget_runs(const retention::Policy& policy, retention::Time now);
    [[nodiscard]] bool has_call(AccountId account);

    Vault& vault_;
    Holds& holds_;
    Invoices& invoices_;
    Connection<Purpose::retention> connection_;
    CallGroups groups_;
};

} // namespace sotto::store
