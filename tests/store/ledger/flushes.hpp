#pragma once

namespace sotto::test {

/// How often this process has waited for the disk (fdatasync).
int flushes();
/// From now on it waits no more but does this, which gives an errno; null: as before.
void instead_of_flushes(int (*fault)());

} // namespace sotto::test
