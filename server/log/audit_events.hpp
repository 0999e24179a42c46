#pragma once
#include <cstdint>
#include <string_view>

namespace sotto::log {

/// What of the audit log goes to the journal, whoever has written the entry: the daemon, or `sotto` while none runs.
/// All texts are hexadecimal digits.
void audit_head_is(std::uint64_t sequence, std::string_view hash);
/// The entry `sequence` and all before it were signed.
void audit_is_signed(std::uint64_t sequence, std::string_view hash, std::string_view signature);

} // namespace sotto::log
