#include "location/memory_location_service.hpp"

namespace sotto::location {

MemoryLocationService::MemoryLocationService()
{
    for (std::uint32_t i = 0; i < shards; ++i) shards_.emplace_back(i, index_);
}

Located MemoryLocationService::snapshot_of(AorKey aor, TimePoint now) const
{
    return shards_[shard_of(aor)].look_up(aor, now);
}

void MemoryLocationService::look_up(AorKey aor, TimePoint now, std::function<void(Located)> done)
{
    done(snapshot_of(aor, now));
}

void MemoryLocationService::commit(AorKey aor, Located expected, TimePoint now, std::function<void(bool)> done)
{
    const auto change = shards_[shard_of(aor)].commit(aor, std::move(expected), now);
    if (change) size_ += *change;
    done(change.has_value());
}

void MemoryLocationService::find(BindingId id, TimePoint now, std::function<void(std::optional<Binding>)> done)
{
    const auto place = index_.find(id);
    done(place ? shards_[place->shard].read(place->record, id, now) : std::nullopt);
}

void MemoryLocationService::flow_closed(BindingId id, FlowId flow)
{
    const auto place = index_.find(id);
    if (place && shards_[place->shard].remove(place->record, id, flow)) --size_;
}

std::size_t MemoryLocationService::expire(TimePoint now)
{
    std::size_t gone = 0;
    for (auto& shard : shards_) gone += shard.expire(now);
    size_ -= static_cast<std::ptrdiff_t>(gone);
    return gone;
}

} // namespace sotto::location
