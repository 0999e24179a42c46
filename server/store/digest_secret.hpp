#pragma once
#include "core/auth/account.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sotto::store {

/// H(user:realm:password) of RFC 7616 3.4.2: what is stored instead of a password. MD5 fills the first 16 bytes.
struct DigestSecret {
    DigestAlgorithm algorithm{DigestAlgorithm::sha256};
    std::array<std::uint8_t, 32> bytes{};
    [[nodiscard]] std::span<const std::uint8_t> used() const
    {
        return std::span{bytes}.first(algorithm == DigestAlgorithm::sha256 ? 32U : 16U);
    }
};

DigestSecret digest_secret(DigestAlgorithm algorithm, std::string_view user, std::string_view realm,
                           std::string_view password);

} // namespace sotto::store
