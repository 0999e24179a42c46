#pragma once
#include "crypto/secret.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

/// Keyed contexts of the cryptographic library, made once per key and used again for each value: keying one costs ten
/// times what using it costs. The library wipes its contexts when they are freed. Not thread-safe. Failures of the
/// library are bugs of ours or a broken installation: std::runtime_error.
namespace sotto::crypto {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <auto release> struct Releaser {
    template <class T> void operator()(T* pointer) const { release(pointer); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Releaser<EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD, Releaser<EVP_MD_free>>;

std::array<std::uint8_t, 32> sha256(Bytes data);

/// What SHA-256 carries from block to block (FIPS 180-4 6.2.2): all that is left of the blocks before.
using Sha256Chain = std::array<SHA_LONG, 8>;

/// HMAC-SHA256 (RFC 2104).
class HmacSha256 {
public:
    explicit HmacSha256(Bytes key);
    ~HmacSha256();
    HmacSha256(const HmacSha256&) = delete;
    HmacSha256& operator=(const HmacSha256&) = delete;
    /// Of `first` followed by `second`.
    std::array<std::uint8_t, 32> operator()(Bytes first, Bytes second = {}) const;

private:
    Sha256Chain inner_; ///< after the key's block
    Sha256Chain outer_;
};

/// Single AES-256 blocks: a keyed permutation of 128 bits.
class AesBlock {
public:
    using Block = std::array<std::uint8_t, 16>;
    explicit AesBlock(Bytes key);
    Block encrypt(const Block& plain);
    Block decrypt(const Block& sealed);

private:
    CipherContext encrypt_;
    CipherContext decrypt_;
};

/// AES-256 in counter mode; the same call encrypts and decrypts.
class AesCounter {
public:
    explicit AesCounter(Bytes key);
    /// `in` and `out` have the same length and may be the same memory.
    void apply(std::span<const std::uint8_t, 16> start, Bytes in, std::span<std::uint8_t> out);

private:
    CipherContext context_;
};

/// AES-256-GCM with a 12-byte nonce and a 16-byte tag.
class AesGcm {
public:
    using Nonce = std::span<const std::uint8_t, 12>;
    explicit AesGcm(Bytes key);
    /// Takes another key instead, which costs a tenth of a context of its own.
    void use(Bytes key);
    /// `also` is authenticated, and not sealed.
    void seal(Nonce nonce, Bytes plain, std::span<std::uint8_t> sealed, std::span<std::uint8_t, 16> tag,
              Bytes also = {});
    /// `tag`: whole, or its first 12 bytes or more. False when it does not fit; `plain` is then without meaning.
    bool open(Nonce nonce, Bytes sealed, Bytes tag, std::span<std::uint8_t> plain, Bytes also = {});

private:
    CipherContext encrypt_;
    CipherContext decrypt_;
};

/// An unkeyed hash by its name in the library.
class Hash {
public:
    explicit Hash(const char* name);
    /// `out` has the hash's length.
    void operator()(Bytes data, std::span<std::uint8_t> out);

private:
    Digest digest_;
    DigestContext context_;
};

/// A key for one purpose out of a key for several: HMAC-SHA256(from, label), as in HKDF's expansion (RFC 5869 2.3).
Secret derive(const Secret& from, std::string_view label);

} // namespace sotto::crypto
