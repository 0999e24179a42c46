#include "os/handover_map.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sotto::os {
namespace {

constexpr std::size_t at_once = sizeof(std::uint64_t);

void store(std::uint8_t* at, std::uint64_t value)
{
    std::atomic_ref{*reinterpret_cast<std::uint64_t*>(at)}.store(value, std::memory_order_release);
}

} // namespace

HandoverMap::HandoverMap(const HandoverFile& file, std::uint64_t begin, std::uint64_t end) : size_{end - begin}
{
    void* const at =
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), static_cast<off_t>(begin));
    if (at == MAP_FAILED) throw std::system_error{errno, std::generic_category(), "memory for the next process"};
    madvise(at, size_, MADV_DONTDUMP);
    at_ = static_cast<std::uint8_t*>(at);
}

HandoverMap::~HandoverMap() { munmap(at_, size_); }

void HandoverMap::write(std::uint64_t offset, std::span<const std::uint8_t> from)
{
    assert(offset % at_once == 0 && from.size() >= at_once && offset + from.size() <= size_);
    std::uint64_t first = 0;
    std::memcpy(&first, from.data(), at_once);
    std::memcpy(at_ + offset + at_once, from.data() + at_once, from.size() - at_once);
    store(at_ + offset, first);
}

void HandoverMap::wipe(std::uint64_t offset, std::uint64_t length)
{
    assert(offset % at_once == 0 && length >= at_once && offset + length <= size_);
    store(at_ + offset, 0);
    std::atomic_signal_fence(std::memory_order_seq_cst); // nothing of the rest goes before
    explicit_bzero(at_ + offset + at_once, length - at_once);
}

} // namespace sotto::os
