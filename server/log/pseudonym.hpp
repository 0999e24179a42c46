#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::log {

/// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash that tells nothing about its input without the key.
std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::string_view text);

/// The key of one day's pseudonyms.
struct DayKey {
    std::chrono::sys_days day;
    std::array<std::uint64_t, 2> key{};
};

/// Stands for a personal value in the log: the same value has the same pseudonym all day (UTC) and another the next
/// day. The key is drawn at random, lives in this object and where `hand_on` puts it, and is overwritten when its day
/// is over: from then on nobody can find the value again by trying. Safe to use from every thread.
class Pseudonyms {
public:
    using Day = std::chrono::sys_days;

    Pseudonyms() = default;
    ~Pseudonyms();
    Pseudonyms(const Pseudonyms&) = delete;
    Pseudonyms& operator=(const Pseudonyms&) = delete;

    /// "~" and 12 hexadecimal digits.
    std::string of(std::string_view text, Day day);
    /// For today.
    std::string of(std::string_view text);

    /// Gets each key as it is drawn, and nothing when it is destroyed; on the thread that did it, one at a time.
    using HandOn = std::function<void(const std::optional<DayKey>& key)>;
    /// Goes on with `before`, the key of another process, if it is that of `today`.
    void hand_on(const std::optional<DayKey>& before, Day today, HandOn tell);
    /// Destroys a key whose day is over, also when nobody needs the next one yet.
    void end_day(Day today);

private:
    void draw_key(Day day);
    void tell() const;

    std::mutex mutex_;
    HandOn tell_;
    Day day_{};
    bool drawn_{false};
    std::array<std::uint64_t, 2> key_{};
};

} // namespace sotto::log
