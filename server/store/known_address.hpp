#pragma once
#include "store/account_store.hpp"

#include <filesystem>
#include <string_view>

namespace sotto::store {

/// Whether an account has that address, as the database lies on the disk: for whoever looks while no store is open, or
/// another process has it open. Throws StoreError.
bool known_address(const std::filesystem::path& state_directory, std::string_view address, const AccountPolicy& policy);

} // namespace sotto::store
