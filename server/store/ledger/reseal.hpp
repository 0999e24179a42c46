#pragma once
#include "store/database/database.hpp"
#include "store/ledger/vault.hpp"

namespace sotto::store {

/// Rows that one step of a long operation takes at most.
inline constexpr std::size_t slice = 500;

/// Seals the next rows of an account anew, under another period's key, in one transaction: at most `slice`; how many,
/// so that fewer than that means there are no more. Errors: StoreError.
std::size_t reseal_some(Connection<Purpose::retention>& connection, Vault& vault, PeriodId from, PeriodId to,
                        AccountId account);

} // namespace sotto::store
