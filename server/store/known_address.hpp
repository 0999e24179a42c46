#pragma once
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace sotto::store {

/// Whether an account has that "user@domain", the domain by its own name, as the configuration has it. As the database
/// lies on the disk: for whoever looks while no store is open, or another process has it open. Throws StoreError.
bool known_address(const std::filesystem::path& state_directory, std::string_view address);

/// How many accounts have their first address in a domain of that name. Likewise.
std::size_t accounts_in_domain(const std::filesystem::path& state_directory, std::string_view name);

} // namespace sotto::store
