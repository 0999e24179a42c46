#pragma once
#include "store/database/database.hpp"
#include "store/ledger/holds.hpp"
#include "store/ledger/retention_report.hpp"
#include "store/ledger/vault.hpp"

#include <functional>
#include <set>
#include <vector>

namespace sotto::store {

/// Carries out what `retention::plan` decides, for purpose `retention`: first the keys, then the rows, then what the
/// database's free pages and write-ahead log hold of them. Cut short at any point, the next run finishes it; run twice,
/// the second changes nothing. One thread. Errors: StoreError.
class RetentionRun {
public:
    /// Called after each step, so that tests can cut a run short there.
    using Step = std::function<void(std::string_view done)>;

    RetentionRun(const Database& database, Vault& vault, Holds& holds);

    [[nodiscard]] RetentionPlan plan(const retention::Policy& policy, retention::Time now);
    RetentionReport run(const retention::Policy& policy, retention::Time now, const Step& step = {});

private:
    std::size_t carry_over(const KeyStore::Period& period, const std::vector<AccountId>& held);
    std::size_t remove_rows(PeriodId period);
    std::size_t remove_orphans();
    std::size_t forget_idle_subjects();
    [[nodiscard]] std::set<PeriodId> used_periods();

    Vault& vault_;
    Holds& holds_;
    Connection<Purpose::retention> connection_;
};

} // namespace sotto::store
