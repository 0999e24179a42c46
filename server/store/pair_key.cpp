#include "store/pair_key.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <openssl/rand.h>
#include <unistd.h>

namespace sotto::store {

crypto::Secret pair_key(const std::filesystem::path& state_directory)
{
    constexpr std::size_t size = 32;
    const auto file = state_directory / "pair.key";
    crypto::Secret key{size};
    auto* const bytes = key.bytes().data();
    const int descriptor = open_private(file);
    const auto have = ::read(descriptor, bytes, size);
    bool good = have == static_cast<ssize_t>(size);
    if (have == 0)
        good = RAND_bytes(bytes, static_cast<int>(size)) == 1 &&
               ::write(descriptor, bytes, size) == static_cast<ssize_t>(size) && ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!good)
        throw StoreError{StoreError::Kind::unavailable,
                         file.string() +
                             " holds no whole key and none can be written: restore it, or remove it, and "
                             "callers that were blocked unseen can call again, and a backup may bring erased "
                             "persons back"};
    return key;
}

} // namespace sotto::store
