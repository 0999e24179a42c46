#include "store/pair_key.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <openssl/rand.h>
#include <unistd.h>

namespace sotto::store {

std::array<std::uint8_t, 32> pair_key(const std::filesystem::path& state_directory)
{
    const auto file = state_directory / "pair.key";
    const int descriptor = open_private(file);
    std::array<std::uint8_t, 32> key{};
    const auto have = ::read(descriptor, key.data(), key.size());
    bool good = have == static_cast<ssize_t>(key.size());
    if (have == 0)
        good = RAND_bytes(key.data(), static_cast<int>(key.size())) == 1 &&
               ::write(descriptor, key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
               ::fsync(descriptor) == 0;
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
