#pragma once
#include "store/database/database.hpp"
#include "store/ledger/call_record.hpp"
#include "store/ledger/vault.hpp"

#include <vector>

namespace sotto::store {

/// What the invoicing system gets, for purpose `billing`. A call belongs to exactly one run: a run closes the periods
/// that have collected the month's calls, on the disk before it gives them out; what ends later goes into the next run.
/// One thread. Errors: StoreError.
class Invoices {
public:
    Invoices(const Database& database, Vault& vault);

    /// Makes the next run of a month. Without a call to bill, no run is made: `run` is 0.
    InvoiceRun make(std::chrono::year_month month, retention::Day day);
    /// The same run once more, as long as retention has left it. `run` is 0: there is no such run.
    InvoiceRun again(std::chrono::year_month month, std::uint32_t run);

private:
    void read(const KeyStore::Period& period, std::vector<BilledCall>& into);

    Vault& vault_;
    Connection<Purpose::billing> connection_;
    Statement rows_;
};

/// Opens the rows that a statement gives as: subject, id, record. Rows whose keys are gone are left out.
std::vector<BilledCall> opened_calls(Statement& rows, PeriodId period, Vault& vault);

} // namespace sotto::store
