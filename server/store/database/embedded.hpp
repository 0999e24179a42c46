#pragma once
#include <span>
#include <string_view>

namespace sotto::store {

/// schema/accounts/*.sql in order; the n-th brings the database from version n-1 to n.
std::span<const std::string_view> accounts_migrations();
/// schema/ledger/*.sql, in the same way.
std::span<const std::string_view> ledger_migrations();
/// schema/purposes.yaml.
std::string_view purposes_yaml();

} // namespace sotto::store
