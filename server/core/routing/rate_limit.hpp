#pragma once
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace sotto {

/// How many requests each of many senders may make in a minute, known by keyed hashes. A sender's minute begins with
/// its first request; a minute after that it is forgotten. One object for all workers, thread-safe: a mutex, held for
/// one look-up, and once a minute for as many as there were senders.
class RateLimit {
public:
    /// False: the sender has had its `most` in this minute. 0: no limit.
    bool allows(KeyedHash sender, std::uint32_t most, TimePoint now)
    {
        if (most == 0) return true;
        const std::scoped_lock lock{mutex_};
        if (now >= forgets_at_) {
            std::erase_if(senders_, [&](const auto& one) { return one.second.ends <= now; });
            forgets_at_ = now + minute;
        }
        auto& sent = senders_[sender];
        if (sent.ends <= now) sent = {.ends = now + minute};
        if (sent.count >= most) return false;
        ++sent.count;
        return true;
    }

private:
    static constexpr seconds minute{60};
    struct Sent {
        TimePoint ends{};
        std::uint32_t count{0};
    };

    std::mutex mutex_;
    TimePoint forgets_at_{};
    std::unordered_map<KeyedHash, Sent> senders_;
};

} // namespace sotto
