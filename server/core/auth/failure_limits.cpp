#include "core/auth/failure_limits.hpp"

#include <algorithm>

namespace sotto::auth {
namespace {

constexpr std::uint32_t one = 1000;
constexpr std::size_t sets = 4096; ///< 256 KiB, 16,384 of those at a time

std::uint32_t second_of(TimePoint now)
{
    return static_cast<std::uint32_t>(std::chrono::floor<seconds>(now.time_since_epoch()).count());
}

} // namespace

FailureLimits::FailureLimits(std::uint32_t per_minute) : sets_(sets) { use(per_minute); }

bool FailureLimits::allows(KeyedHash address, KeyedHash source, bool known, TimePoint now) const
{
    if (per_minute_ == 0 || known) return true;
    const auto second = second_of(now);
    return !full(address, second) && !full(source, second);
}

bool FailureLimits::failed(KeyedHash address, KeyedHash source, TimePoint now)
{
    if (per_minute_ == 0) return false;
    const auto second = second_of(now);
    const auto level = std::max(fill(address, second), fill(source, second));
    return std::uint64_t{level} * 2 > std::uint64_t{per_minute_} * one;
}

bool FailureLimits::exhausted(KeyedHash key, TimePoint now) const
{
    return per_minute_ != 0 && full(key, second_of(now));
}

void FailureLimits::forget(TimePoint now)
{
    const auto second = second_of(now);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        const std::scoped_lock lock{mutex_of(i)};
        for (auto& bucket : sets_[i])
            if (level_of(bucket, second) == 0) bucket = {};
    }
}

std::uint32_t FailureLimits::level_of(const Bucket& bucket, std::uint32_t second) const
{
    const auto drained = std::uint64_t{second - bucket.seen} * per_minute_ * one / 60;
    return drained >= bucket.level ? 0 : bucket.level - static_cast<std::uint32_t>(drained);
}

bool FailureLimits::full(KeyedHash key, std::uint32_t second) const
{
    const auto& set = sets_[key.low % sets];
    const std::scoped_lock lock{mutex_of(key.low % sets)};
    const auto bucket = std::ranges::find(set, key.high, &Bucket::tag);
    // One that has drained by less than a whole failure is still full.
    return bucket != set.end() && level_of(*bucket, second) > (std::uint64_t{per_minute_} - 1) * one;
}

std::uint32_t FailureLimits::fill(KeyedHash key, std::uint32_t second)
{
    auto& set = sets_[key.low % sets];
    const std::scoped_lock lock{mutex_of(key.low % sets)};
    auto bucket = std::ranges::find(set, key.high, &Bucket::tag);
    if (bucket == set.end()) {
        bucket = std::ranges::min_element(set, {}, [&](const Bucket& each) { return level_of(each, second); });
        *bucket = Bucket{.tag = key.high};
    }
    const auto most = std::uint64_t{per_minute_} * one;
    bucket->level =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(most, std::uint64_t{level_of(*bucket, second)} + one));
    bucket->seen = second;
    return bucket->level;
}

} // namespace sotto::auth
