#pragma once
#include "store/state_lock.hpp"

namespace sotto::app {

/// The state directory, for as long as the daemon runs. A command that began while none ran is waited for, up to a
/// minute: a start that fails instead is repeated by the service manager until that gives up, and nobody starts it
/// again. Says `waiting` once, and to the service manager that it takes longer. Throws StoreError (unavailable):
/// somebody holds it still, or a signal asked to end.
store::StateLock take_turn(const std::filesystem::path& state_directory);

} // namespace sotto::app
