#pragma once

namespace sotto::net {

/// Overwrites what the functions that the caller has called before have left below its frame, and in vector registers.
void wipe_stack();

} // namespace sotto::net
