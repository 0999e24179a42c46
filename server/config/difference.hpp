#pragma once
#include "config/keys.hpp"

#include <string>
#include <vector>

namespace sotto::config {

/// A key whose value is not the same in two configurations. Lists of accounts are counted; of a single one, and of a
/// user name elsewhere, it is said that it is set or changed.
struct Difference {
    std::string key; ///< "threads"; "routes[1].target" in an entry of a list
    std::string now;
    std::string next;
    Effect effect{Effect::reload};
};

/// In the order of the reference page.
std::vector<Difference> differences(const Settings& now, const Settings& next);

/// What a running daemon cannot change stays as it is in `next`.
void keep_what_needs_restart(Settings& next, const Settings& running);

} // namespace sotto::config
