#pragma once
#include "core/types/ids.hpp"
#include "core/types/time.hpp"
#include "net/options.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>

namespace sotto::net {

/// Who may come in. Shared by all workers; touched when a connection begins and ends, never on the way of a message.
/// Sources are known by keyed hashes only, and only while they are connected and for the seconds in which they may
/// begin no more.
class Admission {
public:
    explicit Admission(const AdmissionLimits& limits) { use(limits); }
    void use(const AdmissionLimits& limits);

    /// Claims a place for one connection that is about to be accepted. Zero: claimed. Otherwise nothing was claimed,
    /// and the caller leaves the connection in the kernel's queue for that long.
    milliseconds claim();
    /// Gives back a claim: nobody was there to accept.
    void unclaim();
    /// Counts the connection for its source. False when the source has too many, or has begun as many within
    /// `begun_within` (64 at least), which would take the rate from others: the caller closes it and unclaims.
    bool enter(KeyedHash source);
    /// Undoes `enter` for a connection that was not begun after all; it is unclaimed too.
    void forget(KeyedHash source);
    /// The handshake has ended, well or not. One in which the client said nothing cost nothing: it does not count
    /// against the rate.
    void handshake_over(bool greeted);
    /// No handshake can begin before another one ends.
    [[nodiscard]] bool handshakes_full() const;
    /// The connection has ended.
    void leave(KeyedHash source);

    [[nodiscard]] std::uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }

private:
    static constexpr std::int64_t begun_within = 4'000'000; // microseconds

    struct Shard {
        std::mutex mutex;
        std::unordered_map<KeyedHash, std::uint32_t> connections;
        std::int64_t span{0}; ///< number of the one of `begun_within` that `begun` counts
        std::unordered_map<KeyedHash, std::uint32_t> begun;
    };
    Shard& shard_of(KeyedHash source) { return shards_[source.high % shards_.size()]; }

    std::atomic<std::uint32_t> per_source_{0};
    std::atomic<std::uint32_t> most_handshakes_{0};
    std::atomic<std::uint32_t> most_connections_{0};
    std::atomic<std::int64_t> interval_{0}; ///< microseconds between two handshakes; 0: no limit
    std::atomic<std::int64_t> due_{0}; ///< when the next handshake would be due at the permitted rate, microseconds
    std::atomic<std::uint32_t> handshakes_{0};
    std::atomic<std::uint32_t> connections_{0};
    std::array<Shard, 16> shards_;
};

} // namespace sotto::net
