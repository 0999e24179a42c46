#pragma once
#include "core/settings.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"

#include <functional>
#include <memory>

namespace sotto::ctl {

/// `route test`: which way a call would take, and what would be sent, decided as the workers decide it. Nothing is
/// sent. `accounts` outlives the handlers; `settings` is called on the admin server's thread.
Handlers route_commands(std::function<std::shared_ptr<const CoreSettings>()> settings, store::AccountStore& accounts);

/// The address of ours that an account means by what it dials, whether it is anybody's or not. Empty: none. Waits for
/// the store.
std::string dialled_address(const CoreSettings& settings, store::AccountStore& accounts, const std::string& caller,
                            const std::string& dialled);

} // namespace sotto::ctl
