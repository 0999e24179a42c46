#include "store/erasures.hpp"

#include "crypto/primitives.hpp"
#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace sotto::store {

Erasures::Erasures(const std::filesystem::path& state_directory, const crypto::Secret& secret)
    : file_{state_directory / "erasures"}, key_{crypto::derive(secret, "sotto erased accounts")}
{
    const int file = open_private(file_);
    Hash hash;
    while (::read(file, hash.data(), hash.size()) == static_cast<ssize_t>(hash.size())) hashes_.insert(hash);
    ::close(file);
}

Erasures::Hash Erasures::hash_of(AccountId account) const
{
    const crypto::HmacSha256 hash{key_.bytes()};
    return hash(crypto::Bytes{reinterpret_cast<const std::uint8_t*>(&account.value), sizeof account.value});
}

void Erasures::add(AccountId account)
{
    const std::lock_guard lock{mutex_};
    const auto hash = hash_of(account);
    if (hashes_.contains(hash)) return;
    const int file = open_private(file_);
    const auto whole =
        static_cast<off_t>(hashes_.size() * hash.size()); // after what a crash may have left half written
    const bool written =
        ::pwrite(file, hash.data(), hash.size(), whole) == static_cast<ssize_t>(hash.size()) && ::fdatasync(file) == 0;
    const auto reason = errno;
    ::close(file);
    if (!written)
        throw StoreError{StoreError::Kind::unavailable,
                         file_.string() + " cannot be written: " + std::generic_category().message(reason)};
    hashes_.insert(hash);
}

bool Erasures::contains(AccountId account) const
{
    const std::lock_guard lock{mutex_};
    return !hashes_.empty() && hashes_.contains(hash_of(account));
}

bool Erasures::empty() const
{
    const std::lock_guard lock{mutex_};
    return hashes_.empty();
}

} // namespace sotto::store
