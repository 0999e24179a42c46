#pragma once
#include "os/handover_file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto::os {

/// A part of a HandoverFile in the address space of the process, where a write costs no system call: for what is
/// written with each call, not for keys, which it would show a second time. Nothing of it reaches a core dump. Offsets
/// and lengths in bytes from the part's begin, the offsets multiples of 8. Calls come one at a time. Reading is the
/// file's: a map would make pages of what is empty. Throws std::system_error.
class HandoverMap {
public:
    /// `begin` and `end`: multiples of the size of a page. It may outlive the file.
    HandoverMap(const HandoverFile& file, std::uint64_t begin, std::uint64_t end);
    ~HandoverMap();
    HandoverMap(const HandoverMap&) = delete;
    HandoverMap& operator=(const HandoverMap&) = delete;

    /// At least 8 bytes, of which the first 8 are written at last and at once: whoever finds them finds all of it, also
    /// when the process is killed meanwhile.
    void write(std::uint64_t offset, std::span<const std::uint8_t> from);
    /// Overwrites with zeros, the first 8 bytes at first and at once.
    void wipe(std::uint64_t offset, std::uint64_t length);

private:
    std::uint8_t* at_;
    std::size_t size_;
};

} // namespace sotto::os
