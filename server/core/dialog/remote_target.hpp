#pragma once
#include "core/routing/route.hpp"

#include <string>
#include <string_view>

namespace sotto {

/// What requests inside a dialog need of a remote target that is no binding of ours (RFC 3261 12.1). It waits in memory
/// as one sealed text under a handle.
struct RemoteTarget {
    std::string uri{};      ///< the Contact
    std::string route{};    ///< the route set as one Route value; empty: none
    std::string address{};  ///< of a foreign party: how it calls itself in From and To, without the tag
    Destination next_hop{}; ///< of a foreign party: where to connect when its connection is gone

    [[nodiscard]] std::string pack() const;
    static RemoteTarget unpack(std::string_view text);
};

} // namespace sotto
