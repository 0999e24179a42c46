#include "store/ledger/key_rotation.hpp"

#include "store/ledger/reseal.hpp"

namespace sotto::store {

KeyRotation::KeyRotation(const Database& database, Vault& vault, Recorder& recorder, Holds& holds)
    : vault_{vault}, recorder_{recorder}, holds_{holds},
      connection_{database.open<Purpose::retention>()}, groups_{connection_}
{
}

std::size_t KeyRotation::run(const Step& step)
{
    std::size_t replaced = 0;
    for (const auto& period : vault_.keys().periods()) {
        const auto next = vault_.keys().succeed(period);
        move_ended(period.id, next, step);
        // Calls may have ended between the steps; between these three lines none does.
        recorder_.move(period.id, next);
        move_ended(period.id, next, {});
        if (groups_.any_in(period.id)) continue; // rows of nobody: retention removes them
        vault_.destroy(period.id);
        ++replaced;
        if (step) step("key");
    }
    replaced += holds_.renew(step);
    connection_.truncate_log();
    return replaced;
}

void KeyRotation::move_ended(PeriodId from, PeriodId to, const Step& step)
{
    for (const auto& group : groups_.ended(step, from)) {
        const auto account = vault_.account_of(from, group.subject);
        if (!account) continue;
        while (reseal_some(connection_, vault_, from, to, *account) == slice)
            if (step) step("sealed");
    }
}

} // namespace sotto::store
