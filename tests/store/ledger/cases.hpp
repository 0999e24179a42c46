#pragma once
#include "store/ledger.hpp"
#include "store/ledger/ledger_files.hpp"

#include <cstdint>
#include <future>
#include <string>
#include <vector>

/// What the tests of the ledger have in common: calls of November, invoiced in December, over in March.
namespace sotto::test {

constexpr auto november = std::chrono::year{2026} / std::chrono::November;
constexpr retention::Policy rules{};
constexpr retention::Day invoice_day{std::chrono::year{2026} / 12 / 3};
/// The first moment at which calls invoiced on that day are over.
constexpr retention::Time over = retention::Time{invoice_day} + retention::days{90};

inline std::vector<store::BilledCall> calls_of(LedgerFiles& ledger, std::chrono::year_month month, std::uint32_t run)
{
    return ledger->invoices.again(month, run).calls;
}

/// Whether the call is on the disk.
inline bool answered(store::Ledger& ledger, billing::AnsweredCall call)
{
    std::promise<bool> promise;
    ledger.answered(std::move(call), [&](bool recorded) { promise.set_value(recorded); });
    return promise.get_future().get();
}

/// As it lies in memory.
template <class Number> std::string raw(Number number)
{
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

inline store::HoldCase dispute(AccountId account, retention::Time expires)
{
    return {.id = {},
            .kind = store::HoldKind::dispute,
            .reference = "ticket 4711",
            .basis = "objection of 20 December 2026",
            .account = account,
            .first = november,
            .last = november,
            .expires = expires,
            .asked_by = "ann",
            .consented_by = {}};
}

} // namespace sotto::test
