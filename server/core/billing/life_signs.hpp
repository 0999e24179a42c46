#pragma once
#include "core/billing/call_ledger.hpp"

#include <functional>
#include <map>
#include <span>
#include <vector>

namespace sotto::billing {

/// A recorded call that runs, and how its parties are reached.
struct RunningCall {
    KeyedHash dialog;
    Reach caller, callee;
};

/// What one look at the parties of running calls gives. A call lives while a device of either party is registered over
/// a live flow, or the flow that the call was made over is there; whoever loses both stops giving signs, no more.
struct LifeSigns {
    std::vector<KeyedHash> alive;             ///< a device of a party is there
    std::multimap<FlowId, KeyedHash> by_flow; ///< of the others: those that live if the flow is there
};

/// `registered`: whether a device has a live flow.
LifeSigns life_signs(std::span<const RunningCall> calls, const std::function<bool(BindingId)>& registered);

} // namespace sotto::billing
