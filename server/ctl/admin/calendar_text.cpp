#include "ctl/admin/ledger_commands.hpp"

#include <array>

namespace sotto::ctl {
namespace {

/// The numbers of a text that looks like `shape`, where each `d` is a digit; false when it does not.
template <std::size_t count> bool scan(std::string_view text, std::string_view shape, std::array<int, count>& numbers)
{
    if (text.size() != shape.size()) return false;
    numbers.fill(0);
    std::size_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (shape[i] != 'd') {
            if (text[i] != shape[i]) return false;
            ++at;
            continue;
        }
        if (text[i] < '0' || text[i] > '9') return false;
        numbers.at(at) = numbers.at(at) * 10 + (text[i] - '0');
    }
    return true;
}

std::string padded(long long number, std::size_t width)
{
    auto text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::chrono::year_month_day day_of(int year, int month, int day)
{
    return std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month)} /
           std::chrono::day{static_cast<unsigned>(day)};
}

} // namespace

std::optional<std::chrono::year_month> month_from(std::string_view text)
{
    std::array<int, 2> n{};
    if (!scan(text, "dddd-dd", n)) return std::nullopt;
    const auto month = std::chrono::year{n[0]} / std::chrono::month{static_cast<unsigned>(n[1])};
    return month.ok() ? std::optional{month} : std::nullopt;
}

std::string to_text(std::chrono::year_month month)
{
    return padded(static_cast<int>(month.year()), 4) + "-" + padded(static_cast<unsigned>(month.month()), 2);
}

std::optional<retention::Time> time_from(std::string_view text)
{
    std::array<int, 7> n{};
    const bool whole = scan(text, "dddd-dd-ddTdd:dd:ddZ", n);
    if (!whole && !scan(text, "dddd-dd-dd", n)) return std::nullopt;
    const auto day = day_of(n[0], n[1], n[2]);
    if (!day.ok() || n[3] > 23 || n[4] > 59 || n[5] > 59) return std::nullopt;
    return retention::Time{std::chrono::sys_days{day}} + std::chrono::hours{n[3]} + std::chrono::minutes{n[4]} +
           std::chrono::seconds{n[5]};
}

std::string to_text(retention::Time time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return to_text(date.year() / date.month()) + "-" + padded(static_cast<unsigned>(date.day()), 2) + "T" +
           padded(clock.hours().count(), 2) + ":" + padded(clock.minutes().count(), 2) + ":" +
           padded(clock.seconds().count(), 2) + "Z";
}

} // namespace sotto::ctl
