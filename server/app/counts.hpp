#pragma once
#include "core/element.hpp"
#include "metrics/family.hpp"
#include "net/connections.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace sotto::app {

/// A counter, the name under which `sotto status` shows it, and its place in the metrics: a family, and the label that
/// tells it from others of the family, which stand next to it.
template <class Counters> struct Count {
    std::string_view name;
    std::uint64_t Counters::*number;
    metrics::Family family;
    std::string_view label{};
};

using net::ConnectionCounters;
namespace family {
using metrics::Family;
using metrics::Shown;
using metrics::Type;
// clang-format off
inline constexpr Family connections  {"sotto_connections",              Type::gauge,   Shown::in_tens, "Connections now, unfinished handshakes included."};
inline constexpr Family handshakes   {"sotto_handshakes_total",         Type::counter, Shown::in_tens, "TLS handshakes.", "result"};
inline constexpr Family closed       {"sotto_connections_closed_total", Type::counter, Shown::in_tens, "Connections that the server closed before their clients did.", "reason"};
inline constexpr Family keep_alives  {"sotto_keep_alives_total",        Type::counter, Shown::in_tens, "Keep-alives that were answered (RFC 5626)."};
inline constexpr Family faults       {"sotto_internal_errors_total",    Type::counter, Shown::exact,   "Messages that met a fault of the program. Please report them."};
inline constexpr Family messages     {"sotto_sip_messages_total",       Type::counter, Shown::in_tens, "SIP messages received.", "kind"};
inline constexpr Family registrations{"sotto_registrations_total",      Type::counter, Shown::in_tens, "Registrations granted, refreshes included."};
inline constexpr Family calls        {"sotto_calls_total",              Type::counter, Shown::in_tens, "Calls.", "outcome"};
inline constexpr Family challenges   {"sotto_challenges_total",         Type::counter, Shown::in_tens, "Requests that were asked for credentials."};
inline constexpr Family wrong        {"sotto_auth_failures_total",      Type::counter, Shown::in_tens, "Credentials that were wrong.", "handling"};
inline constexpr Family strays       {"sotto_stray_messages_total",     Type::counter, Shown::in_tens, "Responses that belong to nothing, and were dropped."};
inline constexpr Family transactions {"sotto_transactions",             Type::gauge,   Shown::in_tens, "SIP transactions that run now.", "side"};
// clang-format on
} // namespace family

// clang-format off
inline constexpr std::array connection_counts{
    Count<ConnectionCounters>{"open",               &ConnectionCounters::open,               family::connections},
    Count<ConnectionCounters>{"handshakes",         &ConnectionCounters::handshakes,         family::handshakes,  "completed"},
    Count<ConnectionCounters>{"handshake_failures", &ConnectionCounters::handshake_failures, family::handshakes,  "failed"},
    Count<ConnectionCounters>{"handshake_timeouts", &ConnectionCounters::handshake_timeouts, family::handshakes,  "timeout"},
    Count<ConnectionCounters>{"crowded_out",        &ConnectionCounters::crowded_out,        family::handshakes,  "crowded out"},
    Count<ConnectionCounters>{"idle_timeouts",      &ConnectionCounters::idle_timeouts,      family::closed,      "idle"},
    Count<ConnectionCounters>{"slow_messages",      &ConnectionCounters::slow_messages,      family::closed,      "slow message"},
    Count<ConnectionCounters>{"slow_readers",       &ConnectionCounters::slow_readers,       family::closed,      "slow reader"},
    Count<ConnectionCounters>{"unframeable",        &ConnectionCounters::unframeable,        family::closed,      "no messages"},
    Count<ConnectionCounters>{"pings",              &ConnectionCounters::pings,              family::keep_alives},
    Count<ConnectionCounters>{"internal_errors",    &ConnectionCounters::internal_errors,    family::faults},
};
inline constexpr std::array element_counts{
    Count<ElementCounters>{"requests",            &ElementCounters::requests,            family::messages,     "request"},
    Count<ElementCounters>{"responses",           &ElementCounters::responses,           family::messages,     "response"},
    Count<ElementCounters>{"registrations",       &ElementCounters::registrations,       family::registrations},
    Count<ElementCounters>{"calls_answered",      &ElementCounters::calls_answered,      family::calls,        "answered"},
    Count<ElementCounters>{"calls_failed",        &ElementCounters::calls_failed,        family::calls,        "failed"},
    Count<ElementCounters>{"challenges",          &ElementCounters::challenges,          family::challenges},
    Count<ElementCounters>{"auth_failures",       &ElementCounters::auth_failures,       family::wrong,        "counted"},
    Count<ElementCounters>{"auth_slowed",         &ElementCounters::auth_slowed,         family::wrong,        "answered late"},
    Count<ElementCounters>{"auth_refused",        &ElementCounters::auth_refused,        family::wrong,        "refused unheard"},
    Count<ElementCounters>{"strays",              &ElementCounters::strays,              family::strays},
    Count<ElementCounters>{"server_transactions", &ElementCounters::server_transactions, family::transactions, "server"},
    Count<ElementCounters>{"client_transactions", &ElementCounters::client_transactions, family::transactions, "client"},
};
// clang-format on
static_assert(sizeof(ConnectionCounters) == connection_counts.size() * sizeof(std::uint64_t),
              "each counter has a name");
static_assert(sizeof(ElementCounters) == element_counts.size() * sizeof(std::uint64_t), "each counter has a name");
template <class Table> constexpr bool all_have_families(const Table& table)
{
    return std::ranges::none_of(table, [](const auto& count) { return count.family.name.empty(); });
}
static_assert(all_have_families(connection_counts) && all_have_families(element_counts),
              "each counter stands in a family: say what it means, and whether it counts what people do");

} // namespace sotto::app
