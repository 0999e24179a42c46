#pragma once
#include "core/auth/nonce.hpp"
#include "core/types/ids.hpp"
#include "core/types/party.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace sotto {

enum class Transport : std::uint8_t { tls, wss };

/// A device that is registered over a flow, and whose it is.
struct RegisteredDevice {
    BindingId id;
    AccountId account;
};

/// One connection as the core sees it. Owned by the connection at the edge and lent to the core with each event.
struct Flow {
    FlowId id;
    Transport transport{Transport::tls};
    KeyedHash source;           ///< of the peer's IPv4 address or IPv6 /64, for limits; of the day it began on
    auth::FlowNonces nonces;    ///< issued on this flow, with the last nc of each
    std::vector<Party> parties; ///< proven here, latest last; at most `most_parties` beside what a certificate proves
    std::vector<AccountId> for_help;  ///< suspended, and proven here for their emergency calls alone; as many at most
    std::vector<std::string> domains; ///< that the other end's certificate proves (RFC 5922 7), in lower case
    std::uint64_t recognised_by{0};   ///< the settings by whose routes its parties were found; 0: none yet
    bool offered{false};              ///< for what goes to those domains (RFC 5923 5)
    std::vector<RegisteredDevice> bindings; ///< over this flow: they die with it (RFC 5626 7)

    /// Until then no call for help is looked at here that says to come from there, a keyed hash of address and, behind
    /// an edge, sender: one with a wrong password waits for its answer.
    struct HeldUp {
        KeyedHash whose;
        TimePoint until;
    };
    std::vector<HeldUp> held_up;
    seconds keep_alive{0}; ///< the peer promised a sign of life this often (RFC 5626 4.4); 0: it did not

    std::size_t most_parties{16};
    static constexpr std::size_t most_parties_of_edge = 16'384;

    /// A proxy stands in front (RFC 5626 5): many subscribers share the connection.
    void is_of_edge() { most_parties = most_parties_of_edge; }

    [[nodiscard]] bool of_edge() const { return most_parties == most_parties_of_edge; }
    /// The other end is no phone of ours, but another domain.
    [[nodiscard]] bool foreign() const { return !domains.empty(); }
    [[nodiscard]] bool authenticated() const { return !parties.empty() || !for_help.empty(); }
    [[nodiscard]] bool proves(const Party& party) const { return std::ranges::count(parties, party) != 0; }
    [[nodiscard]] bool registers(BindingId device) const
    {
        return std::ranges::find(bindings, device, &RegisteredDevice::id) != bindings.end();
    }
    /// Of a party whose Contact names none: the device it registered last, or the only one that anybody registered
    /// here. None: nobody knows.
    [[nodiscard]] BindingId device_of(AccountId account) const
    {
        if (bindings.size() == 1) return bindings.front().id;
        const auto last = std::find_if(bindings.rbegin(), bindings.rend(),
                                       [&](const RegisteredDevice& one) { return one.account == account; });
        return last == bindings.rend() ? BindingId{} : last->id;
    }
    /// Where several subscribers share the connection, what is held of one of them must not keep the others from help,
    /// unless as much is held as there are subscribers: or guesses had no bound.
    [[nodiscard]] bool holds_up(const KeyedHash& whose, TimePoint now) const
    {
        const auto holds = [&](const HeldUp& one) { return one.until > now; };
        const auto same = [&](const HeldUp& one) { return holds(one) && one.whose == whose; };
        return std::ranges::any_of(held_up, same) || static_cast<std::size_t>(std::ranges::count_if(held_up, holds)) >=
                                                         std::max(parties.size(), std::size_t{1});
    }
    void hold_up(const KeyedHash& whose, TimePoint until, TimePoint now)
    {
        std::erase_if(held_up, [&](const HeldUp& one) { return one.until <= now; });
        held_up.push_back({whose, until});
    }
    void authenticated_as(Party party) { remember(parties, std::move(party)); }
    void authenticated_for_help(AccountId account) { remember(for_help, account); }

private:
    /// What a certificate proves stays.
    static bool certified(const Party& party) { return party.foreign(); }
    static bool certified(AccountId) { return false; }
    template <class Proven> void remember(std::vector<Proven>& those, Proven one) const
    {
        if (std::ranges::count(those, one) != 0) return;
        if (those.size() >= most_parties)
            if (const auto oldest = std::ranges::find_if(those, [](const Proven& p) { return !certified(p); });
                oldest != those.end())
                those.erase(oldest);
        those.push_back(std::move(one));
    }
};

} // namespace sotto
