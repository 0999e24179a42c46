#pragma once
#include "load/options.hpp"
#include "load/run.hpp"

#include <string>
#include <string_view>

namespace sotto::load {

std::string_view name_of(Profile profile);

/// For people: aligned lines. For programs: one JSON object with the same figures, stable names.
std::string as_text(const Options& options, const Measured& measured);
std::string as_json(const Options& options, const Measured& measured);

} // namespace sotto::load
