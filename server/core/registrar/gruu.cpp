#include "core/registrar/gruu.hpp"

#include "core/types/hashed_text.hpp"

#include <array>
#include <cstring>
#include <span>

namespace sotto {
namespace {

constexpr std::size_t tag_size = 16;
constexpr std::size_t drawn_size = 8;
constexpr std::size_t plain_size = sizeof(BindingId) + sizeof(GruuSeries) + drawn_size;
using Plain = std::array<std::uint8_t, plain_size>;
using Token = std::array<std::uint8_t, tag_size + plain_size>;
static_assert((sizeof(Token) * 4 + 2) / 3 == temporary_gruu_length);

std::string_view text_of(std::span<const std::uint8_t> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::array<std::uint8_t, tag_size> hash_of(char purpose, std::string_view data, Cryptography& cryptography)
{
    HashedText text;
    const auto hash = cryptography.keyed_hash(Cryptography::Use::gruu, text.add({&purpose, 1}).add(data).view());
    std::array<std::uint8_t, tag_size> out;
    std::memcpy(out.data(), &hash, out.size());
    return out;
}

/// Encrypts and decrypts: the tag is the nonce (RFC 5297's shape), and no two tags are alike since `drawn` is not.
void mask(Plain& plain, std::span<const std::uint8_t> tag, Cryptography& cryptography)
{
    static_assert(plain_size <= 2 * tag_size);
    const auto first = hash_of('1', text_of(tag), cryptography);
    const auto second = hash_of('2', text_of(tag), cryptography);
    for (std::size_t i = 0; i < plain.size(); ++i) plain[i] ^= i < tag_size ? first[i] : second[i - tag_size];
}

} // namespace

GruuSeries draw_series(Cryptography& cryptography)
{
    std::array<std::uint8_t, sizeof(std::uint32_t)> drawn;
    cryptography.random(drawn);
    GruuSeries series;
    std::memcpy(&series.number, drawn.data(), drawn.size());
    return series;
}

std::string make_temporary_gruu(const TemporaryGruu& what, Cryptography& cryptography)
{
    Plain plain;
    std::memcpy(plain.data(), &what.device.value, sizeof what.device.value);
    std::memcpy(plain.data() + sizeof what.device.value, &what.series.number, sizeof what.series.number);
    cryptography.random(std::span{plain}.last<drawn_size>());
    const auto tag = hash_of('t', text_of(plain), cryptography);
    mask(plain, tag, cryptography);
    Token token;
    std::memcpy(token.data(), tag.data(), tag.size());
    std::memcpy(token.data() + tag.size(), plain.data(), plain.size());
    return base64url(token);
}

std::optional<TemporaryGruu> open_temporary_gruu(std::string_view user, Cryptography& cryptography)
{
    Token token;
    if (!from_base64url(user, token)) return std::nullopt;
    const auto tag = std::span{token}.first<tag_size>();
    Plain plain;
    std::memcpy(plain.data(), token.data() + tag_size, plain.size());
    mask(plain, tag, cryptography);
    if (!equal_in_constant_time(text_of(hash_of('t', text_of(plain), cryptography)), text_of(tag))) return std::nullopt;
    TemporaryGruu out;
    std::memcpy(&out.device.value, plain.data(), sizeof out.device.value);
    std::memcpy(&out.series.number, plain.data() + sizeof out.device.value, sizeof out.series.number);
    return out;
}

std::optional<TemporaryGruu> temporary_gruu_in(const Uri& uri, Cryptography& cryptography)
{
    const auto gr = uri.param("gr");
    return gr && gr->empty() ? open_temporary_gruu(uri.user, cryptography) : std::nullopt;
}

std::string public_gruu_value(BindingId device, Cryptography& cryptography)
{
    std::array<std::uint8_t, sizeof device.value> bytes;
    std::memcpy(bytes.data(), &device.value, bytes.size());
    return base64url(hash_of('p', text_of(bytes), cryptography));
}

} // namespace sotto
