#pragma once
#include "core/types/ids.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// A keyed hash under the key of now, and under the one before while what was made with that may be alive; the same
/// twice otherwise.
struct RotatingHash {
    KeyedHash now;
    KeyedHash before;
    [[nodiscard]] bool is(const KeyedHash& hash) const { return hash == now || hash == before; }
};

/// What the core needs of a cryptographic library, handed in by the edge. One object per worker; not thread-safe.
class Cryptography {
public:
    virtual ~Cryptography() = default;

    virtual void random(std::span<std::uint8_t> out) = 0;
    virtual std::array<std::uint8_t, 32> sha256(std::string_view data) = 0;
    virtual std::array<std::uint8_t, 16> md5(std::string_view data) = 0;
    /// HMAC-SHA1, for TURN servers, which know nothing better.
    virtual std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view data) = 0;

    /// Independent uses of the process's hash key: the same text under two uses gives unrelated values.
    enum class Use : std::uint8_t {
        transaction,
        loop,
        aor,
        binding,
        call_id, ///< of a REGISTER
        holder,
        nonce,
        source,
        decoy,
        dialog,
        pseudonym,
        pair, ///< two accounts; its key outlives the process
        gruu,
        push
    };
    /// Keyed hash (HMAC-SHA256 cut to 128 bits, or better).
    virtual KeyedHash keyed_hash(Use use, std::string_view data) = 0;
    /// The same under a key that changes every day (docs/adr/0025): for what need not be known again for longer than a
    /// binding lasts.
    virtual RotatingHash rotating_hash(Use use, std::string_view data) = 0;
    /// One AES block under a key of this process: `branch` values are made and read with it.
    virtual std::array<std::uint8_t, 16> encrypt_block(const std::array<std::uint8_t, 16>& plain) = 0;
    virtual std::array<std::uint8_t, 16> decrypt_block(const std::array<std::uint8_t, 16>& sealed) = 0;

    /// For what must wait in memory and be written again (P9): readable only with a key of this process. The key is
    /// shared by all workers, so that one may open what another sealed.
    virtual std::string seal_in_memory(std::string_view plain) = 0;
    virtual std::string open_in_memory(std::string_view sealed) = 0;
};

/// base64 with padding (RFC 4648 4).
std::string base64(std::span<const std::uint8_t> bytes);
/// base64url without padding (RFC 4648 5).
std::string base64url(std::span<const std::uint8_t> bytes);
/// Decodes exactly `out.size()` bytes; false for another length or another alphabet, and for non-zero spare bits.
bool from_base64url(std::string_view text, std::span<std::uint8_t> out);

/// Comparison whose time does not depend on where two texts differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

} // namespace sotto
