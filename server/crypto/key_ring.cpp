#include "crypto/key_ring.hpp"

#include "crypto/primitives.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace sotto::crypto {
namespace {

constexpr std::string_view format = "sotto epoch keys 1\n";
constexpr std::size_t key_size = 32;
constexpr std::size_t entry_size = 1 + 8 + 8 + key_size;

void put(std::uint8_t*& at, std::int64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift);
}

std::int64_t take(const std::uint8_t*& at)
{
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = (value << 8U) | *at++;
    return static_cast<std::int64_t>(value);
}

TimePoint time_of(std::int64_t count) { return TimePoint{milliseconds{count}}; }

/// Nothing when the bytes are not a list of keys of which only the last one is current.
std::optional<EpochKeys> parse(Bytes serialised)
{
    if (serialised.size() < format.size() || !std::ranges::equal(serialised.first(format.size()), as_bytes(format)))
        return std::nullopt;
    const auto rest = serialised.subspan(format.size());
    if (rest.empty() || rest.size() % entry_size != 0 || rest.size() / entry_size > 256) return std::nullopt;
    EpochKeys keys;
    for (const auto* at = rest.data(); at != rest.data() + rest.size();) {
        EpochKey key;
        key.epoch.number = *at++;
        key.began = time_of(take(at));
        key.ended = time_of(take(at));
        key.secret = std::make_shared<const Secret>(Bytes{at, key_size});
        at += key_size;
        const bool follows = keys.empty() || keys.back().ended <= key.began;
        const bool known = std::ranges::any_of(keys, [&](const auto& other) { return other.epoch == key.epoch; });
        if (!follows || known || key.ended < key.began) return std::nullopt;
        keys.push_back(std::move(key));
    }
    if (keys.back().ended != TimePoint::max()) return std::nullopt;
    return keys;
}

/// The first epoch's number is random, so that it does not tell how long the service has been running.
Epoch first_epoch()
{
    Epoch epoch;
    if (RAND_bytes(&epoch.number, 1) != 1) throw std::runtime_error{"no random bytes"};
    return epoch;
}

EpochKey new_key(Epoch epoch, TimePoint now)
{
    return {.epoch = epoch, .began = now, .secret = std::make_shared<const Secret>(Secret::random(key_size))};
}

} // namespace

KeyRing::KeyRing(TimePoint now, Times times) : times_{times}
{
    if (times.period <= seconds::zero() || times.kept < seconds::zero() || times.kept / times.period > 200)
        throw std::invalid_argument{"key epochs: a key may be kept for 200 periods"};
    publish({new_key(first_epoch(), now)});
}

bool KeyRing::advance(EpochKeys& keys, TimePoint now) const
{
    bool changed = false;
    if (now - keys.back().began >= times_.period) {
        const Epoch next{static_cast<std::uint8_t>(keys.back().epoch.number + 1)};
        keys.back().ended = now;
        keys.push_back(new_key(next, now));
        changed = true;
    }
    const auto over = [&](const EpochKey& key) {
        return key.ended != TimePoint::max() && now - key.ended >= times_.kept;
    };
    return std::erase_if(keys, over) > 0 || changed;
}

bool KeyRing::rotate(TimePoint now)
{
    EpochKeys keys = *snapshot();
    if (!advance(keys, now)) return false;
    publish(std::move(keys));
    return true;
}

TimePoint KeyRing::next_rotation() const
{
    const auto keys = snapshot();
    const auto begin = keys->back().began + times_.period;
    if (keys->size() == 1) return begin;
    return std::min(begin, keys->front().ended + times_.kept);
}

std::shared_ptr<const EpochKeys> KeyRing::snapshot() const
{
    const std::scoped_lock lock{mutex_};
    return keys_;
}

void KeyRing::publish(EpochKeys keys)
{
    auto next = std::make_shared<const EpochKeys>(std::move(keys));
    {
        const std::scoped_lock lock{mutex_};
        keys_.swap(next);
    }
    generation_.fetch_add(1, std::memory_order_release);
}

Secret KeyRing::serialise() const
{
    const auto keys = snapshot();
    Secret out{format.size() + keys->size() * entry_size};
    auto* at = std::ranges::copy(as_bytes(format), out.bytes().data()).out;
    for (const auto& key : *keys) {
        *at++ = key.epoch.number;
        put(at, key.began.time_since_epoch().count());
        put(at, key.ended.time_since_epoch().count());
        at = std::ranges::copy(key.secret->bytes(), at).out;
    }
    return out;
}

bool KeyRing::restore(std::span<const std::uint8_t> serialised, TimePoint now)
{
    auto keys = parse(serialised);
    if (!keys || keys->back().began > now) return false;
    advance(*keys, now);
    publish(std::move(*keys));
    return true;
}

} // namespace sotto::crypto
