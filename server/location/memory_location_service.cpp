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

/// A commit may move the records between the look into the index and the look into the shard: then the index is asked
/// again.
template <class Use> void MemoryLocationService::at_place_of(BindingId id, Use use)
{
    for (auto place = index_.find(id); place;) {
        if (use(shards_[place->shard], place->record)) return;
        const auto again = index_.find(id);
        if (again == place) return;
        place = again;
    }
}

void MemoryLocationService::find(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done)
{
    std::vector<Binding> flows;
    at_place_of(id, [&](Shard& shard, std::uint32_t record) { return shard.read(record, id, now, flows); });
    done(std::move(flows));
}

void MemoryLocationService::flow_closed(BindingId id, FlowId flow)
{
    at_place_of(id, [&](Shard& shard, std::uint32_t record) {
        const auto gone = shard.remove(record, id, flow);
        size_ -= static_cast<std::ptrdiff_t>(gone.value_or(0));
        return gone.has_value();
    });
}

std::size_t MemoryLocationService::expire(TimePoint now)
{
    std::size_t gone = 0;
    for (auto& shard : shards_) gone += shard.expire(now);
    size_ -= static_cast<std::ptrdiff_t>(gone);
    return gone;
}

} // namespace sotto::location
