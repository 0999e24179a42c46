#pragma once
#include "core/types/ids.hpp"
#include "core/types/time.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace sotto::ctl {

/// What diagnosis needs of the running daemon. Called on the admin server's thread.
struct DiagnosisView {
    std::function<Reply(AccountId account, const std::string& address, seconds time)> start_trace;
    std::function<Reply()> stop_trace;
    Canonical canonical;                                          ///< the desk's: a trace's end is found by it
    std::function<std::string(std::string_view value)> pseudonym; ///< of today
};

/// `trace start|stop`, `log explain`. `accounts` outlives the handlers.
Handlers diagnosis_commands(const DiagnosisView& daemon, store::AccountStore& accounts);

} // namespace sotto::ctl
