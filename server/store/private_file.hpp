#pragma once
#include <filesystem>

namespace sotto::store {

/// Opens a file of the state directory for reading and writing, creating it with mode 0600. When root creates it, it
/// gets the owner of its folder, so that the service's user can go on with it. Close-on-exec. Throws StoreError
/// (unavailable).
int open_private(const std::filesystem::path& file);

/// Makes a folder in the state directory, of mode 0700, unless it is there. When root makes it, it gets the owner of
/// the folder that it is in, for the same reason. Throws StoreError (unavailable).
void make_private_folder(const std::filesystem::path& folder);

/// Takes a file away, if it is there. Throws StoreError (unavailable).
void remove_private(const std::filesystem::path& file);

} // namespace sotto::store
