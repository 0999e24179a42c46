#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto::crypto {

/// Key material in memory: on pages of its own, left out of core dumps, kept from swap where the limits of the process
/// allow it (`unprotected` counts where they do not), wiped when released. Moves but does not copy. Throws
/// std::bad_alloc when the system gives no page.
class Secret {
public:
    /// `size` zero bytes.
    explicit Secret(std::size_t size);
    explicit Secret(std::span<const std::uint8_t> from);
    static Secret random(std::size_t size);
    ~Secret();
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    /// How many secrets of this process, since its start, could not be locked in memory or left out of dumps. Any
    /// thread.
    static std::uint64_t unprotected();

    [[nodiscard]] std::span<std::uint8_t> bytes() { return {start_, size_}; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {start_, size_}; }

private:
    std::uint8_t* start_{nullptr};
    std::size_t size_{0};
    std::size_t mapped_{0};
};

} // namespace sotto::crypto
