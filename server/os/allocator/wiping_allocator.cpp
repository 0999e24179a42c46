// Freed memory is overwritten before anybody else can have it (DESIGN.md P9): a call's identifiers end with the call,
// also in buffers of the C++ library, Asio, OpenSSL and sofia-sip. By interposition: the daemon's own `malloc`, `free`
// and `realloc` take the place of the C library's, which go on doing the work. Costs 5 % more instructions per message
// (measured).
//
// Each message takes and gives back a handful of blocks that are too large for the C library's cache of a thread: the
// buffers of TLS records, the message's arena, what is written. Taking those from its heap splits and joins chunks each
// time. So each thread keeps the last few, wiped, for the next message.

#include <malloc.h>

#include <array>
#include <cstddef>
#include <cstring>

extern "C" {
void __libc_free(void* block) noexcept;    // NOLINT(bugprone-reserved-identifier)
void* __libc_malloc(std::size_t) noexcept; // NOLINT(bugprone-reserved-identifier)
}

namespace {

/// The C library's own cache ends here (its tunable glibc.malloc.tcache_max).
constexpr std::size_t small = 1'032;
/// A buffer of a whole TLS record is the largest that comes and goes with a message.
constexpr std::size_t large = 18'432;

struct Kept {
    void* block;
    std::size_t size;
};
/// Of this thread; at most 288 KiB. A thread that ends leaves them: the daemon's last as long as it does.
constinit thread_local std::array<Kept, 16> kept{};
/// A block that was wiped just now, as far as that goes, and has not been seen by anybody since.
constinit thread_local Kept wiped{};

/// The tightest that fits and wastes no more than a quarter; null when there is none.
void* take_kept(std::size_t size)
{
    Kept* best = nullptr;
    for (auto& one : kept)
        if (one.block != nullptr && one.size >= size && one.size - size <= size / 4 &&
            (best == nullptr || one.size < best->size))
            best = &one;
    if (best == nullptr) return nullptr;
    auto* const block = best->block;
    best->block = nullptr;
    return block;
}

bool keep(void* block, std::size_t size)
{
    for (auto& one : kept)
        if (one.block == nullptr) {
            one = {block, size};
            return true;
        }
    return false;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) noexcept
{
    wiped = {};
    if (size > small && size <= large)
        if (auto* const block = take_kept(size)) return block;
    return __libc_malloc(size);
}

void free(void* block) noexcept
{
    if (block == nullptr) return;
    const auto size = malloc_usable_size(block);
    const auto done = wiped.block == block && wiped.size <= size ? wiped.size : 0;
    wiped = {};
    explicit_bzero(static_cast<char*>(block) + done, size - done);
    if (size > small && size <= large && keep(block, size)) return;
    __libc_free(block);
}

void* realloc(void* block, std::size_t size) noexcept
{
    wiped = {}; // it is used again, perhaps where it is
    if (block == nullptr) return malloc(size);
    if (size == 0) {
        free(block);
        return nullptr;
    }
    const auto held = malloc_usable_size(block);
    if (size <= held && size >= held / 2) return block;
    // The C library's own would leave the old bytes behind when it moves a block.
    auto* const moved = malloc(size);
    if (moved == nullptr) return size <= held ? block : nullptr;
    std::memcpy(moved, block, size < held ? size : held);
    free(block);
    return moved;
}

/// OpenSSL's own writes eight bytes at a time; of each message it wipes the buffer of a whole record, and frees it with
/// the next call: then once is enough.
void OPENSSL_cleanse(void* block, std::size_t size)
{
    explicit_bzero(block, size);
    wiped = size > large / 2 ? Kept{block, size} : Kept{};
}

} // extern "C"
