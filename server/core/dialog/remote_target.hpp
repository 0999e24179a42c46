#pragma once
#include "core/routing/route.hpp"
#include "core/types/uri.hpp"

#include <string>
#include <string_view>

namespace sotto {

/// A Contact as requests to it name it: without `method` and headers, which no Request-URI has (RFC 3261 19.1.1, table
/// 1), and without the parameters that `unwanted` is true of. Empty when its scheme is neither sip nor sips.
std::string request_uri_of(const Uri& contact, bool (*unwanted)(std::string_view parameter) = nullptr);

/// What requests inside a dialog need of a remote target that is no binding of ours (RFC 3261 12.1). It waits in memory
/// as one sealed text under a handle.
struct RemoteTarget {
    std::string uri{};      ///< the Contact (request_uri_of)
    std::string route{};    ///< the route set as one Route value; empty: none
    std::string address{};  ///< of a foreign party: how it calls itself in From and To, without the tag
    Destination next_hop{}; ///< of a foreign party: where to connect when its connection is gone

    [[nodiscard]] std::string pack() const;
    static RemoteTarget unpack(std::string_view text);
};

} // namespace sotto
