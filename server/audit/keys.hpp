#pragma once
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::audit {

using Hash = std::array<std::uint8_t, 32>;
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

std::string hex(crypto::Bytes bytes);
/// The bytes of exactly `out.size()` pairs of lower-case digits; false for anything else.
bool from_hex(std::string_view text, std::span<std::uint8_t> out);

Hash sha256(crypto::Bytes first, crypto::Bytes second = {});

/// Signs checkpoints (Ed25519, RFC 8032). One thread at a time.
class Signer {
public:
    explicit Signer(const crypto::Secret& audit_key);
    [[nodiscard]] Signature sign(crypto::Bytes text) const;
    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

private:
    std::unique_ptr<EVP_PKEY, crypto::Releaser<EVP_PKEY_free>> key_;
    PublicKey public_key_{};
};

bool verify(const PublicKey& key, crypto::Bytes text, const Signature& signature);

/// Authenticates entries. Each entry has a key of its own, the hash of the one before; an old key cannot be had back.
/// Only the audit key, which the daemon has at its start only, gives the first one.
class EvolvingMac {
public:
    /// The keys of the segment that begins with entry `first`, after the entry with hash `previous`.
    EvolvingMac(const crypto::Secret& audit_key, std::uint64_t first, const Hash& previous);
    /// Of `previous` and `text`, with the key of now.
    [[nodiscard]] Hash of(const Hash& previous, std::string_view text) const;
    /// To the next entry's key; the one of now is overwritten.
    void evolve();

private:
    crypto::Secret key_;
};

} // namespace sotto::audit
