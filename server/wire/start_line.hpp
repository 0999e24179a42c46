#pragma once
#include "core/message/refusal.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto::wire {

/// The three words of a request line or status line (RFC 3261 7.1, 7.2).
struct StartLine {
    bool is_request{true};
    std::string_view method;
    std::string_view uri;          ///< as written; not yet held against the grammar
    std::uint16_t status{0};       ///< 100-699
    std::optional<Refusal> defect; ///< malformed, or another version: can be answered all the same
};

/// Nothing when this is no SIP start line at all: there is no method or no version to go by.
std::optional<StartLine> read_start_line(std::string_view line);

} // namespace sotto::wire
