#pragma once
#include "config/settings.hpp"
#include "store/account_store.hpp"

#include <functional>
#include <string>

namespace sotto::ctl {

/// What the configuration says about accounts. Copies what it needs of the settings.
store::AccountPolicy account_policy(const config::Settings& settings);

/// An address as typed, as the store knows it; what is no address as it is.
using Canonical = std::function<std::string(const std::string& typed)>;
/// Without its scheme; where its domain is an alias, and no account has that address as it is written, with the domain
/// that the alias means; what is no address as it is. Asks the store about aliases, and waits for it.
std::string canonical(const std::string& typed, const store::AccountPolicy& policy, store::AccountStore& accounts);

} // namespace sotto::ctl
