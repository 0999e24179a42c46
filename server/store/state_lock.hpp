#pragma once
#include <filesystem>
#include <optional>
#include <utility>

namespace sotto::store {

/// The right to use a state directory: held by the daemon while it runs, or by one `sotto` command while it does not.
/// Ends with the object, and by itself when the process dies. Movable; not copyable.
class StateLock {
public:
    /// Takes `state_directory/lock` without waiting, and makes the directory (mode 0700) when only that is missing.
    /// Nothing when another process holds the lock. Throws StoreError (unavailable) when the directory may not be
    /// written.
    static std::optional<StateLock> take(const std::filesystem::path& state_directory);

    StateLock(StateLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    StateLock& operator=(StateLock&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~StateLock();

private:
    explicit StateLock(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

} // namespace sotto::store
