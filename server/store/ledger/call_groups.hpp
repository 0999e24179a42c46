#pragma once
#include "store/database/database.hpp"
#include "store/ledger/step.hpp"
#include "store/ledger/vault.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace sotto::store {

/// The calls of one account in one period, as a table knows them.
struct CallGroup {
    PeriodId period;
    std::vector<std::uint8_t> subject; ///< a Pseudonym
    std::size_t calls{0};
};

/// What the ledger holds, by period and account, for purpose `retention`. One thread. Errors: StoreError.
class CallGroups {
public:
    explicit CallGroups(Connection<Purpose::retention>& connection);

    /// Of ended calls. Goes from one group to the next by the primary key, so that a step is short however many calls
    /// there are.
    [[nodiscard]] std::vector<CallGroup> ended(const Step& step, std::optional<PeriodId> only = {});
    /// Of calls that run.
    [[nodiscard]] std::vector<CallGroup> running();
    [[nodiscard]] bool any_running_in(PeriodId period);
    /// Whether any call, ended or running, is there.
    [[nodiscard]] bool any_in(PeriodId period);
    [[nodiscard]] bool any_of(PeriodId period, const Pseudonym& subject);

private:
    [[nodiscard]] static bool finds(Statement& statement);

    Connection<Purpose::retention>& connection_;
    Statement ended_in_, running_in_, ended_of_, running_of_;
};

} // namespace sotto::store
