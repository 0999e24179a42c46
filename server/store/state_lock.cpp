#include "store/state_lock.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <cerrno>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sotto::store {

std::optional<StateLock> StateLock::take(const std::filesystem::path& state_directory)
{
    constexpr mode_t only_the_owner = 0700;
    ::mkdir(state_directory.c_str(), only_the_owner); // when it fails, opening the lock says why
    StateLock lock{open_private(state_directory / "lock")};
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK) return std::nullopt;
    throw StoreError{StoreError::Kind::unavailable,
                     "the state directory cannot be locked: " + std::generic_category().message(errno)};
}

StateLock::~StateLock()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

} // namespace sotto::store
