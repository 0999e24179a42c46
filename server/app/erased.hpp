#pragma once
#include "store/account_store.hpp"
#include "store/sqlite_ledger.hpp"

namespace sotto::app {

/// A database that was restored from a backup does not bring an erased person back: removes the accounts that were
/// erased. Waits for the store.
void remove_erased(store::SqliteLedger& ledger, store::AccountStore& accounts);

} // namespace sotto::app
