#pragma once
#include "crypto/secret.hpp"

#include <filesystem>
#include <optional>
#include <stdexcept>

namespace sotto::audit {

/// There is no key for the audit log. `what()` says what to do about it.
class NoAuditKey : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The name under which systemd hands the key to the service: LoadCredential=audit-key:...
inline constexpr const char* audit_credential = "audit-key";

/// The key that checkpoints, MACs and sealed values come from. It is the credential `audit-key`, when there is one;
/// else the content of `file`, which is made with a random key when it is missing. At least 32 bytes. Throws
/// NoAuditKey.
crypto::Secret audit_key(const std::optional<std::filesystem::path>& file);

} // namespace sotto::audit
