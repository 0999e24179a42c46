#pragma once
#include "core/auth/account.hpp"
#include "core/message/refusal.hpp"
#include "core/routing/route.hpp"
#include "core/settings.hpp"
#include "core/types/uri.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// Where a call goes (RFC 3261 16.5 "target determination"). `sotto route test` shows the same decision.
struct Decision {
    enum class Way : std::uint8_t {
        inside,  ///< to `aor`, whether it is anybody's or not
        outside, ///< over `route`
        refused
    };
    Way way{Way::refused};
    std::string aor{};           ///< "user@domain": inside canonical; toward a peer as it was dialled
    std::string number{};        ///< E.164; of an emergency call: as it was dialled; empty: no number was dialled
    std::string service{};       ///< "sos.fire" of urn:service:sos.fire
    const Route* route{nullptr}; ///< lives as long as the settings
    Refusal refusal{Refusal::not_found};

    [[nodiscard]] bool emergency() const { return route != nullptr && route->kind == Receiver::emergency; }
};

/// What is read for a decision; all of it snapshots.
struct RoutingTable {
    const CoreSettings& settings;
    const AccountDirectory& accounts;
    bool gateways{true}; ///< whether a call may leave over one: another domain's may not
};

/// `user` is the Request-URI's user part, unescaped and without a prefix that withholds or shows the caller; `caller`
/// the served domain whose way of dialling counts. Emergency calls are found before everything else.
Decision choose(const RoutingTable& table, std::string_view caller, const Uri& uri, std::string_view user);

/// The E.164 number in the address of somebody who calls from the telephone network, whole or as `domain` dials it from
/// elsewhere; empty: none. Digits without any prefix of a country that has one are nobody's: they may be a whole number
/// without its "+", which would be taken for one of the area.
std::string calling_number(const CoreSettings& settings, std::string_view domain, const Uri& uri);

/// The route that a peer may call in by, or be called by: the first whose match names the domain. Null: none.
const Route* peer_route(const CoreSettings& settings, std::string_view domain);
/// Whether one of these names is a target of the route.
bool leads_to(const Route& route, std::span<const std::string> domains);
const Route* route_named(const CoreSettings& settings, std::string_view name);

} // namespace sotto
