#pragma once
#include "core/action.hpp"
#include "net/burst.hpp"
#include "net/connections.hpp"
#include "net/resolver.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::net {

/// One worker's ways to other domains: finds their addresses, connects, and uses a connection again for whatever goes
/// to the same domain (RFC 5923). Each destination has one worker, so that all calls to it share a connection. Only on
/// the worker's thread.
class Outside {
public:
    /// The flow; none when there is no protected way.
    using Done = std::function<void(FlowId)>;
    /// Hears why a route cannot be used.
    using Fault = std::function<void(std::string_view route, WayFailure reason)>;

    Outside(asio::io_context& context, Bursts& bursts, Connections& connections, Fault fault);

    void use(std::shared_ptr<const Identities> identities)
    {
        identities_ = std::move(identities);
        dead_.clear(); // perhaps it was for want of these
    }

    /// `done` runs within a burst, at once when there is a connection already. Whoever asks for the same destination
    /// meanwhile waits for the same attempt. A destination that was found dead a short while ago delays nobody who has
    /// others: it is tried again beside the calls.
    void connect(const Connect& to, Done done);
    /// A domain that came in itself wants its connection to be used for what goes to it (RFC 5923 5).
    void reuse(const std::string& domain, FlowId flow) { live_.insert_or_assign(domain, flow); }

    /// From the connections: an attempt's handshake is over.
    void dialled(FlowId flow, std::optional<WayFailure> failure);
    /// A flow has ended, on this worker or another.
    void ended(FlowId flow);

private:
    struct Attempt {
        Destination to;
        std::string route;
        std::vector<Done> waiting;
        bool others_follow{false}; ///< for somebody who waits
        std::deque<Endpoint> addresses;
        TimePoint until{}; ///< no further address is tried afterwards
        FlowId dialling;
        WayFailure reason{WayFailure::unreachable};
    };
    using Attempts = std::map<std::string, Attempt>;

    [[nodiscard]] bool dead(const std::string& key, milliseconds within) const;
    void located(const std::string& key, Resolver::Found found);
    void try_next(const std::string& key);
    void reached(const std::string& key, Socket socket);
    void finish(const std::string& key, FlowId flow);

    asio::io_context& context_;
    Bursts& bursts_;
    Connections& connections_;
    Fault fault_;
    std::shared_ptr<const Identities> identities_;
    std::unique_ptr<Resolver> resolver_; ///< made when the first name is looked for
    std::map<std::string, FlowId> live_; ///< by "host" or "host:port"
    Attempts attempts_;
    std::map<std::string, TimePoint> dead_; ///< since when; only of routes with several targets, which bound it
};

} // namespace sotto::net
