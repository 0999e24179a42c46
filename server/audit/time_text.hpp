#pragma once
#include "audit/audit_log.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sotto::audit {

/// "2026-11-25T12:00:00.000Z", as entries have it.
std::string time_text(Time time);
/// Nothing when the text is another one than `time_text` writes.
std::optional<Time> time_from(std::string_view text);

} // namespace sotto::audit
