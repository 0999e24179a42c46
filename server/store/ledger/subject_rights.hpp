#pragma once
#include "store/database/database.hpp"
#include "store/ledger/held_calls.hpp"
#include "store/ledger/holds.hpp"
#include "store/ledger/recorder.hpp"
#include "store/ledger/vault.hpp"

namespace sotto::store {

/// What a person may ask of the ledger (GDPR Art. 15, 17, 20): looked up for purpose `access`, carried out for purpose
/// `retention`. One thread. Errors: StoreError.
class SubjectRights {
public:
    /// Ends what a crash has left half done.
    SubjectRights(const Database& database, Vault& vault, Holds& holds, Recorder& recorder);

    /// All that the ledger holds of an account, as the person is shown it: without the holds that must not warn
    /// anybody, and without what only they keep.
    HeldCalls held(AccountId account, const retention::Policy& policy, retention::Time now);
    /// Removes every call that no duty and no hold keeps. The account's key is destroyed; what stays, which is listed
    /// with its date, was sealed anew before.
    HeldCalls erase(AccountId account, const retention::Policy& policy, retention::Time now);

private:
    /// Of those holds that `tell` admits.
    HeldCalls held(AccountId account, const retention::Policy& policy, retention::Time now, bool (*tell)(HoldKind));
    /// Removes, or seals anew, each call of an account; then its key is another one.
    void renew(AccountId account, retention::Time now);
    void renew(AccountId account, const KeyStore::Period& period, bool stays);

    Vault& vault_;
    Holds& holds_;
    Recorder& recorder_;
    Connection<Purpose::access> reading_;
    Connection<Purpose::retention> changing_;
};

} // namespace sotto::store
