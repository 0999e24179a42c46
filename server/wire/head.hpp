#pragma once
#include "wire/framer.hpp"

#include <optional>
#include <string_view>

namespace sotto::wire {

// A head here is the start line and the headers of a message without the blank line that ends them; the last line keeps
// its CRLF. Folds are still in place (RFC 3261 7.3.1): a logical line may span several physical ones.

/// One header as it stands: the name without the spaces that wsinv of RFC 4475 puts before the colon, the value
/// trimmed.
struct HeaderLine {
    std::string_view name;
    std::string_view value;
};

/// Takes the next logical line off `head`, without its CRLF. Precondition: `head` is not empty, and CR and LF stand in
/// it as line ends only.
std::string_view take_line(std::string_view& head);

/// Nothing when there is no colon or the name is not a token.
std::optional<HeaderLine> split(std::string_view line);

/// A head as a whole.
struct Examined {
    /// What is wrong with it, if anything: control characters, bare CR or LF (which other implementations take for line
    /// ends), or more lines, commas or bytes than the limits allow.
    std::optional<Refusal> fault;
    bool folded{false}; ///< a line goes on in the next one
};

/// Linear, no allocation.
Examined examine(std::string_view head, const Limits& limits);

} // namespace sotto::wire
