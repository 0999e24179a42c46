#pragma once
#include "config/load.hpp"

namespace sotto::config {

/// Checks what no single key can say: that the keys agree with each other. Adds problems; writes names in their one
/// form.
void agree(Loaded& loaded);

} // namespace sotto::config
