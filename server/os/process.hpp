#pragma once
#include <cstdint>

namespace sotto::os {

/// Before anything is opened: a file of ours that got the number of a standard stream which is closed would hold what
/// is written there. Such a stream fails from then on, both ways.
void occupy_standard_descriptors();

/// Before anything secret is in memory: no standard stream is a file of ours, no core dumps, no tracing by processes of
/// the same user (prctl(2) PR_SET_DUMPABLE), files that we make are nobody else's, and a peer that goes away is an
/// error code instead of a signal.
void harden_process();

/// Raises the limit of open descriptors as far as the system lets us, and returns it.
std::uint64_t raise_descriptor_limit();

} // namespace sotto::os
