#include "core/billing/tariff.hpp"

namespace sotto::billing {

const InsideTariff* tariff_inside(std::span<const InsideTariff> tariffs, std::string_view dialled)
{
    const InsideTariff* best = nullptr;
    for (const auto& one : tariffs)
        if (dialled.starts_with(one.prefix) && (best == nullptr || one.prefix.size() > best->prefix.size()))
            best = &one;
    return best;
}

std::string rated_destination(std::string_view dialled, std::uint32_t hidden_digits)
{
    std::string shown{dialled};
    for (auto at = shown.size(); at > 0 && hidden_digits > 0; --at) {
        auto& digit = shown[at - 1];
        if (digit < '0' || digit > '9') continue;
        digit = 'x';
        --hidden_digits;
    }
    return shown;
}

retention::Time rated_start(retention::Time start, seconds rounding)
{
    const auto since = start.time_since_epoch();
    return retention::Time{since - since % rounding};
}

} // namespace sotto::billing
