// SHA-256 is used block by block: what is hashed here is short, and the library's contexts cost as much again as the
// two or three blocks that an HMAC has (ten times, by the generic interface). OpenSSL 3 calls these functions
// deprecated because they choose no provider; it keeps them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/primitives.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace sotto::crypto {
namespace {

void require(bool worked)
{
    if (!worked) throw std::runtime_error{"the cryptographic library refused an operation"};
}

using Cipher = std::unique_ptr<EVP_CIPHER, Releaser<EVP_CIPHER_free>>;

enum class Direction : int { decrypt = 0, encrypt = 1 };

CipherContext keyed(const char* name, Bytes key, Direction direction)
{
    const Cipher cipher{EVP_CIPHER_fetch(nullptr, name, nullptr)};
    require(cipher != nullptr && key.size() == 32);
    CipherContext context{EVP_CIPHER_CTX_new()};
    require(context && EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), nullptr, static_cast<int>(direction),
                                          nullptr) == 1);
    return context;
}

/// One block after the other.
CipherContext keyed_blocks(Bytes key, Direction direction)
{
    auto context = keyed("AES-256-ECB", key, direction);
    require(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
    return context;
}

void update(EVP_CIPHER_CTX* context, Bytes in, std::uint8_t* out)
{
    int written = 0;
    require(EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1 &&
            written == static_cast<int>(in.size()));
}

/// A number of 128 bits, most significant byte first (NIST SP 800-38A, B.1).
void count_up(std::array<std::uint8_t, 16>& counter)
{
    for (auto byte = counter.rbegin(); byte != counter.rend(); ++byte)
        if (++*byte != 0) return;
}

void restart(EVP_CIPHER_CTX* context, const std::uint8_t* start)
{
    require(EVP_CipherInit_ex2(context, nullptr, nullptr, start, -1, nullptr) == 1);
}

constexpr Sha256Chain sha256_start{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}; // FIPS 180-4 5.3.3

/// The rest of a hash whose first blocks have been compressed.
class Sha256 {
public:
    /// `length`: of those blocks, in bytes.
    Sha256(const Sha256Chain& chain, std::size_t length) : length_{length}
    {
        std::memcpy(state_.h, chain.data(), sizeof state_.h);
    }
    ~Sha256() { OPENSSL_cleanse(block_.data(), block_.size()); }
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(Bytes data)
    {
        length_ += data.size();
        for (auto room = block_.size() - filled_; data.size() >= room; room = block_.size()) {
            std::memcpy(block_.data() + filled_, data.data(), room);
            compress();
            data = data.subspan(room);
        }
        if (!data.empty()) std::memcpy(block_.data() + filled_, data.data(), data.size());
        filled_ += data.size();
    }

    /// Once, at the end.
    std::array<std::uint8_t, 32> finish()
    {
        block_[filled_++] = 0x80;
        if (filled_ > length_at) {
            std::memset(block_.data() + filled_, 0, block_.size() - filled_);
            compress();
        }
        std::memset(block_.data() + filled_, 0, length_at - filled_);
        const auto bits = big_endian(std::uint64_t{length_} * 8);
        std::memcpy(block_.data() + length_at, &bits, sizeof bits);
        compress();
        for (auto& word : state_.h) word = big_endian(word);
        std::array<std::uint8_t, sizeof state_.h> out;
        std::memcpy(out.data(), state_.h, out.size());
        return out;
    }

private:
    static constexpr std::size_t length_at = SHA256_CBLOCK - 8;

    static std::uint64_t big_endian(std::uint64_t number)
    {
        return std::endian::native == std::endian::little ? __builtin_bswap64(number) : number;
    }
    static std::uint32_t big_endian(std::uint32_t number)
    {
        return std::endian::native == std::endian::little ? __builtin_bswap32(number) : number;
    }
    void compress()
    {
        SHA256_Transform(&state_, block_.data()); // looks at the chain alone
        filled_ = 0;
    }

    SHA256_CTX state_; ///< its chain alone is used
    std::array<std::uint8_t, SHA256_CBLOCK> block_;
    std::size_t filled_{0};
    std::size_t length_;
};

} // namespace

std::array<std::uint8_t, 32> sha256(Bytes data)
{
    Sha256 hash{sha256_start, 0};
    hash.add(data);
    return hash.finish();
}

