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
    /// Before anything is written there. False: there is no memory for it.
    [[nodiscard]] virtual bool reserve(std::uint64_t offset, std::uint64_t length) = 0;
    virtual void read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
    /// At least 8 bytes, at a multiple of 8. Up to this, inside one page, and where zeros were: whole, or without its
    /// first 8 bytes, also when the process is killed.
    static constexpr std::uint64_t whole = 4'096;
    static constexpr std::size_t last = 8; ///< bytes at the begin, which are written last and at once
    virtual void write(std::uint64_t offset, std::span<const std::uint8_t> from) = 0;
    /// Overwrites with zeros, at first the first 8 bytes.
    virtual void wipe(std::uint64_t offset, std::uint64_t length) = 0;
    /// Overwrites with zeros, from the end to the begin, and the memory may go back to the system.
    virtual void release(std::uint64_t offset, std::uint64_t length) = 0;
};

} // namespace sotto::location
