#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/daemon_view.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"
#include "store/erasures.hpp"
#include "store/ledger.hpp"

#include <functional>

namespace sotto::ctl {

/// What the commands on billed calls need of the daemon. All of it outlives the handlers.
struct LedgerView {
    store::Ledger* ledger{nullptr}; ///< null: nothing is billed, and nothing was
    store::AccountStore* accounts{nullptr};
    std::filesystem::path state_directory; ///< the only place where the daemon may write
    std::function<retention::Policy()> policy;
    std::function<retention::Time()> now; ///< the time that retention goes by
    std::function<void()> confirm_clock;  ///< an operator, or the kernel, says that the calendar is right
    store::Erasures* erasures{nullptr};
    audit::FileAuditLog* audit{nullptr};
    Canonical canonical;                                         ///< the desk's: the audit log knows persons by it
    std::function<std::vector<BindingView>(AccountId)> bindings; ///< where a person is registered now
    std::function<void(AccountId)> end_trace{};                  ///< of a person who is to be forgotten
    std::function<void()> retention_was_run{};                   ///< an operator has run it
    std::function<void()> holds_changed{};                       ///< retention is to run at once
};

/// `billing export`, `retention plan|run`, `hold add|approve|list|release`, `subject export|erase`, `backup`, `key
/// change|rotate`. Each waits for the store: run them on no worker's thread.
///     billing export   period, run, invoice_date, hide_digits, from -> period, run, invoice_date, calls [...], next
///     retention plan   now                                    -> now, rows [...]
///     retention run    now, steered                           -> now, calls, periods, held, holds
///     hold add         kind, address, first, last, reference, basis, expires -> hold
///     hold approve     hold                                   -> hold
///     hold list                                               -> holds [...]
///     hold release     hold                                   -> hold
///     subject export   address -> account, blocked_callers [...], devices [...], periods [...], calls [...], audit
///     subject erase    address                                -> address, stays [...]
///     backup           folder                                 -> files [...]
///     key change       file                                   -> file
///     key rotate                                              -> keys
Handlers ledger_commands(LedgerView view);

/// "2026-11"; nothing for anything else.
std::optional<std::chrono::year_month> month_from(std::string_view text);
std::string to_text(std::chrono::year_month month);
/// RFC 3339, UTC: "2026-11-25T12:00:00Z", or a day.
std::optional<retention::Time> time_from(std::string_view text);
std::string to_text(retention::Time time);

} // namespace sotto::ctl
