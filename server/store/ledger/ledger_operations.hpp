#pragma once
#include "store/ledger/holds.hpp"
#include "store/ledger/invoices.hpp"
#include "store/ledger/key_rotation.hpp"
#include "store/ledger/recorder.hpp"
#include "store/ledger/retention_run.hpp"
#include "store/ledger/subject_rights.hpp"

namespace sotto::store {

/// The ledger without its thread: `ledger.db`, the key store in `keys/`, and what each purpose does with
/// them. One thread. Errors: StoreError.
struct LedgerOperations {
    /// Creates, migrates or opens. Throws also where there are calls and the key store is missing: with a new one,
    /// retention would take them for nobody's. The caller holds the StateLock.
    LedgerOperations(const std::filesystem::path& state_directory, const crypto::Secret& master,
                     std::function<bool(AccountId)> erased = {});

    Database database;
    Vault vault;
    Holds holds;
    Recorder recorder;
    Invoices invoices;
    RetentionRun retention;
    KeyRotation rotation;
    SubjectRights subjects;
};

} // namespace sotto::store
