#include "location/ended_dialogs.hpp"

#include <algorithm>

namespace sotto::location {

EndedDialogs::Mark EndedDialogs::mark_of(KeyedHash dialog)
{
    return {static_cast<std::uint16_t>(dialog.low), static_cast<std::uint16_t>(dialog.low >> 16U),
            static_cast<std::uint16_t>(dialog.low >> 32U)};
}

std::size_t EndedDialogs::Shard::size() const
{
    std::size_t sum = 0;
    for (const auto& [epoch, marks] : sets) sum += marks.size();
    return sum;
}

bool EndedDialogs::add(KeyedHash dialog, Epoch epoch)
{
    Marks gone; // overwritten and given back without the lock
    auto& shard = shards_[shard_of(dialog)];
    const std::lock_guard lock{shard.mutex};
    if (shard.over[epoch.number]) return false;
    auto set = std::ranges::find(shard.sets, epoch, &Sets::value_type::first);
    if (set != shard.sets.end() && set->second.contains(mark_of(dialog))) return false;
    if (shard.size() >= most_of_shard_) {
        const auto first = std::ranges::find_if(shard.sets, [&](const auto& one) { return one.first != epoch; });
        if (first == shard.sets.end()) return false; // all of one epoch: what ends now is not remembered
        gone = std::move(first->second);
        shard.sets.erase(first);
        set = std::ranges::find(shard.sets, epoch, &Sets::value_type::first);
    }
    if (set == shard.sets.end()) set = shard.sets.insert(set, {epoch, {}});
    set->second.insert(mark_of(dialog));
    return true;
}

bool EndedDialogs::contains(KeyedHash dialog, Epoch epoch) const
{
    const auto& shard = shards_[shard_of(dialog)];
    const std::lock_guard lock{shard.mutex};
    if (shard.over[epoch.number]) return true;
    const auto set = std::ranges::find(shard.sets, epoch, &Sets::value_type::first);
    return set != shard.sets.end() && set->second.contains(mark_of(dialog));
}

void EndedDialogs::forget(const Epochs& over)
{
    for (auto& shard : shards_) {
        Sets gone; // overwritten and given back without the lock
        const std::lock_guard lock{shard.mutex};
        shard.over = over;
        for (auto& set : shard.sets)
            if (over[set.first.number]) gone.push_back(std::move(set));
        std::erase_if(shard.sets, [&](const auto& set) { return over[set.first.number]; });
    }
}

std::size_t EndedDialogs::size() const
{
    std::size_t size = 0;
    for (const auto& shard : shards_) {
        const std::lock_guard lock{shard.mutex};
        size += shard.size();
    }
    return size;
}

} // namespace sotto::location
