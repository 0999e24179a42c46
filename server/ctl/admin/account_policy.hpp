#pragma once
#include "config/settings.hpp"
#include "store/account_store.hpp"

namespace sotto::ctl {

/// What the configuration says about accounts. Copies what it needs of the settings.
store::AccountPolicy account_policy(const config::Settings& settings);

} // namespace sotto::ctl
