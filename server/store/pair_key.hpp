#pragma once
#include <array>
#include <cstdint>
#include <filesystem>

namespace sotto::store {

/// The key of the pseudonyms under which accounts block withheld callers, and of the hashes of erased accounts, from
/// `pair.key` in the state directory; made there at the first start. Without it the stored pseudonyms say nothing, and
/// no database backup holds it. The caller holds the StateLock and wipes what it gets. Throws StoreError.
std::array<std::uint8_t, 32> pair_key(const std::filesystem::path& state_directory);

} // namespace sotto::store
