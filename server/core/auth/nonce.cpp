#include "core/auth/nonce.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace sotto::auth {
namespace {

constexpr std::size_t clear_size = 5; ///< issued, serial
constexpr std::size_t tag_size = 13;
constexpr std::uint32_t patience_for_answers = 32; ///< seconds, as a transaction has them (RFC 3261 17.1)

/// Time and serial in the clear, then a keyed hash of both and of the flow.
using Nonce = std::array<std::uint8_t, clear_size + tag_size>;

std::string_view raw(const Nonce& nonce) { return {reinterpret_cast<const char*>(nonce.data()), nonce.size()}; }

Nonce nonce_of(std::uint32_t issued, std::uint8_t serial, FlowId flow, Cryptography& crypto)
{
    std::array<char, clear_size + 8> hashed;
    std::memcpy(hashed.data(), &issued, 4);
    std::memcpy(hashed.data() + 4, &serial, 1);
    std::memcpy(hashed.data() + clear_size, &flow.value, 8);
    const auto hash = crypto.keyed_hash(Cryptography::Use::nonce, {hashed.data(), hashed.size()});
    Nonce out;
    std::memcpy(out.data(), hashed.data(), clear_size);
    std::memcpy(out.data() + clear_size, &hash.high, 8);
    std::memcpy(out.data() + clear_size + 8, &hash.low, tag_size - 8);
    return out;
}

} // namespace

std::uint32_t FlowNonces::second(TimePoint now, Cryptography& crypto)
{
    while (began_ == 0) {
        std::array<std::uint8_t, sizeof began_> drawn;
        crypto.random(drawn);
        std::memcpy(&began_, drawn.data(), drawn.size());
    }
    return static_cast<std::uint32_t>(std::chrono::floor<seconds>(now.time_since_epoch()).count()) - began_;
}

FlowNonces::Slot& FlowNonces::next_slot(std::uint32_t second)
{
    const auto awaited = [&](const Slot& old) {
        return old.used && old.last_nc == 0 && second - old.issued <= patience_for_answers;
    };
    while (count_ < serials && awaited(slot(next_))) grow(static_cast<std::uint16_t>(count_ * 2));
    const auto serial = next_++;
    return slot(serial) = {.issued = second, .serial = serial, .used = true};
}

void FlowNonces::grow(std::uint16_t count)
{
    if (count <= count_) return;
    auto more = std::make_unique<Slot[]>(count);
    const auto old = many_ ? std::span<const Slot>{many_.get(), count_} : std::span<const Slot>{few_};
    for (const auto& each : old)
        if (each.used) more[each.serial % count] = each;
    many_ = std::move(more);
    count_ = count;
}

std::string issue_nonce(FlowNonces& nonces, FlowId flow, TimePoint now, Cryptography& crypto)
{
    const auto& slot = nonces.next_slot(nonces.second(now, crypto));
    return base64url(nonce_of(slot.issued, slot.serial, flow, crypto));
}

NonceState check_nonce(FlowNonces& nonces, FlowId flow, std::string_view text, std::uint32_t nc, TimePoint now,
                       Cryptography& crypto, bool commit)
{
    Nonce nonce;
    if (!from_base64url(text, nonce)) return NonceState::foreign;
    std::uint32_t issued = 0;
    std::memcpy(&issued, nonce.data(), 4);
    const std::uint8_t serial = nonce[4];
    if (!equal_in_constant_time(raw(nonce), raw(nonce_of(issued, serial, flow, crypto)))) return NonceState::foreign;

    auto& slot = nonces.slot(serial);
    const bool remembered = slot.used && slot.issued == issued && slot.serial == serial;
    const bool fresh = nonces.second(now, crypto) - issued <= static_cast<std::uint32_t>(nonce_lifetime.count());
    if (!remembered || !fresh || nc <= slot.last_nc) return NonceState::stale;
    if (commit) slot.last_nc = nc;
    return NonceState::good;
}

} // namespace sotto::auth
