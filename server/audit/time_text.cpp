#include "audit/time_text.hpp"

#include <array>
#include <cstdio>

namespace sotto::audit {

std::string time_text(Time time)
{
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time) -
                                      std::chrono::floor<std::chrono::days>(time)};
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text.data();
}

std::optional<Time> time_from(std::string_view text)
{
    int year = 0;
    unsigned month = 0, day = 0;
    int hour = 0, minute = 0, second = 0, thousandth = 0;
    if (std::sscanf(std::string{text}.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hour, &minute,
                    &second, &thousandth) != 7)
        return std::nullopt;
    const auto date = std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
    if (!date.ok()) return std::nullopt;
    const Time time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                      std::chrono::seconds{second} + std::chrono::milliseconds{thousandth};
    return time_text(time) == text ? std::optional{time} : std::nullopt;
}

} // namespace sotto::audit