HmacSha256::HmacSha256(Bytes key)
{
    std::array<std::uint8_t, SHA256_CBLOCK> block{};
    if (key.size() > block.size())
        std::ranges::copy(sha256(key), block.begin());
    else
        std::ranges::copy(key, block.begin());
    const auto begin = [&](Sha256Chain& chain, std::uint8_t pad) {
        auto padded = block;
        for (auto& byte : padded) byte ^= pad;
        SHA256_CTX state;
        std::ranges::copy(sha256_start, state.h);
        SHA256_Transform(&state, padded.data());
        std::ranges::copy(state.h, chain.begin());
        OPENSSL_cleanse(&state, sizeof state);
        OPENSSL_cleanse(padded.data(), padded.size());
    };
    begin(inner_, 0x36);
    begin(outer_, 0x5c);
    OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::~HmacSha256()
{
    OPENSSL_cleanse(&inner_, sizeof inner_);
    OPENSSL_cleanse(&outer_, sizeof outer_);
}

std::array<std::uint8_t, 32> HmacSha256::operator()(Bytes first, Bytes second) const
{
    Sha256 inner{inner_, SHA256_CBLOCK};
    inner.add(first);
    inner.add(second);
    Sha256 outer{outer_, SHA256_CBLOCK};
    outer.add(inner.finish());
    return outer.finish();
}

AesBlock::AesBlock(Bytes key)
    : encrypt_{keyed_blocks(key, Direction::encrypt)}, decrypt_{keyed_blocks(key, Direction::decrypt)}
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

// The blocks to count are enciphered as they are: a context in counter mode would have to be restarted for each value,
// which costs more than the cipher itself.
AesCounter::AesCounter(Bytes key) : context_{keyed_blocks(key, Direction::encrypt)} {}

void AesCounter::apply(std::span<const std::uint8_t, 16> start, Bytes in, std::span<std::uint8_t> out)
{
    std::array<std::uint8_t, 16> counter;
    std::ranges::copy(start, counter.begin()); // `out` may overlap what `start` stands in
    std::array<std::uint8_t, 256> stream;
    for (std::size_t at = 0; at < in.size();) {
        const auto part = std::min(in.size() - at, stream.size());
        const auto blocks = std::span{stream}.first((part + counter.size() - 1) / counter.size() * counter.size());
        for (std::size_t block = 0; block < blocks.size(); block += counter.size()) {
            std::ranges::copy(counter, blocks.begin() + static_cast<std::ptrdiff_t>(block));
            count_up(counter);
        }
        update(context_.get(), blocks, blocks.data());
        for (std::size_t i = 0; i < part; ++i) out[at + i] = in[at + i] ^ blocks[i];
        at += part;
    }
    OPENSSL_cleanse(stream.data(), std::min(in.size() + counter.size(), stream.size()));
}

AesGcm::AesGcm(Bytes key)
    : encrypt_{keyed("AES-256-GCM", key, Direction::encrypt)}, decrypt_{keyed("AES-256-GCM", key, Direction::decrypt)}
{
}

void AesGcm::use(Bytes key)
{
    require(key.size() == 32);
    for (auto* context : {encrypt_.get(), decrypt_.get()})
        require(EVP_CipherInit_ex2(context, nullptr, key.data(), nullptr, -1, nullptr) == 1);
}

void AesGcm::seal(Nonce nonce, Bytes plain, std::span<std::uint8_t> sealed, std::span<std::uint8_t, 16> tag, Bytes also)
{
    int rest = 0;
    restart(encrypt_.get(), nonce.data());
    if (!also.empty()) update(encrypt_.get(), also, nullptr);
    update(encrypt_.get(), plain, sealed.data());
    require(EVP_EncryptFinal_ex(encrypt_.get(), tag.data(), &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(encrypt_.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1);
}

bool AesGcm::open(Nonce nonce, Bytes sealed, Bytes tag, std::span<std::uint8_t> plain, Bytes also)
{
    int rest = 0;
    std::array<std::uint8_t, 16> expected;
    require(tag.size() >= 12 && tag.size() <= expected.size());
    std::ranges::copy(tag, expected.begin());
    restart(decrypt_.get(), nonce.data());
    if (!also.empty()) update(decrypt_.get(), also, nullptr);
    update(decrypt_.get(), sealed, plain.data());
    require(EVP_CIPHER_CTX_ctrl(decrypt_.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), expected.data()) ==
            1);
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
    const HmacSha256 hash{from.bytes()};
    auto key = hash(as_bytes(label));
    Secret out{Bytes{key}};
    OPENSSL_cleanse(key.data(), key.size());
    return out;
}

} // namespace sotto::crypto
