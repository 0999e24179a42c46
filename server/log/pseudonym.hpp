#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace sotto::log {

/// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash that tells nothing about its input without the key.
std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::string_view text);

/// Stands for a personal value in the log: the same value has the same pseudonym all day (UTC) and another the next
/// day. The key is drawn at random, lives in this object only, and is overwritten when its day is over: from then on
/// nobody can find the value again by trying. Safe to use from every thread.
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

private:
    void draw_key(Day day);

    std::mutex mutex_;
    Day day_{};
    bool drawn_{false};
    std::array<std::uint64_t, 2> key_{};
};

} // namespace sotto::log
