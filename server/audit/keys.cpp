#include "audit/keys.hpp"

#include <algorithm>
#include <stdexcept>

namespace sotto::audit {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, crypto::Releaser<EVP_MD_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, crypto::Releaser<EVP_PKEY_free>>;

[[noreturn]] void broken() { throw std::runtime_error{"the cryptographic library cannot sign or hash"}; }

int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

} // namespace

std::string hex(crypto::Bytes bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xFU];
    }
    return text;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out)
{
    if (text.size() != out.size() * 2) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

Hash sha256(crypto::Bytes first, crypto::Bytes second)
{
    const Context context{EVP_MD_CTX_new()};
    Hash hash{};
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1)
        broken();
    return hash;
}

Signer::Signer(const crypto::Secret& audit_key)
{
    const auto seed = crypto::derive(audit_key, "audit checkpoints");
    key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes().data(), seed.bytes().size()));
    auto length = public_key_.size();
    if (!key_ || EVP_PKEY_get_raw_public_key(key_.get(), public_key_.data(), &length) != 1) broken();
}

Signature Signer::sign(crypto::Bytes text) const
{
    const Context context{EVP_MD_CTX_new()};
    Signature signature{};
    auto length = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &length, text.data(), text.size()) != 1)
        broken();
    return signature;
}

bool verify(const PublicKey& key, crypto::Bytes text, const Signature& signature)
{
    const Key made{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size())};
    const Context context{EVP_MD_CTX_new()};
    return made && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, made.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), text.data(), text.size()) == 1;
}

EvolvingMac::EvolvingMac(const crypto::Secret& audit_key, std::uint64_t first, const Hash& previous)
    : key_{crypto::derive(audit_key, "audit segment " + std::to_string(first) + " " + hex(previous))}
{
}

Hash EvolvingMac::of(const Hash& previous, std::string_view text) const
{
    return crypto::HmacSha256{key_.bytes()}(previous, crypto::as_bytes(text));
}

void EvolvingMac::evolve()
{
    const auto next = sha256(crypto::as_bytes("audit next key "), key_.bytes());
    std::ranges::copy(next, key_.bytes().begin());
}

} // namespace sotto::audit
