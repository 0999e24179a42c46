#pragma once
#include "wire/grammar.hpp"

#include <optional>
#include <string_view>

namespace sotto::wire {

/// What an answer needs of a header that is malformed (RFC 3261 8.2.6.2: Via, From and To are copied into the
/// response): the part that the grammar accepts, without the part that it does not. Nothing when there is no such part.

/// Drops the display name, and all parameters but a well-formed tag.
std::optional<NameAddr> salvage_address(Grammar& grammar, std::string_view text);
/// Drops all parameters but a well-formed branch.
std::optional<Via> salvage_via(Grammar& grammar, std::string_view text, Arena& arena);

} // namespace sotto::wire
