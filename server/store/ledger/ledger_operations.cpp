#include "store/ledger/ledger_operations.hpp"

#include "store/database/embedded.hpp"

namespace sotto::store {

LedgerOperations::LedgerOperations(const std::filesystem::path& state_directory, const crypto::Secret& master)
    : vault{state_directory / "keys", master}, database{state_directory / "ledger.db", Duty::ledger,
                                                        ledger_migrations(), Purposes::declared()},
      erasures{state_directory / "keys", vault.keys()}, holds{database, vault}, recorder{database, vault},
      invoices{database, vault}, retention{database, vault, holds}, subjects{database, vault, holds, erasures}
{
}

} // namespace sotto::store
