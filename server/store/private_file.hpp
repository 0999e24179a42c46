#pragma once
#include <filesystem>

namespace sotto::store {

/// Opens a file of the state directory for reading and writing, creating it with mode 0600. When root creates it, it
/// gets the owner of its folder, so that the service's user can go on with it. Close-on-exec. Throws StoreError
/// (unavailable).
int open_private(const std::filesystem::path& file);

/// Takes a file away, if it is there. Throws StoreError (unavailable).
void remove_private(const std::filesystem::path& file);

} // namespace sotto::store
