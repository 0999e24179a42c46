#pragma once
#include "core/element.hpp"
#include "net/connections.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sotto::app {

/// A counter and the name under which operators see it.
template <class Counters> struct Count {
    std::string_view name;
    std::uint64_t Counters::*number;
};

using net::ConnectionCounters;
// clang-format off
inline constexpr std::array connection_counts{
    Count<ConnectionCounters>{"open",               &ConnectionCounters::open},
    Count<ConnectionCounters>{"handshakes",         &ConnectionCounters::handshakes},
    Count<ConnectionCounters>{"handshake_failures", &ConnectionCounters::handshake_failures},
    Count<ConnectionCounters>{"handshake_timeouts", &ConnectionCounters::handshake_timeouts},
    Count<ConnectionCounters>{"idle_timeouts",      &ConnectionCounters::idle_timeouts},
    Count<ConnectionCounters>{"slow_messages",      &ConnectionCounters::slow_messages},
    Count<ConnectionCounters>{"slow_readers",       &ConnectionCounters::slow_readers},
    Count<ConnectionCounters>{"unframeable",        &ConnectionCounters::unframeable},
    Count<ConnectionCounters>{"pings",              &ConnectionCounters::pings},
    Count<ConnectionCounters>{"internal_errors",    &ConnectionCounters::internal_errors},
};
inline constexpr std::array element_counts{
    Count<ElementCounters>{"requests",            &ElementCounters::requests},
    Count<ElementCounters>{"responses",           &ElementCounters::responses},
    Count<ElementCounters>{"registrations",       &ElementCounters::registrations},
    Count<ElementCounters>{"calls_answered",      &ElementCounters::calls_answered},
    Count<ElementCounters>{"calls_failed",        &ElementCounters::calls_failed},
    Count<ElementCounters>{"refused",             &ElementCounters::refused},
    Count<ElementCounters>{"challenges",          &ElementCounters::challenges},
    Count<ElementCounters>{"auth_failures",       &ElementCounters::auth_failures},
    Count<ElementCounters>{"auth_slowed",         &ElementCounters::auth_slowed},
    Count<ElementCounters>{"auth_refused",        &ElementCounters::auth_refused},
    Count<ElementCounters>{"strays",              &ElementCounters::strays},
    Count<ElementCounters>{"server_transactions", &ElementCounters::server_transactions},
    Count<ElementCounters>{"client_transactions", &ElementCounters::client_transactions},
};
// clang-format on
static_assert(sizeof(ConnectionCounters) == connection_counts.size() * sizeof(std::uint64_t),
              "each counter has a name");
static_assert(sizeof(ElementCounters) == element_counts.size() * sizeof(std::uint64_t), "each counter has a name");

} // namespace sotto::app
