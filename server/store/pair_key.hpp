#pragma once
#include "crypto/secret.hpp"

#include <filesystem>

namespace sotto::store {

/// The key of the pseudonyms under which accounts block withheld callers, and of the hashes of erased accounts, from
/// `pair.key` in the state directory; made there at the first start. Without it the stored pseudonyms say nothing, and
/// no database backup holds it. The caller holds the StateLock. Throws StoreError.
crypto::Secret pair_key(const std::filesystem::path& state_directory);

} // namespace sotto::store
