#include "net/record.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace sotto::test {
namespace {

constexpr std::size_t tag_length = 16;
constexpr std::size_t nonce_length = 12;

const std::uint8_t* octets(const std::string& text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
std::uint8_t* octets(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

/// HKDF-Expand-Label of one block (RFC 8446 7.1).
std::string expanded(std::span<const std::uint8_t> secret, std::string_view label, std::size_t length)
{
    const auto name = std::string{"tls13 "}.append(label);
    std::string info{'\0', static_cast<char>(length), static_cast<char>(name.size())};
    info.append(name).append({'\0', '\1'});
    std::string block(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    HMAC(EVP_sha384(), secret.data(), static_cast<int>(secret.size()), octets(info), info.size(), octets(block), &size);
    return block.substr(0, length);
}

} // namespace

std::string record(std::span<const std::uint8_t> traffic_secret, std::uint64_t number, std::uint8_t type,
                   std::string_view content)
{
    const auto key = expanded(traffic_secret, "key", 32);
    auto nonce = expanded(traffic_secret, "iv", nonce_length);
    for (std::size_t i = 0; i < sizeof number; ++i)
        nonce[nonce_length - 1 - i] =
            static_cast<char>(nonce[nonce_length - 1 - i] ^ static_cast<char>(number >> 8 * i));
    const auto inner = std::string{content}.append(1, static_cast<char>(type));
    const auto length = inner.size() + tag_length;
    std::string whole{'\x17', '\x03', '\x03', static_cast<char>(length >> 8U), static_cast<char>(length)};
    std::string sealed(length, '\0');
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher{EVP_CIPHER_CTX_new(),
                                                                                 &EVP_CIPHER_CTX_free};
    int put = 0;
    const bool good =
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, octets(key), octets(nonce)) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &put, octets(whole), static_cast<int>(whole.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), octets(sealed), &put, octets(inner), static_cast<int>(inner.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), octets(sealed) + put, &put) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_length, octets(sealed) + inner.size()) == 1;
    if (!good) throw std::runtime_error{"cannot seal a record"};
    return whole + sealed;
}

} // namespace sotto::test
