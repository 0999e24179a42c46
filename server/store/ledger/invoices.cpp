#include "store/ledger/invoices.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace sotto::store {

std::vector<BilledCall> opened_calls(Statement& rows, PeriodId period, Vault& vault)
{
    std::vector<BilledCall> calls;
    while (rows.step()) {
        const auto account = vault.account_of(period, rows.bytes(0));
        const auto id = rows.bytes(1);
        const auto plain = account ? vault.open(period, *account, id, rows.bytes(2)) : std::nullopt;
        if (!plain) continue;
        BilledCall call{.account = *account, .record = CallRecord::unpacked(*plain)};
        std::memcpy(&call.id, id.data(), std::min(id.size(), sizeof call.id));
        calls.push_back(std::move(call));
    }
    rows.reset();
    return calls;
}

Invoices::Invoices(const Database& database, Vault& vault)
    : vault_{vault}, connection_{database.open<Purpose::billing>()},
      rows_{connection_.prepare("SELECT subject, id, record FROM call WHERE period = ?1")}
{
}

void Invoices::read(const KeyStore::Period& period, std::vector<BilledCall>& into)
{
    rows_.bind_all(static_cast<std::int64_t>(period.id.value));
    auto calls = opened_calls(rows_, period.id, vault_);
    into.insert(into.end(), std::make_move_iterator(calls.begin()), std::make_move_iterator(calls.end()));
    std::ranges::sort(into, {}, [](const BilledCall& c) { return std::tuple{c.account, c.record.start, c.id}; });
}

InvoiceRun Invoices::make(std::chrono::year_month month, retention::Day day)
{
    InvoiceRun run{.month = month, .day = day};
    std::uint32_t last = 0;
    std::vector<KeyStore::Period> open;
    for (const auto& period : vault_.keys().periods()) {
        if (period.month != month) continue;
        last = std::max(last, period.run);
        if (!period.invoiced && !period.held) open.push_back(period);
    }
    for (const auto& period : open) read(period, run.calls);
    if (run.calls.empty()) return run;
    run.run = last + 1;
    // A crash between two of them leaves the second to the next run: it is billed once all the same.
    for (const auto& period : open) {
        rows_.bind_all(static_cast<std::int64_t>(period.id.value));
        const bool any = rows_.step();
        rows_.reset();
        if (any) vault_.keys().invoice(period.id, run.run, day);
    }
    return run;
}

InvoiceRun Invoices::again(std::chrono::year_month month, std::uint32_t number)
{
    InvoiceRun run{.month = month};
    for (const auto& period : vault_.keys().periods()) {
        if (period.month != month || period.run != number || !period.invoiced) continue;
        run.run = number;
        run.day = *period.invoiced;
        read(period, run.calls);
    }
    return run;
}

} // namespace sotto::store
