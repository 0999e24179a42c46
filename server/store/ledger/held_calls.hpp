#pragma once
#include "core/retention/plan.hpp"
#include "store/ledger/call_record.hpp"

#include <vector>

namespace sotto::store {

/// The calls of one account in one period, and how long they stay.
struct HeldPeriod {
    std::chrono::year_month month{};
    retention::Case kind{};
    std::optional<retention::Day> invoiced;
    retention::Reason reason{};
    retention::Time until{};
    bool held{false};                ///< by a hold
    std::vector<CallRecord> running; ///< further ones, which have not ended: without seconds
    std::vector<BilledCall> calls;
};

/// All that the ledger holds of one account.
struct HeldCalls {
    AccountId account;
    std::vector<HeldPeriod> periods;
    bool running{false}; ///< a billed call runs at this moment
};

} // namespace sotto::store
