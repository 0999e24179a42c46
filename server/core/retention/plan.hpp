#pragma once
#include "core/retention/policy.hpp"
#include "core/types/ids.hpp"

#include <optional>
#include <span>
#include <vector>

namespace sotto::retention {

/// A period of the ledger: the calls of one month that one invoice run covers. 0: none.
using PeriodId = StrongNumber<struct PeriodTag>;
using HoldId = StrongNumber<struct HoldTag>;

/// The calls of one account in one period: they come and go together.
struct Row {
    PeriodId period;
    AccountId account;
    Case kind{Case::chargeable};
    std::chrono::year_month month{}; ///< in which the calls began
    std::optional<Day> invoiced;     ///< when the invoice run was made
    std::size_t calls{0};
};

/// What keeps some rows longer. Counts only once two operators have consented, and before its expiry.
struct Hold {
    HoldId id;
    AccountId account;
    std::chrono::year_month first{}; ///< months of the calls in its scope
    std::chrono::year_month last{};
    Time expires{};
    bool consented{false};

    [[nodiscard]] bool covers(const Row& row, Time now) const
    {
        return consented && now < expires && row.account == account && first <= row.month && row.month <= last;
    }
};

enum class Reason : std::uint8_t {
    never_kept,  ///< such a row should not be there
    invoiced,    ///< its time after the invoice
    statement,   ///< the itemised bill was all it was for
    not_invoiced ///< no invoice was made of it in time
};
std::string_view name_of(Reason reason);

/// What becomes of one row.
struct Decision {
    std::size_t row{0};         ///< index into what was given
    Reason reason{};            ///< of its end
    Time due{};                 ///< when the rule ends it
    std::optional<HoldId> held; ///< by which hold it stays although it is due; the one that lasts longest
    Time until{};               ///< when it goes, as things are now: `due`, or the expiry of that hold
    bool goes{false};           ///< now
};

/// One decision for each row, in their order. Pure: the same rows, holds and time give the same plan.
std::vector<Decision> plan(const Policy& policy, std::span<const Hold> holds, std::span<const Row> rows, Time now);

/// When the next row goes, or the next hold expires, after `now`; nothing: there is neither.
std::optional<Time> next_end(std::span<const Hold> holds, std::span<const Decision> decisions, Time now);

/// When the rule, without any hold, ends the row.
Time due(const Policy& policy, const Row& row);

} // namespace sotto::retention
