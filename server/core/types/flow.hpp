#pragma once
#include "core/auth/nonce.hpp"
#include "core/types/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sotto {

enum class Transport : std::uint8_t { tls, wss };

/// One connection as the core sees it. Owned by the connection at the edge and lent to the core with each event.
struct Flow {
    FlowId id;
    Transport transport{Transport::tls};
    KeyedHash source;                ///< of the peer's IPv4 address or IPv6 /64, for limits
    auth::FlowNonces nonces;         ///< issued on this flow, with the last nc of each
    std::vector<AccountId> accounts; ///< authenticated on this flow, latest last; at most `most_accounts`
    std::vector<BindingId> bindings; ///< registered over this flow: they die with it (RFC 5626 7)

    static constexpr std::size_t most_accounts = 16;

    [[nodiscard]] bool authenticated() const { return !accounts.empty(); }
    void authenticated_as(AccountId account)
    {
        if (std::ranges::find(accounts, account) != accounts.end()) return;
        if (accounts.size() == most_accounts) accounts.erase(accounts.begin());
        accounts.push_back(account);
    }
};

} // namespace sotto
