#include "log/pseudonym.hpp"

#include <fmt/format.h>

#include <sys/random.h>

#include <bit>
#include <cstring>
#include <stdexcept>

namespace sotto::log {
namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round()
    {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void take(std::uint64_t word)
    {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

} // namespace

std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::string_view text)
{
    SipState state{0x736f6d6570736575ULL ^ key[0], 0x646f72616e646f6dULL ^ key[1], 0x6c7967656e657261ULL ^ key[0],
                   0x7465646279746573ULL ^ key[1]};
    const std::uint64_t length = text.size();
    while (text.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), 8);
        state.take(word);
        text.remove_prefix(8);
    }
    std::uint64_t last = 0;
    std::memcpy(&last, text.data(), text.size());
    state.take(last | (length << 56U));
    state.v2 ^= 0xFF;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

Pseudonyms::~Pseudonyms() { explicit_bzero(key_.data(), sizeof key_); }

std::string Pseudonyms::of(std::string_view text, Day day)
{
    const std::lock_guard lock{mutex_};
    if (!drawn_ || day != day_) draw_key(day);
    return fmt::format("~{:012x}", siphash(key_, text) >> 16U);
}

std::string Pseudonyms::of(std::string_view text)
{
    return of(text, std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
}

void Pseudonyms::draw_key(Day day)
{
    if (getrandom(key_.data(), sizeof key_, 0) != static_cast<ssize_t>(sizeof key_))
        throw std::runtime_error{"the kernel gives no random bytes"};
    day_ = day;
    drawn_ = true;
    tell();
}

void Pseudonyms::tell() const
{
    if (tell_) tell_(drawn_ ? std::optional{DayKey{day_, key_}} : std::nullopt);
}

void Pseudonyms::hand_on(const std::optional<DayKey>& before, Day today, HandOn tell_of_it)
{
    const std::lock_guard lock{mutex_};
    tell_ = std::move(tell_of_it);
    if (!drawn_ && before && before->day == today) {
        key_ = before->key;
        day_ = before->day;
        drawn_ = true;
    }
    tell();
}

void Pseudonyms::end_day(Day today)
{
    const std::lock_guard lock{mutex_};
    if (!drawn_ || day_ == today) return;
    explicit_bzero(key_.data(), sizeof key_);
    drawn_ = false;
    tell();
}

} // namespace sotto::log
