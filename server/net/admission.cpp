#include "net/admission.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net {

namespace {

constexpr std::int64_t burst = 1'000'000;    // microseconds: one second's worth may come at once
constexpr std::uint32_t begun_at_least = 64; // within their span, however few may be open
constexpr milliseconds full_wait{50};        // places become free as handshakes and connections end

std::int64_t microseconds_now()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

/// Adds one unless that would exceed `most` (0: no limit).
bool take(std::atomic<std::uint32_t>& count, std::uint32_t most)
{
    const auto before = count.fetch_add(1, std::memory_order_relaxed);
    if (most == 0 || before < most) return true;
    count.fetch_sub(1, std::memory_order_relaxed);
    return false;
}

} // namespace

void Admission::use(const AdmissionLimits& limits)
{
    per_source_ = limits.connections_per_source;
    most_handshakes_ = limits.handshakes_in_progress;
    most_connections_ = limits.connections;
    interval_ =
        limits.handshakes_per_second == 0 ? 0 : std::max<std::int64_t>(1, 1'000'000 / limits.handshakes_per_second);
}

milliseconds Admission::claim()
{
    if (!take(connections_, most_connections_)) return full_wait;
    if (!take(handshakes_, most_handshakes_)) {
        connections_.fetch_sub(1, std::memory_order_relaxed);
        return full_wait;
    }
    const auto interval = interval_.load(std::memory_order_relaxed);
    if (interval == 0) return milliseconds{0};
    const auto now = microseconds_now();
    auto due = due_.load(std::memory_order_relaxed);
    for (;;) {
        const auto from = std::max(due, now);
        if (from - now >= burst) {
            handshakes_.fetch_sub(1, std::memory_order_relaxed);
            connections_.fetch_sub(1, std::memory_order_relaxed);
            return milliseconds{1 + interval / 1'000};
        }
        if (due_.compare_exchange_weak(due, from + interval, std::memory_order_relaxed)) return milliseconds{0};
    }
}

void Admission::unclaim()
{
    handshake_over(false);
    connections_.fetch_sub(1, std::memory_order_relaxed);
}

void Admission::handshake_over(bool greeted)
{
    handshakes_.fetch_sub(1, std::memory_order_relaxed);
    if (!greeted) due_.fetch_sub(interval_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

bool Admission::handshakes_full() const
{
    const auto most = most_handshakes_.load(std::memory_order_relaxed);
    return most != 0 && handshakes_.load(std::memory_order_relaxed) >= most;
}

bool Admission::enter(KeyedHash source)
{
    const auto most = per_source_.load(std::memory_order_relaxed);
    auto& shard = shard_of(source);
    const std::lock_guard lock{shard.mutex};
    if (most != 0) {
        if (const auto span = microseconds_now() / begun_within; std::exchange(shard.span, span) != span)
            shard.begun.clear();
        const auto open = shard.connections.find(source);
        if (open != shard.connections.end() && open->second >= most) return false;
        auto& begun = shard.begun[source];
        if (begun >= std::max(most, begun_at_least)) return false;
        ++begun;
    }
    ++shard.connections[source];
    return true;
}

void Admission::leave(KeyedHash source)
{
    connections_.fetch_sub(1, std::memory_order_relaxed);
    forget(source);
}

void Admission::forget(KeyedHash source)
{
    auto& shard = shard_of(source);
    const std::lock_guard lock{shard.mutex};
    if (const auto found = shard.connections.find(source); found != shard.connections.end() && --found->second == 0)
        shard.connections.erase(found);
}

} // namespace sotto::net
