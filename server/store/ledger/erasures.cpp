#include "store/ledger/erasures.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace sotto::store {

Erasures::Erasures(const std::filesystem::path& folder, const KeyStore& keys) : file_{folder / "erasures"}, keys_{keys}
{
    const int file = open_private(file_);
    Hash hash;
    while (::read(file, hash.data(), hash.size()) == static_cast<ssize_t>(hash.size())) hashes_.insert(hash);
    ::close(file);
}

void Erasures::add(AccountId account)
{
    const auto hash = keys_.erasure_hash(account);
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
    return !hashes_.empty() && hashes_.contains(keys_.erasure_hash(account));
}

} // namespace sotto::store
