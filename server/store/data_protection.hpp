#pragma once
#include <string>

namespace sotto::store {

/// docs/data-protection.md: every stored column, purpose, basis and period, from schema/purposes.yaml and the retention
/// matrix.
std::string data_protection_page();

} // namespace sotto::store
