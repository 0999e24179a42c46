#pragma once
#include "store/database/database.hpp"
#include "store/ledger/call_record.hpp"
#include "store/ledger/vault.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace sotto::store {

/// What the invoicing system gets, for purpose `billing`. A call belongs to exactly one run: a run closes the periods
/// that have collected the month's calls, on the disk before it gives them out; what ends later goes into the next run.
/// One thread. Errors: StoreError.
class Invoices {
public:
    static constexpr std::size_t page = 2000; ///< calls at once

    Invoices(const Database& database, Vault& vault);

    /// Makes the next run of a month, and gives its first page. Without a call to bill, no run is made: `run` is 0.
    InvoiceRun make(std::chrono::year_month month, retention::Day day);
    /// A page of a run, once more or for the first time, as long as retention has left it. `run` is 0: there is no such
    /// run.
    InvoiceRun again(std::chrono::year_month month, std::uint32_t run, std::string_view from = {});

    /// Somebody reads the pages of the period's run one after the other and has not seen the last: retention waits for
    /// that, though not for longer than `patience`.
    [[nodiscard]] bool still_reads(const KeyStore::Period& period, retention::Time now);
    static constexpr std::chrono::hours patience{1};

private:
    struct Reading {
        std::chrono::year_month month;
        std::uint32_t run;
        std::optional<retention::Time> waited_since;
    };
    struct Cursor;

    [[nodiscard]] bool any_in(PeriodId period);
    void read(PeriodId period, Cursor& from, InvoiceRun& into);

    Vault& vault_;
    std::optional<Reading> reading_;
    Connection<Purpose::billing> connection_;
    Statement any_, rows_;
};

/// Opens a row that a statement gives as: subject, id, record. Nothing: its keys are gone.
std::optional<BilledCall> opened_call(Statement& rows, PeriodId period, Vault& vault);

} // namespace sotto::store
