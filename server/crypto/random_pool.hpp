#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto::crypto {

/// Random bytes out of the library's generator, fetched some at a time: one call of it costs the same for 8 bytes as
/// for 256. What has been handed out is wiped. Not thread-safe.
class RandomPool {
public:
    RandomPool() = default;
    ~RandomPool();
    RandomPool(const RandomPool&) = delete;
    RandomPool& operator=(const RandomPool&) = delete;

    void fill(std::span<std::uint8_t> out);

private:
    std::array<std::uint8_t, 256> bytes_{};
    std::size_t used_{256};
};

} // namespace sotto::crypto
