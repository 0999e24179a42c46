#pragma once
#include "config/keys.hpp"

#include <string>
#include <vector>

namespace sotto::config {

/// A key whose value is not the same in two configurations. Accounts are counted, never named.
struct Difference {
    std::string key;
    std::string now;
    std::string next;
    Effect effect{Effect::reload};
};

/// In the order of the reference page.
std::vector<Difference> differences(const Settings& now, const Settings& next);

} // namespace sotto::config
