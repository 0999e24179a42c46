#include "crypto/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <utility>

namespace sotto::crypto {
namespace {

std::atomic<std::uint64_t> refused{0};

} // namespace

std::uint64_t Secret::unprotected() { return refused.load(std::memory_order_relaxed); }

Secret::Secret(std::size_t size) : size_{size}
{
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (std::max<std::size_t>(size, 1) + page - 1) / page * page;
    void* pages = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc{};
    start_ = static_cast<std::uint8_t*>(pages);
    // Both only harden: a container may forbid them, and the keys are needed all the same. The operator is told.
    const bool locked = mlock(pages, mapped_) == 0;
    const bool left_out = madvise(pages, mapped_, MADV_DONTDUMP) == 0;
    if (!locked || !left_out) refused.fetch_add(1, std::memory_order_relaxed);
}

Secret::Secret(std::span<const std::uint8_t> from) : Secret{from.size()} { std::ranges::copy(from, start_); }

Secret Secret::random(std::size_t size)
{
    Secret secret{size};
    if (RAND_priv_bytes(secret.start_, static_cast<int>(size)) != 1) throw std::runtime_error{"no random bytes"};
    return secret;
}

Secret::~Secret()
{
    if (start_ == nullptr) return;
    OPENSSL_cleanse(start_, size_);
    munmap(start_, mapped_);
}

Secret::Secret(Secret&& other) noexcept
    : start_{std::exchange(other.start_, nullptr)}, size_{std::exchange(other.size_, 0)}, mapped_{std::exchange(
                                                                                              other.mapped_, 0)}
{
}

Secret& Secret::operator=(Secret&& other) noexcept
{
    std::swap(start_, other.start_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
}

} // namespace sotto::crypto
