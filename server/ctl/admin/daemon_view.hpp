#pragma once
#include "core/registrar/binding.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace sotto::ctl {

/// One binding as an operator may see it: no address, no device.
struct BindingView {
    BindingId id;
    seconds expires_in{0};
    std::optional<Transport> transport{}; ///< none: it sleeps, and is woken when it is called
    std::uint16_t q{1000};                ///< thousandths
};

/// As answers have it: tls, wss, or null of a phone that sleeps.
json::value transport_of(const BindingView& binding);

/// What the running daemon offers to the admin socket. Called on the admin server's thread; may wait for the workers,
/// but must not be called by them.
struct DaemonView {
    /// Anything worth knowing at a glance; names of members are stable, values are numbers, texts, lists or objects.
    std::function<json::object()> status;
    /// Live bindings of an account, then its phones that sleep (RFC 8599).
    std::function<std::vector<BindingView>(AccountId)> bindings;
    /// False when the account has no such binding.
    std::function<bool(AccountId, BindingId)> remove_binding;
    /// Reads the configuration and certificates again, all or nothing. The result says what changed, and under
    /// "needs_restart" what waits for one.
    std::function<Reply()> reload;
    /// What `reload` would change: rows {key, now, next, effect} under "differences".
    std::function<Reply()> diff;
    /// No new calls from now on; what runs goes on.
    std::function<void()> drain;
};

/// `binding list|remove`, `status`, `reload`, `drain`. `accounts` outlives the handlers.
///     binding list   address            -> bindings [{binding, expires_in, transport, q}, ...]
///     binding remove address, binding   -> removed (the binding's id)
Handlers daemon_commands(const DaemonView& daemon, store::AccountStore& accounts);

} // namespace sotto::ctl
