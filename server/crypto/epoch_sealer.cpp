#include "crypto/epoch_sealer.hpp"

#include "core/types/cryptography.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sotto::crypto {
namespace {

/// What a keyed hash is made for; first byte of all that is hashed under an epoch's key.
enum Purpose : std::uint8_t { call_id, tag, quote, target, numbers_of_side, dialog };

constexpr Purpose purpose_of(SealKind kind)
{
    switch (kind) {
    case SealKind::call_id:
        return call_id;
    case SealKind::tag:
        return tag;
    case SealKind::quote:
        break;
    }
    return quote;
}

constexpr std::size_t longest(SealKind kind)
{
    switch (kind) {
    case SealKind::call_id:
        return Sealer::longest_call_id;
    case SealKind::tag:
        return Sealer::longest_tag;
    case SealKind::quote:
        break;
    }
    return EpochSealer::longest_quote;
}

constexpr std::size_t salt_size = 8;
constexpr std::size_t iv_size = 16;
constexpr std::size_t target_tag_size = 10;
constexpr std::size_t target_size = 1 + 16 + target_tag_size;
static_assert(target_size * 4 / 3 == Sealer::target_length);

/// Salt, length of the value, value, zeros.
constexpr std::size_t plain_size(SealKind kind) { return salt_size + 1 + longest(kind); }
constexpr std::size_t token_size(SealKind kind) { return 1 + iv_size + plain_size(kind); }
constexpr std::size_t largest_token = token_size(SealKind::quote);

/// Associated data: purpose, epoch, role, holder. All of one length, so that what follows cannot be mistaken for it.
using Associated = std::array<std::uint8_t, 19>;

Associated associated(Purpose purpose, Epoch epoch, Role role, const Holder& holder)
{
    Associated out;
    out[0] = purpose;
    out[1] = epoch.number;
    out[2] = static_cast<std::uint8_t>(role);
    std::memcpy(out.data() + 3, &holder.hash.high, 8);
    std::memcpy(out.data() + 11, &holder.hash.low, 8);
    return out;
}

bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) { return CRYPTO_memcmp(a, b, size) == 0; }

} // namespace

struct EpochSealer::Keyed {
    explicit Keyed(const Secret& secret)
        : hash{derive(secret, "hash").bytes()}, counter{derive(secret, "counter").bytes()},
          block{derive(secret, "block").bytes()}
    {
    }
    HmacSha256 hash;
    AesCounter counter;
    AesBlock block;
};

EpochSealer::EpochSealer(std::shared_ptr<const KeyRing> ring) : ring_{std::move(ring)} { refresh(); }

EpochSealer::~EpochSealer() = default;

void EpochSealer::refresh()
{
    const auto generation = ring_->generation();
    if (keys_ && generation == generation_) return;
    const auto before = std::exchange(keys_, ring_->snapshot());
    generation_ = generation;
    if (!before) return;
    // By secret, not by number: after a restore the same number may stand for another key.
    for (const auto& old : *before)
        if (std::ranges::none_of(*keys_, [&](const auto& key) { return key.secret == old.secret; }))
            keyed_[old.epoch.number].reset();
}

EpochSealer::Keyed* EpochSealer::keyed(Epoch epoch)
{
    refresh();
    auto& slot = keyed_[epoch.number];
    if (!slot) {
        const auto key = std::ranges::find(*keys_, epoch, &EpochKey::epoch);
        if (key == keys_->end()) return nullptr;
        slot = std::make_unique<Keyed>(*key->secret);
    }
    return slot.get();
}

Epoch EpochSealer::current_epoch() const
{
    return ring_->generation() == generation_ ? keys_->back().epoch : ring_->snapshot()->back().epoch;
}

bool EpochSealer::alive(Epoch epoch) const
{
    const auto keys = ring_->generation() == generation_ ? keys_ : ring_->snapshot();
    return std::ranges::find(*keys, epoch, &EpochKey::epoch) != keys->end();
}

Salt EpochSealer::fresh_salt()
{
    Salt salt;
    random_.fill(salt.bytes);
    return salt;
}

std::string EpochSealer::seal_target(const Target& what, Holder holder)
{
    auto* keys = keyed(what.epoch);
    if (keys == nullptr) return {};
    AesBlock::Block plain;
    std::memcpy(plain.data(), &what.id.value, 8);
    std::ranges::copy(what.salt.bytes, plain.begin() + 8);
    const auto block = keys->block.encrypt(plain);
    const auto tag = keys->hash(associated(Purpose::target, what.epoch, what.role, holder), block);
    std::array<std::uint8_t, target_size> token;
    token[0] = what.epoch.number;
    std::ranges::copy(block, token.begin() + 1);
    std::copy_n(tag.begin(), target_tag_size, token.begin() + 17);
    return base64url(token);
}

