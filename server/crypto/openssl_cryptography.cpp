#include "crypto/openssl_cryptography.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>
#include <stdexcept>

namespace sotto::crypto {
namespace {
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

KeyedHash hash_with(const HmacSha256& hmac, Cryptography::Use use, std::string_view data)
{
    // The use stands first and has one length, so no text under one use equals a text under another.
    const auto label = static_cast<std::uint8_t>(use);
    const auto hash = hmac({&label, 1}, as_bytes(data));
    KeyedHash out;
    std::memcpy(&out.high, hash.data(), 8);
    std::memcpy(&out.low, hash.data() + 8, 8);
    return out;
}

} // namespace

OpenSslCryptography::OpenSslCryptography(std::shared_ptr<const ProcessKeys> keys,
                                         std::shared_ptr<const KeyRing> rotating,
                                         std::shared_ptr<const Secret> pair_key)
    : keys_{std::move(keys)}, rotating_{std::move(rotating)}, pair_key_{std::move(pair_key)},
      hash_{keys_->hash().bytes()}, pair_hash_{pair_key_ ? pair_key_->bytes() : keys_->hash().bytes()},
      block_{keys_->block().bytes()}, memory_{keys_->memory().bytes()}, md5_{"MD5"}
{
}

OpenSslCryptography::~OpenSslCryptography() = default;

void OpenSslCryptography::random(std::span<std::uint8_t> out) { random_.fill(out); }

std::array<std::uint8_t, 32> OpenSslCryptography::sha256(std::string_view data)
{
    return crypto::sha256(as_bytes(data));
}

std::array<std::uint8_t, 16> OpenSslCryptography::md5(std::string_view data)
{
    std::array<std::uint8_t, 16> out;
    md5_(as_bytes(data), out);
    return out;
}

std::array<std::uint8_t, 20> OpenSslCryptography::hmac_sha1(std::string_view key, std::string_view data)
{
    std::array<std::uint8_t, 20> out;
    if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), as_bytes(data).data(), data.size(), out.data(),
             nullptr) == nullptr)
        throw std::runtime_error{"OpenSSL: HMAC-SHA1 is not available"};
    return out;
}

KeyedHash OpenSslCryptography::keyed_hash(Use use, std::string_view data)
{
    return hash_with(use == Use::pair ? pair_hash_ : hash_, use, data);
}

RotatingHash OpenSslCryptography::rotating_hash(Use use, std::string_view data)
{
    if (!rotating_) {
        const auto hash = hash_with(hash_, use, data);
        return {hash, hash};
    }
    if (rotating_->generation() != generation_) refresh();
    const auto now = hash_with(*hash_of_now_, use, data);
    return {now, hash_of_before_ ? hash_with(*hash_of_before_, use, data) : now};
}

void OpenSslCryptography::refresh()
{
    if (!rotating_) return;
    generation_ = rotating_->generation(); // before the keys: a change in between is seen the next time
    const auto keys = rotating_->snapshot();
    hash_of_now_.emplace(keys->back().secret->bytes());
    hash_of_before_.reset();
    if (keys->size() > 1) hash_of_before_.emplace((*keys)[keys->size() - 2].secret->bytes());
}

std::array<std::uint8_t, 16> OpenSslCryptography::encrypt_block(const std::array<std::uint8_t, 16>& plain)
{
    return block_.encrypt(plain);
}

std::array<std::uint8_t, 16> OpenSslCryptography::decrypt_block(const std::array<std::uint8_t, 16>& sealed)
{
    return block_.decrypt(sealed);
}

std::string OpenSslCryptography::seal_in_memory(std::string_view plain)
{
    std::string out(nonce_size + plain.size() + tag_size, '\0');
    const std::span whole{reinterpret_cast<std::uint8_t*>(out.data()), out.size()};
    random_.fill(whole.first<nonce_size>());
    memory_.seal(whole.first<nonce_size>(), as_bytes(plain), whole.subspan(nonce_size, plain.size()),
                 whole.last<tag_size>());
    return out;
}

std::string OpenSslCryptography::open_in_memory(std::string_view sealed)
{
    if (sealed.size() < nonce_size + tag_size) return {};
    const auto whole = as_bytes(sealed);
    std::string out(sealed.size() - nonce_size - tag_size, '\0');
    if (!memory_.open(whole.first<nonce_size>(), whole.subspan(nonce_size, out.size()), whole.last<tag_size>(),
                      {reinterpret_cast<std::uint8_t*>(out.data()), out.size()}))
        return {};
    return out;
}

} // namespace sotto::crypto
