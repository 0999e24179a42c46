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
/// to the same domain on behalf of one that our certificate there proves (RFC 5923, ADR 28). Each destination has one
/// worker, so that all calls to it share a connection. Only on the worker's thread.
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
        past_.clear();
    }

    /// `done` runs within a burst, at once when there is a connection already. Whoever asks for the same destination
    /// meanwhile waits for the same attempt. A destination that was found dead a short while ago delays nobody who has
    /// others: it is tried again beside the calls. For a minute calls go to a host that another one has failed at only
    /// if no other host of that name is connected.
    void connect(const Connect& to, Done done);
    /// A domain that came in itself wants its connection to be used for what goes to it (RFC 5923 5), on behalf of
    /// those of ours that were proven there.
    void reuse(const std::string& domain, FlowId flow, std::vector<std::string> proves)
    {
        add(domain, {flow, std::move(proves)});
    }

    /// From the connections: an attempt's handshake is over.
    void dialled(FlowId flow, std::optional<WayFailure> failure);
    /// A flow has ended, on this worker or another.
    void ended(FlowId flow);

private:
    /// A live connection to a destination.
    struct Way {
        FlowId flow;
        std::vector<std::string> proves; ///< the domains of ours that the other end knows us by
        Endpoint at{};                   ///< port 0: the other side began it
    };
    /// A connection to a destination that has ended, or at whose end a call has failed; which of the two is heard first
    /// is chance.
    struct Past {
        std::string to;
        FlowId flow;
        Endpoint at;
        TimePoint since{};
        bool failed{false};
    };
    /// A destination, as "host" or "host:port", which of our certificates it is shown, and what has failed there.
    struct Key {
        std::string to;
        std::size_t certificate{0};
        std::vector<FlowId> instead_of;
        auto operator<=>(const Key&) const = default;
    };
    struct Attempt {
        Destination to;
        std::string own; ///< of those that share the attempt, the first one's
        std::string route;
        std::vector<Done> waiting;
        bool others_follow{false}; ///< for somebody who waits
        std::deque<Endpoint> addresses;
        TimePoint until{}; ///< no further address is tried afterwards
        Endpoint at{};     ///< where it is now
        FlowId dialling;
        WayFailure reason{WayFailure::unreachable};
    };
    using Attempts = std::map<Key, Attempt>;

    /// Not preferred: another host of the name has failed a call, and calls come back to that one.
    void add(const std::string& to, Way fresh, bool preferred = true);
    [[nodiscard]] FlowId live(const std::string& to, const std::string& own, const Identities::Speaker& speaker,
                              const std::vector<FlowId>& instead_of, const Endpoint* at = nullptr) const;
    [[nodiscard]] bool tried(const std::string& to, const std::vector<FlowId>& instead_of, FlowId flow,
                             const Endpoint& at) const;
    [[nodiscard]] bool avoided(const std::string& to, FlowId flow) const;
    void failed(const std::string& to, FlowId flow);
    void remember(Past past);
    void forget();
    [[nodiscard]] bool dead(const std::string& to, milliseconds within) const;
    void located(const Key& key, Resolver::Found found);
    void try_next(const Key& key);
    void reached(const Key& key, Socket socket);
    void finish(const Key& key, FlowId flow);

    asio::io_context& context_;
    Bursts& bursts_;
    Connections& connections_;
    Fault fault_;
    std::shared_ptr<const Identities> identities_;
    std::unique_ptr<Resolver> resolver_;           ///< made when the first name is looked for
    std::map<std::string, std::vector<Way>> live_; ///< by destination; what was opened last stands first, but for what
                                                   ///< was opened because another host had failed
    Attempts attempts_;
    std::map<std::string, TimePoint>
        dead_;              ///< destinations, and since when; only of routes with several targets, which bound it
    std::deque<Past> past_; ///< of the last minutes
    asio::steady_timer forgets_{context_};
};

} // namespace sotto::net
