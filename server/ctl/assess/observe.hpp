#pragma once
#include "ctl/assess/observed.hpp"

#include <functional>
#include <stdexcept>

namespace sotto::assess {

/// Nothing speaks TLS there. `what()` says why.
class NotReached : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// How many steps `observe` takes, for whoever shows its progress.
inline constexpr std::size_t steps = 6;

/// Looks at a server from outside, as anybody may: some handshakes, and requests for an address that nobody can have.
/// Rings nobody and registers nothing. Takes seconds, each step a few at most; `at` hears of each step that is done.
/// Throws NotReached.
Observed observe(const Target& target, const std::function<void(std::size_t)>& at);

} // namespace sotto::assess
