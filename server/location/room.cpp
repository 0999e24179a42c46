#include "location/room.hpp"

namespace sotto::location {

bool Room::take(Holder holder, std::size_t bytes)
{
    if (holder == Holder{}) return true;
    auto& shard = of(holder);
    const std::lock_guard lock{shard.mutex};
    const auto taken = shard.taken.find(holder.hash);
    if (bytes > most_ - (taken == shard.taken.end() ? 0 : taken->second)) return false;
    shard.taken[holder.hash] += bytes;
    return true;
}

void Room::give_back(Holder holder, std::size_t bytes)
{
    if (holder == Holder{}) return;
    auto& shard = of(holder);
    const std::lock_guard lock{shard.mutex};
    const auto taken = shard.taken.find(holder.hash);
    if ((taken->second -= bytes) == 0) shard.taken.erase(taken);
}

} // namespace sotto::location
