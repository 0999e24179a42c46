#pragma once
#include "core/types/cryptography.hpp"

#include <functional>

namespace sotto::test {

/// Stands in for the cryptographic library: distinct inputs give distinct values, and nothing more is promised.
class ToyCryptography : public Cryptography {
public:
    void random(std::span<std::uint8_t> out) override
    {
        for (auto& byte : out) byte = next_++;
    }
    std::array<std::uint8_t, 32> sha256(std::string_view) override { return {}; }
    std::array<std::uint8_t, 16> md5(std::string_view) override { return {}; }
    std::array<std::uint8_t, 20> hmac_sha1(std::string_view, std::string_view) override { return {}; }
    KeyedHash keyed_hash(Use use, std::string_view data) override
    {
        const std::string text = std::to_string(static_cast<int>(use)) + ':' + std::string{data};
        return {std::hash<std::string>{}(text + 'a'), std::hash<std::string>{}(text)};
    }
    RotatingHash rotating_hash(Use use, std::string_view data) override
    {
        const auto hash = keyed_hash(use, data);
        return {hash, hash};
    }
    std::array<std::uint8_t, 16> encrypt_block(const std::array<std::uint8_t, 16>& plain) override
    {
        auto block = plain;
        for (std::size_t i = 0; i < 16; ++i) block[i] = unmixed(block[i], i == 15 ? key : block[i + 1]);
        for (std::size_t i = 16; i-- > 0;) block[i] = unmixed(block[i], i == 0 ? key : block[i - 1]);
        return block;
    }
    /// One changed byte changes every byte of the result: forward, then backward.
    std::array<std::uint8_t, 16> decrypt_block(const std::array<std::uint8_t, 16>& sealed) override
    {
        auto block = sealed;
        for (std::size_t i = 0; i < 16; ++i) block[i] = mixed(block[i], i == 0 ? key : block[i - 1]);
        for (std::size_t i = 16; i-- > 0;) block[i] = mixed(block[i], i == 15 ? key : block[i + 1]);
        return block;
    }
    std::string seal_in_memory(std::string_view plain) override { return std::string{plain}; }
    std::string open_in_memory(std::string_view sealed) override { return std::string{sealed}; }

private:
    // 37 * 173 = 1 (mod 256)
    static std::uint8_t mixed(unsigned a, unsigned b)
    {
        return static_cast<std::uint8_t>((a * 37 + b * 59 + 11) & 0xFF);
    }
    static std::uint8_t unmixed(unsigned c, unsigned b)
    {
        return static_cast<std::uint8_t>((c - b * 59 - 11) * 173 & 0xFF);
    }
    static constexpr std::uint8_t key = 0x5A;
    std::uint8_t next_{1};
};

} // namespace sotto::test
