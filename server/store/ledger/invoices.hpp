#pragma once
#include "store/database/database.hpp"
#include "store/ledger/call_record.hpp"
#include "store/ledger/vault.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

namespace sotto::store {

/// What the invoicing system gets, for purpose `billing`. A call belongs to exactly one run: a run closes the periods
/// that have collected the month's calls, on the disk before it gives them out; what ends later goes into the next run.
/// One thread. Errors: StoreError.
class Invoices {
public:
    Invoices(const Database& database, Vault& vault);

    /// Makes the next run of a month, and gives its first page. Without a call to bill, no run is made: `run` is 0.
    InvoiceRun make(std::chrono::year_month month, retention::Day day);
    /// A page of a run, once more or for the first time, as long as retention has left it. `run` is 0: there is no such
    /// run. `lost`: the period in which the page begins is gone, by retention or by another key that took its place.
    InvoiceRun again(std::chrono::year_month month, std::uint32_t run, std::string_view from = {});

    /// Somebody reads the pages of the period's run one after the other and has not seen the last: retention waits for
    /// that from the first time that it asks, in all not for longer than `patience`, however often a page is read
    /// again. Of what a process before has left, nobody knows who has read it: a statement's calls wait once more.
    [[nodiscard]] bool waits_for_reader(const KeyStore::Period& period, retention::Time now);
    /// The same for a plan, which changes nothing: where retention has not asked yet, it does so at `due`.
    [[nodiscard]] bool would_wait(const KeyStore::Period& period, retention::Time due, retention::Time now) const;
    static constexpr std::chrono::hours patience{1};

private:
    /// What stays the same when another key takes the place of a period's.
    using Part = std::tuple<std::chrono::year_month, std::uint32_t, retention::Case>;
    struct Reading {
        bool open{false}; ///< the last page is still to be read
        std::optional<retention::Time> waited_since;
    };
    static Part part_of(const KeyStore::Period& period) { return {period.month, period.run, period.kind}; }
    struct Cursor;

    [[nodiscard]] bool any_in(PeriodId period);
    void note_reading(const InvoiceRun& run);
    void read(PeriodId period, Cursor& from, InvoiceRun& into);

    Vault& vault_;
    std::map<Part, Reading> reading_; ///< of periods that exist, so there are no more than those
    Connection<Purpose::billing> connection_;
    Statement any_, rows_;
};

/// Opens a row that a statement gives as: subject, id, record. Nothing: its keys are gone.
std::optional<BilledCall> opened_call(Statement& rows, PeriodId period, Vault& vault);

} // namespace sotto::store
