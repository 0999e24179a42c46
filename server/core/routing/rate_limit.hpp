#pragma once
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <unordered_map>

namespace sotto {

/// How many requests each of many senders may make in a minute, known by keyed hashes. One object per worker; forgets
/// everybody at the end of the minute, so that it stays small.
class RateLimit {
public:
    /// False: the sender has had its `most` in this minute. 0: no limit.
    bool allows(KeyedHash sender, std::uint32_t most, TimePoint now)
    {
        if (most == 0) return true;
        if (now >= end_) {
            counts_.clear();
            end_ = now + seconds{60};
        }
        auto& count = counts_[sender];
        if (count >= most) return false;
        ++count;
        return true;
    }

private:
    TimePoint end_{};
    std::unordered_map<KeyedHash, std::uint32_t> counts_;
};

} // namespace sotto
