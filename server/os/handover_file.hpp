#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace sotto::os {

/// Memory that outlives the process (memfd_create(2)): the service manager keeps the descriptor and gives it to the
/// next process. Never on a disk. Its size is sealed when it is made, so that nobody who holds it can take it away
/// under us; pages exist only where something was written. Offsets and lengths are in bytes, within `size`. Safe from
/// every thread, as pread(2) and pwrite(2) are. Throws std::system_error.
class HandoverFile {
public:
    static constexpr std::uint64_t size = std::uint64_t{1} << 30U;

    static HandoverFile create();
    /// Takes over a descriptor. Nothing, and the descriptor closed, when it is not what `create` makes.
    static std::optional<HandoverFile> adopt(int descriptor);
    ~HandoverFile();
    HandoverFile(HandoverFile&& other) noexcept;
    HandoverFile& operator=(HandoverFile&& other) noexcept;
    HandoverFile(const HandoverFile&) = delete;
    HandoverFile& operator=(const HandoverFile&) = delete;

    void read(std::uint64_t offset, std::span<std::uint8_t> into) const;
    void write(std::uint64_t offset, std::span<const std::uint8_t> from);
    /// So that writing through a map never fails, which would end the process. False: there is no memory.
    [[nodiscard]] bool reserve(std::uint64_t offset, std::uint64_t length);
    /// Overwrites with zeros, from the end to the begin: what says what stands there goes last.
    void wipe(std::uint64_t offset, std::uint64_t length);
    /// The same, and gives the whole pages inside back to the system.
    void release(std::uint64_t offset, std::uint64_t length);
    /// The whole file.
    void release_all();

    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    explicit HandoverFile(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

} // namespace sotto::os
