#include "store/ledger/ledger_operations.hpp"

#include "store/database/embedded.hpp"

namespace sotto::store {

LedgerOperations::LedgerOperations(const std::filesystem::path& state_directory, const crypto::Secret& master)
    : vault{state_directory / "keys", master}, database{state_directory / "ledger.db", Duty::ledger,
                                                        ledger_migrations(), Purposes::declared()},
      holds{database, vault}, recorder{database, vault}, invoices{database, vault},
      retention{database, vault, holds, invoices}, rotation{database, vault, recorder}, subjects{database, vault, holds,
                                                                                                 recorder}
{
}

} // namespace sotto::store
