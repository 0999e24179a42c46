#pragma once
#include "crypto/secret.hpp"

#include <filesystem>

namespace sotto::store {

/// The key that wraps the key store: 64 hexadecimal digits in a file, as `openssl rand -hex 32` writes them. Throws
/// StoreError (unavailable) with a sentence that says what is wrong and what to do.
crypto::Secret read_master_key(const std::filesystem::path& file);

/// The name under which systemd hands the key to the service: LoadCredential=sotto-master-key:...
inline constexpr const char* master_credential = "sotto-master-key";

/// The key that the service has: of the file that the configuration names, or of that credential.
/// Throws StoreError.
crypto::Secret master_key(std::filesystem::path configured);

/// Where systemd puts the credential of that name (LoadCredentialEncrypted=); empty when it has given none.
std::filesystem::path credential(const char* name);

} // namespace sotto::store
