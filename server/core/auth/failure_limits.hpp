#pragma once
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sotto::auth {

/// How often authentication may fail, by address tried and by source, known only by keyed hashes. Each
/// failure fills a bucket that drains at the allowed rate; from half on answers are to be slow, a full one refuses. Of
/// fixed size: where it is crowded, what has failed least is forgotten. Constant time. Shared by all workers and
/// thread-safe: a mutex for each of some stripes, held for one look.
class FailureLimits {
public:
    /// `per_minute`: 0 refuses nobody; more than a million is taken as a million.
    explicit FailureLimits(std::uint32_t per_minute);
    void use(std::uint32_t per_minute) { per_minute_ = std::min(per_minute, 1'000'000U); }

    /// Whether credentials are worth checking now. `known` (the flow has authenticated as this account before) is
    /// always allowed: strangers who guess must not be able to lock a device out.
    [[nodiscard]] bool allows(KeyedHash address, KeyedHash source, bool known, TimePoint now) const;
    /// Counts a failure. True: it is to be answered late.
    bool failed(KeyedHash address, KeyedHash source, TimePoint now);
    /// Whether an address or a source has failed as often as it may.
    [[nodiscard]] bool exhausted(KeyedHash key, TimePoint now) const;
    /// Forgets whoever has not failed for so long that it counts no more. To be called now and then.
    void forget(TimePoint now);

private:
    struct Bucket {
        std::uint64_t tag{0};
        std::uint32_t seen{0};  ///< second of the last failure
        std::uint32_t level{0}; ///< failures then, in thousandths
    };
    static constexpr std::size_t ways = 4;
    using Set = std::array<Bucket, ways>;

    [[nodiscard]] std::uint32_t level_of(const Bucket& bucket, std::uint32_t second) const;
    [[nodiscard]] bool full(KeyedHash key, std::uint32_t second) const;
    /// The level then.
    std::uint32_t fill(KeyedHash key, std::uint32_t second);

    static constexpr std::size_t stripes = 64;
    [[nodiscard]] std::mutex& mutex_of(std::size_t set) const { return mutexes_[set % stripes]; }

    std::atomic<std::uint32_t> per_minute_{0};
    std::vector<Set> sets_;
    mutable std::array<std::mutex, stripes> mutexes_;
};

} // namespace sotto::auth
