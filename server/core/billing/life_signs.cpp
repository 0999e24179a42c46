#include "core/billing/life_signs.hpp"

namespace sotto::billing {

LifeSigns life_signs(std::span<const RunningCall> calls, const std::function<bool(BindingId)>& registered)
{
    const auto is_there = [&](const Reach& party) { return party.binding && registered(party.binding); };
    LifeSigns signs;
    for (const auto& call : calls) {
        if (is_there(call.caller) || is_there(call.callee)) {
            signs.alive.push_back(call.dialog);
            continue;
        }
        for (const auto& party : {call.caller, call.callee})
            if (party.flow) signs.by_flow.emplace(party.flow, call.dialog);
    }
    return signs;
}

} // namespace sotto::billing
