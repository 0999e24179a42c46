#pragma once
#include <bitset>

namespace sotto {

/// Some of the workers, by their numbers: as many bits as there may be workers.
using WorkerSet = std::bitset<256>;

} // namespace sotto