std::optional<Target> EpochSealer::open_target(std::string_view text, Holder holder)
{
    std::array<std::uint8_t, target_size> token;
    if (!from_base64url(text, token)) return std::nullopt;
    const Epoch epoch{token[0]};
    auto* keys = keyed(epoch);
    if (keys == nullptr) return std::nullopt;
    AesBlock::Block block;
    std::copy_n(token.begin() + 1, block.size(), block.begin());
    for (const auto role : {Role::callee, Role::caller}) { // most requests of a dialog are its caller's
        const auto tag = keys->hash(associated(Purpose::target, epoch, role, holder), block);
        if (!same(tag.data(), token.data() + 17, target_tag_size)) continue;
        const auto plain = keys->block.decrypt(block);
        Target out{.epoch = epoch, .role = role};
        std::memcpy(&out.id.value, plain.data(), 8);
        std::copy_n(plain.begin() + 8, salt_size, out.salt.bytes.begin());
        return out;
    }
    return std::nullopt;
}

std::optional<std::string> EpochSealer::seal(SealKind kind, Epoch epoch, Role role, Holder holder, Salt salt,
                                             std::string_view value)
{
    if (value.size() > longest(kind)) return std::nullopt;
    auto* keys = keyed(epoch);
    if (keys == nullptr) return std::nullopt;
    std::array<std::uint8_t, largest_token> buffer{};
    const auto token = std::span{buffer}.first(token_size(kind));
    const auto plain = token.subspan(1 + iv_size);
    std::ranges::copy(salt.bytes, plain.begin());
    plain[salt_size] = static_cast<std::uint8_t>(value.size());
    std::ranges::copy(as_bytes(value), plain.begin() + salt_size + 1);

    const auto hash = keys->hash(associated(purpose_of(kind), epoch, role, holder), plain);
    token[0] = epoch.number;
    std::copy_n(hash.begin(), iv_size, token.begin() + 1);
    keys->counter.apply(token.subspan<1, iv_size>(), plain, plain);
    return base64url(token);
}

std::optional<Opened> EpochSealer::open(SealKind kind, std::string_view text, Role role, Holder holder)
{
    std::array<std::uint8_t, largest_token> buffer;
    const auto token = std::span{buffer}.first(token_size(kind));
    if (!from_base64url(text, token)) return std::nullopt;
    const Epoch epoch{token[0]};
    auto* keys = keyed(epoch);
    if (keys == nullptr) return std::nullopt;
    const auto plain = token.subspan(1 + iv_size);
    keys->counter.apply(token.subspan<1, iv_size>(), plain, plain);
    const auto hash = keys->hash(associated(purpose_of(kind), epoch, role, holder), plain);
    const std::size_t length = plain[salt_size];
    std::optional<Opened> out;
    if (same(hash.data(), token.data() + 1, iv_size) && length <= longest(kind)) {
        out.emplace();
        out->epoch = epoch;
        std::copy_n(plain.begin(), salt_size, out->salt.bytes.begin());
        out->value.assign(reinterpret_cast<const char*>(plain.data()) + salt_size + 1, length);
    }
    OPENSSL_cleanse(plain.data(), plain.size());
    return out;
}

DialogNumbers EpochSealer::numbers(Epoch epoch, Salt salt, Role role)
{
    auto* keys = keyed(epoch);
    if (keys == nullptr) return {};
    const auto hash = keys->hash(associated(numbers_of_side, epoch, role, {}), salt.bytes);
    std::array<std::uint64_t, 4> parts{}; // each number from bytes of its own
    std::memcpy(parts.data(), hash.data(), hash.size());
    return {.cseq_offset = static_cast<std::uint32_t>(parts[0] & ((1U << 30U) - 1)),
            .rseq_offset = static_cast<std::uint32_t>(parts[1] % ((1U << 31U) - 1)),
            .sdp_session = std::max<std::uint64_t>(1, parts[2] & ((std::uint64_t{1} << 62U) - 1)),
            .sdp_version_offset = static_cast<std::uint32_t>(parts[3] & ((1U << 30U) - 1))};
}

KeyedHash EpochSealer::dialog_hash(Epoch epoch, Salt salt)
{
    auto* keys = keyed(epoch);
    if (keys == nullptr) return {};
    const auto hash = keys->hash(associated(dialog, epoch, Role::caller, {}), salt.bytes);
    KeyedHash out;
    std::memcpy(&out.high, hash.data(), 8);
    std::memcpy(&out.low, hash.data() + 8, 8);
    return out;
}

} // namespace sotto::crypto
