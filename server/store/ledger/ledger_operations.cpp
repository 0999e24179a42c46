#include "store/ledger/ledger_operations.hpp"

#include "store/database/embedded.hpp"
#include "store/store_error.hpp"

namespace sotto::store {
namespace {

bool any_call_in(const Database& database)
{
    auto connection = database.open<Purpose::retention>();
    auto rows = connection.prepare("SELECT period FROM call UNION ALL SELECT period FROM open_call LIMIT 1");
    return rows.step();
}

std::filesystem::path keys_for(const Database& database, const std::filesystem::path& state_directory)
{
    auto folder = state_directory / "keys";
    if (!KeyStore::exists(folder) && any_call_in(database))
        throw StoreError{StoreError::Kind::unavailable, "ledger.db has calls, and their keys are missing: bring " +
                                                            folder.string() +
                                                            " back, or remove ledger.db, which nothing else opens"};
    return folder;
}

} // namespace

LedgerOperations::LedgerOperations(const std::filesystem::path& state_directory, const crypto::Secret& master,
                                   std::function<bool(AccountId)> erased)
    : database{state_directory / "ledger.db", Duty::ledger, ledger_migrations(), Purposes::declared()},
      vault{keys_for(database, state_directory), master}, holds{database, vault},
      recorder{database, vault, std::move(erased)}, invoices{database, vault},
      retention{database, vault, holds, invoices}, rotation{database, vault, recorder, holds}, subjects{database, vault,
                                                                                                        holds, recorder}
{
}

} // namespace sotto::store
