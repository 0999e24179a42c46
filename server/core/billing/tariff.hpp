#pragma once
#include "core/retention/policy.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sotto::billing {

/// How a call on a billed route is recorded: no more than rating needs.
struct Tariff {
    std::string name; ///< tariff class, as the invoicing system knows it
    std::string route;
    seconds start_rounding{1};      ///< the begin is cut to a multiple of this; at least 1 s
    std::uint32_t hidden_digits{0}; ///< at the end of the destination, not stored
    retention::Case kind{retention::Case::chargeable};
    bool operator==(const Tariff&) const = default;
};

/// Calls between subscribers of one server, which take no route: to addresses that begin with `prefix`.
struct InsideTariff {
    std::string prefix;
    Tariff tariff;
};

/// That of the longest prefix; null: the call is not billed.
const InsideTariff* tariff_inside(std::span<const InsideTariff> tariffs, std::string_view dialled);

/// What is stored of the destination: whole, or with its last digits replaced by "x".
std::string rated_destination(std::string_view dialled, std::uint32_t hidden_digits);

/// What is stored of the begin.
retention::Time rated_start(retention::Time start, seconds rounding);

} // namespace sotto::billing
