#include "crypto/primitives.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <stdexcept>

namespace sotto::crypto {
namespace {

void require(bool worked)
{
    if (!worked) throw std::runtime_error{"the cryptographic library refused an operation"};
}

using Cipher = std::unique_ptr<EVP_CIPHER, Releaser<EVP_CIPHER_free>>;
using Mac = std::unique_ptr<EVP_MAC, Releaser<EVP_MAC_free>>;

enum class Direction : int { decrypt = 0, encrypt = 1 };

CipherContext keyed(const char* name, Bytes key, Direction direction)
{
    const Cipher cipher{EVP_CIPHER_fetch(nullptr, name, nullptr)};
    require(cipher != nullptr && key.size() == 32);
    CipherContext context{EVP_CIPHER_CTX_new()};
    require(context && EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), nullptr, static_cast<int>(direction),
                                          nullptr) == 1);
    require(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
    return context;
}

void update(EVP_CIPHER_CTX* context, Bytes in, std::uint8_t* out)
{
    int written = 0;
    require(EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1 &&
            written == static_cast<int>(in.size()));
}

void restart(EVP_CIPHER_CTX* context, const std::uint8_t* start)
{
    require(EVP_CipherInit_ex2(context, nullptr, nullptr, start, -1, nullptr) == 1);
}

} // namespace

HmacSha256::HmacSha256(Bytes key)
{
    const Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    require(mac != nullptr);
    context_.reset(EVP_MAC_CTX_new(mac.get()));
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    require(context_ && EVP_MAC_init(context_.get(), key.data(), key.size(), parameters) == 1);
}

std::array<std::uint8_t, 32> HmacSha256::operator()(Bytes first, Bytes second)
{
    std::array<std::uint8_t, 32> out;
    std::size_t size = 0;
    auto* context = context_.get();
    require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
            EVP_MAC_update(context, first.data(), first.size()) == 1 &&
            (second.empty() || EVP_MAC_update(context, second.data(), second.size()) == 1) &&
            EVP_MAC_final(context, out.data(), &size, out.size()) == 1);
    return out;
}

AesBlock::AesBlock(Bytes key)
    : encrypt_{keyed("AES-256-ECB", key, Direction::encrypt)}, decrypt_{keyed("AES-256-ECB", key, Direction::decrypt)}
{
}

AesBlock::Block AesBlock::encrypt(const Block& plain)
{
    Block out;
    update(encrypt_.get(), plain, out.data());
    return out;
}

AesBlock::Block AesBlock::decrypt(const Block& sealed)
{
    Block out;
    update(decrypt_.get(), sealed, out.data());
    return out;
}

AesCounter::AesCounter(Bytes key) : context_{keyed("AES-256-CTR", key, Direction::encrypt)} {}

void AesCounter::apply(std::span<const std::uint8_t, 16> start, Bytes in, std::span<std::uint8_t> out)
{
    restart(context_.get(), start.data());
    update(context_.get(), in, out.data());
}

AesGcm::AesGcm(Bytes key)
    : encrypt_{keyed("AES-256-GCM", key, Direction::encrypt)}, decrypt_{keyed("AES-256-GCM", key, Direction::decrypt)}
{
}

void AesGcm::seal(Nonce nonce, Bytes plain, std::span<std::uint8_t> sealed, std::span<std::uint8_t, 16> tag)
{
    int rest = 0;
    restart(encrypt_.get(), nonce.data());
    update(encrypt_.get(), plain, sealed.data());
    require(EVP_EncryptFinal_ex(encrypt_.get(), tag.data(), &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(encrypt_.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1);
}

bool AesGcm::open(Nonce nonce, Bytes sealed, std::span<const std::uint8_t, 16> tag, std::span<std::uint8_t> plain)
{
    int rest = 0;
    std::array<std::uint8_t, 16> expected;
    std::copy(tag.begin(), tag.end(), expected.begin());
    restart(decrypt_.get(), nonce.data());
    update(decrypt_.get(), sealed, plain.data());
    require(EVP_CIPHER_CTX_ctrl(decrypt_.get(), EVP_CTRL_AEAD_SET_TAG, 16, expected.data()) == 1);
    return EVP_DecryptFinal_ex(decrypt_.get(), expected.data(), &rest) == 1;
}

Hash::Hash(const char* name) : digest_{EVP_MD_fetch(nullptr, name, nullptr)}, context_{EVP_MD_CTX_new()}
{
    require(digest_ && context_);
}

void Hash::operator()(Bytes data, std::span<std::uint8_t> out)
{
    unsigned size = 0;
    require(EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) == 1 &&
            EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1 &&
            EVP_MD_get_size(digest_.get()) == static_cast<int>(out.size()) &&
            EVP_DigestFinal_ex(context_.get(), out.data(), &size) == 1);
}

Secret derive(const Secret& from, std::string_view label)
{
    HmacSha256 hash{from.bytes()};
    auto key = hash(as_bytes(label));
    Secret out{Bytes{key}};
    OPENSSL_cleanse(key.data(), key.size());
    return out;
}

} // namespace sotto::crypto
