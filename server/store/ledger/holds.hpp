#pragma once
#include "store/database/database.hpp"
#include "store/ledger/hold_case.hpp"
#include "store/ledger/step.hpp"
#include "store/ledger/vault.hpp"

#include <string_view>
#include <vector>

namespace sotto::store {

/// The table of holds, for purposes `dispute` and `legal`: the content of each is sealed under a key of its own. One
/// thread. Errors: StoreError.
class Holds {
public:
    static constexpr std::chrono::days longest_hold{366}; ///< then it is asked for again

    Holds(const Database& database, Vault& vault);

    /// Gives it a number. It counts once `consent` was given.
    HoldOutcome<HoldCase> ask(HoldCase hold, retention::Time now);
    HoldOutcome<HoldCase> consent(HoldId id, std::string_view operator_name, retention::Time now);
    HoldOutcome<HoldCase> release(HoldId id);
    [[nodiscard]] std::vector<HoldCase> list();
    /// Seals each with another key, and destroys the one before. How many.
    std::size_t renew(const Step& step);
    /// Removes the rows of holds whose key is gone: a release that was cut short, or a restored database. How many.
    std::size_t forget_keyless();

private:
    void put(const HoldCase& hold, const Sealed& content);
    template <Purpose purpose> static void put(Connection<purpose>& connection, HoldId id, const Sealed& content);

    Vault& vault_;
    Connection<Purpose::dispute> dispute_;
    Connection<Purpose::legal> legal_;
};

} // namespace sotto::store
