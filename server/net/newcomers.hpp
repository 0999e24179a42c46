#pragma once
#include "core/element.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <optional>

namespace sotto::net {

/// Requests that begin something, while a worker is behind with what has begun: they wait until there is a moment for
/// them, each Turn in the order of arrival, and whoever waits too long is to be refused. So a worker that is asked
/// for more than it can do carries few calls at a time, each of them quickly, instead of many slowly.
///
/// Pure. Time is what the worker has worked, so that one that is kept from running does not refuse what it could do.
class Newcomers {
public:
    using Time = std::chrono::microseconds;

    static constexpr std::size_t most = 1'024; ///< of each Turn

    struct Newcomer {
        FlowId flow;
        MessagePtr request;
    };

    /// False, with `request` untouched, when too many wait. `turn`: not Turn::at_once.
    bool wait(Turn turn, FlowId flow, MessagePtr& request, Time now);
    [[nodiscard]] bool empty() const;
    /// One that has waited for too long.
    std::optional<Newcomer> overdue(Time now);
    /// The one whose turn it is.
    std::optional<Newcomer> next();
    /// The INVITE that a CANCEL from that flow means, if it waits: it must not begin after its end.
    MessagePtr meant_by(const Message& cancel, FlowId flow);

private:
    struct Waiting {
        Newcomer newcomer;
        Time until;
    };
    using Queue = std::deque<Waiting>;
    Queue& queue_of(Turn turn) { return turn == Turn::soon ? soon_ : later_; }
    static Newcomer first_of(Queue& queue);

    Queue soon_, later_;
};

} // namespace sotto::net
