#include "crypto/random_pool.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace sotto::crypto {
namespace {
void draw(std::span<std::uint8_t> out)
{
    if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::runtime_error{"no random bytes"};
}
} // namespace

RandomPool::~RandomPool() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

void RandomPool::fill(std::span<std::uint8_t> out)
{
    if (out.size() > bytes_.size() / 4) return draw(out);
    if (out.size() > bytes_.size() - used_) {
        draw(bytes_);
        used_ = 0;
    }
    const auto from = std::span{bytes_}.subspan(used_, out.size());
    std::ranges::copy(from, out.begin());
    OPENSSL_cleanse(from.data(), from.size());
    used_ += out.size();
}

} // namespace sotto::crypto
