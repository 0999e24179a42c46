#pragma once
#include <cstdint>
#include <span>

namespace sotto::location {

/// Memory that the next process will read: what is written stays when this process is killed. Zeros at first. Offsets
/// and lengths in bytes, within `size`. Calls come one at a time.
class Region {
public:
    virtual ~Region() = default;

    [[nodiscard]] virtual std::uint64_t size() const = 0;
    virtual void read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
    /// Up to this, inside one page: whole or not at all, also when the process is killed.
    static constexpr std::uint64_t whole = 4'096;
    virtual void write(std::uint64_t offset, std::span<const std::uint8_t> from) = 0;
    /// Overwrites with zeros.
    virtual void wipe(std::uint64_t offset, std::uint64_t length) = 0;
    /// Overwrites with zeros, and the memory may go back to the system.
    virtual void release(std::uint64_t offset, std::uint64_t length) = 0;
};

} // namespace sotto::location
