#pragma once
#include "audit/file_audit_log.hpp"

#include <span>

namespace sotto::audit {

/// How long it can be read whom an action was about. One row for each purpose that an action may have.
std::span<const Keep> keep_times();

} // namespace sotto::audit
