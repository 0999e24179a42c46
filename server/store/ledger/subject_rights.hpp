#pragma once
#include "store/database/database.hpp"
#include "store/ledger/erasures.hpp"
#include "store/ledger/held_calls.hpp"
#include "store/ledger/holds.hpp"
#include "store/ledger/vault.hpp"

namespace sotto::store {

/// What a person may ask of the ledger (GDPR Art. 15, 17, 20), for purpose `access`. One thread. Errors: StoreError.
class SubjectRights {
public:
    SubjectRights(const Database& database, Vault& vault, Holds& holds, Erasures& erasures);

    /// All that the ledger holds of an account.
    HeldCalls held(AccountId account, const retention::Policy& policy, retention::Time now);
    /// Marks the account as erased, so that no backup brings it back, and destroys its key if nothing keeps a call of
    /// it. What stays is listed with its date; its key goes with its last call.
    HeldCalls erase(AccountId account, const retention::Policy& policy, retention::Time now);
    [[nodiscard]] bool erased(AccountId account) const { return erasures_.contains(account); }

private:
    Vault& vault_;
    Holds& holds_;
    Erasures& erasures_;
    Connection<Purpose::access> connection_;
};

} // namespace sotto::store
