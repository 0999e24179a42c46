#pragma once
#include <atomic>
#include <cstdint>

namespace sotto::test {

/// What the disk under SQLite does, for the whole process, from the first use on: a layer around SQLite's own file
/// layer.
class FaultyDisk {
public:
    enum class Fault : std::uint8_t {
        none,
        full,
        broken,
        hangs,
        unreadable ///< takes what it is given, and gives nothing back from the next flush on
    };

    FaultyDisk();
    ~FaultyDisk() { set(Fault::none); }
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    void set(Fault fault);
    /// How many reads, writes and flushes it has refused, or kept waiting.
    [[nodiscard]] std::uint64_t refused() const;
    /// How often it was waited for.
    [[nodiscard]] std::uint64_t flushes() const;
};

} // namespace sotto::test
