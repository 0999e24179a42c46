#pragma once
#include <cstdio>
#include <cstdlib>

namespace sotto::fuzz {

/// An invariant: when it does not hold, the input is a finding.
inline void require(bool holds, const char* what)
{
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

} // namespace sotto::fuzz
