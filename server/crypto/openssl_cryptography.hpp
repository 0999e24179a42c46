#pragma once
#include "core/types/cryptography.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/primitives.hpp"
#include "crypto/process_keys.hpp"
#include "crypto/random_pool.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace sotto::crypto {

/// The core's cryptography on OpenSSL 3. One per worker, all with the same keys: what one seals another opens.
class OpenSslCryptography final : public Cryptography {
public:
    /// `rotating`: of rotating hashes, at most two keys at a time; null: they have one, that of the process.
    /// `pair_key`: of `Use::pair`; null: that use does not outlive the process either.
    explicit OpenSslCryptography(std::shared_ptr<const ProcessKeys> keys, std::shared_ptr<const KeyRing> rotating = {},
                                 std::shared_ptr<const Secret> pair_key = {});
    ~OpenSslCryptography() override;

    /// Forgets a key that was destroyed. Happens with each use too; the edge calls it after each rotation, so that a
    /// worker without traffic holds no dead key either.
    void refresh();

    void random(std::span<std::uint8_t> out) override;
    std::array<std::uint8_t, 32> sha256(std::string_view data) override;
    std::array<std::uint8_t, 16> md5(std::string_view data) override;
    std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view data) override;
    KeyedHash keyed_hash(Use use, std::string_view data) override;
    RotatingHash rotating_hash(Use use, std::string_view data) override;
    std::array<std::uint8_t, 16> encrypt_block(const std::array<std::uint8_t, 16>& plain) override;
    std::array<std::uint8_t, 16> decrypt_block(const std::array<std::uint8_t, 16>& sealed) override;
    /// 28 bytes longer than `plain`: nonce and tag (AES-256-GCM).
    std::string seal_in_memory(std::string_view plain) override;
    /// Empty for what was not sealed under these keys.
    std::string open_in_memory(std::string_view sealed) override;

private:
    std::shared_ptr<const ProcessKeys> keys_;
    std::shared_ptr<const KeyRing> rotating_;
    std::shared_ptr<const Secret> pair_key_;
    HmacSha256 hash_;
    HmacSha256 pair_hash_;
    std::optional<HmacSha256> hash_of_now_;
    std::optional<HmacSha256> hash_of_before_; ///< empty most of the day
    std::uint64_t generation_{0};              ///< of the ring, as these two were made
    AesBlock block_;
    AesGcm memory_;
    Hash md5_;
    RandomPool random_;
};

} // namespace sotto::crypto
