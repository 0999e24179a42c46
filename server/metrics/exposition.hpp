#pragma once
#include "metrics/family.hpp"

#include <span>
#include <string>

namespace sotto::metrics {

/// Prometheus's text format, version 0.0.4. Numbers as they may be shown.
std::string exposition(std::span<const Measured> all);
inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

/// The rows of a table for docs/metrics.md.
std::string reference(std::span<const Measured> all);

} // namespace sotto::metrics
