#include "audit/audit_key.hpp"

#include "audit/files.hpp"
#include "audit/keys.hpp"

#include <openssl/crypto.h>

#include <cstdlib>

namespace sotto::audit {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t key_bytes = 32;

/// A key of any length becomes one of 32 bytes.
crypto::Secret key_of(std::string& content, const fs::path& file)
{
    if (content.size() < key_bytes)
        throw NoAuditKey{file.string() +
                         " is no audit key: it needs 32 bytes or more, such as `head -c 32 /dev/urandom` gives"};
    auto hash = sha256(crypto::as_bytes(content));
    OPENSSL_cleanse(content.data(), content.size());
    crypto::Secret key{hash};
    OPENSSL_cleanse(hash.data(), hash.size());
    return key;
}

void make(const fs::path& file)
{
    const auto fresh = crypto::Secret::random(key_bytes);
    auto opened = open_own(file);
    auto failed = opened ? write_at(*opened, 0, fresh.bytes()) : opened.error();
    if (!failed) failed = flush(*opened);
    if (failed) throw NoAuditKey{file.string() + " cannot be made: " + failed.message()};
}

crypto::Secret read(const fs::path& file)
{
    std::error_code unknown;
    const auto status = fs::status(file, unknown);
    if (fs::exists(status) && !fs::is_regular_file(status)) // a device could be read for ever
        throw NoAuditKey{file.string() + " is no file"};
    auto content = read_all(file);
    if (!content) throw NoAuditKey{file.string() + " cannot be read: " + content.error().message()};
    return key_of(*content, file);
}

} // namespace

crypto::Secret audit_key(const std::optional<fs::path>& file)
{
    if (const auto* folder = std::getenv("CREDENTIALS_DIRECTORY")) {
        const auto credential = fs::path{folder} / audit_credential;
        std::error_code ignored;
        if (fs::exists(credential, ignored)) return read(credential);
    }
    if (!file)
        throw NoAuditKey{
            "there is no key for the audit log: the service gets it as the systemd credential `audit-key`; without "
            "systemd, weaken.audit_key_file names a file for it"};
    std::error_code failed;
    if (!fs::exists(*file, failed)) make(*file);
    return read(*file);
}

} // namespace sotto::audit
