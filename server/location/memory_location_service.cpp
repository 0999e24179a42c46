#include "location/memory_location_service.hpp"

#include <algorithm>

namespace sotto::location {
namespace {

/// What stands under both keys of an account counts as it was registered last.
void add_or_renew(std::vector<Binding>& bindings, Binding one)
{
    const auto known = std::ranges::find_if(
        bindings, [&](const Binding& other) { return other.id == one.id && other.reg_id == one.reg_id; });
    if (known == bindings.end())
        bindings.push_back(std::move(one));
    else if (known->refreshed < one.refreshed)
        *known = std::move(one);
}

} // namespace

MemoryLocationService::MemoryLocationService()
{
    for (std::uint32_t i = 0; i < shards; ++i) shards_.emplace_back(i, index_, departed_);
}

Located MemoryLocationService::snapshot_of(AorKeys aor, TimePoint now) const
{
    auto located = shards_[shard_of(aor.now)].look_up(aor.now, now);
    if (!aor.rotating()) return located;
    auto older = shards_[shard_of(aor.before)].look_up(aor.before, now);
    located.version_before = older.version;
    for (auto& binding : older.bindings) add_or_renew(located.bindings, std::move(binding));
    return located;
}

void MemoryLocationService::look_up(AorKeys aor, TimePoint now, std::function<void(Located)> done)
{
    done(snapshot_of(aor, now));
}

void MemoryLocationService::commit(AorKeys aor, Located expected, TimePoint now, std::function<void(bool)> done)
{
    const Located none{.version = expected.version_before, .version_before = 0, .bindings = {}};
    std::vector<BindingId> touched;
    if (watched_count_ > 0) {
        for (const auto& binding : expected.bindings) touched.push_back(binding.id);
        for (const auto& binding : snapshot_of(aor, now).bindings) touched.push_back(binding.id);
        std::ranges::sort(touched);
        touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    }
    const auto change = shards_[shard_of(aor.now)].commit(aor.now, std::move(expected), now, aor.rotating());
    if (change) {
        size_ += *change;
        // Whoever has changed them meanwhile, a worker that had not heard of the new key, is found by both keys still.
        if (aor.rotating()) size_ += shards_[shard_of(aor.before)].commit(aor.before, none, now, false).value_or(0);
        for (const auto id : touched) changed(id);
    }
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
    done(found(id, now));
}

std::vector<Binding> MemoryLocationService::found(BindingId id, TimePoint after)
{
    std::vector<Binding> flows;
    at_place_of(id, [&](Shard& shard, std::uint32_t record) { return shard.read(record, id, after, flows); });
    return flows;
}

void MemoryLocationService::find_in_dialog(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done)
{
    auto flows = found(id, now);
    if (flows.empty()) flows = found(id, TimePoint::min()); // over, and not swept up yet
    if (flows.empty()) flows = departed_.find(id);
    if (flows.empty()) flows = found(id, TimePoint::min()); // it has registered again meanwhile
    done(std::move(flows));
}

void MemoryLocationService::flow_ended(FlowId flow) { departed_.flow_ended(flow); }

void MemoryLocationService::flow_closed(BindingId id, FlowId flow)
{
    remove(id, [flow](const Binding& binding) { return binding.flow == flow; });
}

void MemoryLocationService::flow_failed(BindingId id, FlowId flow, std::uint32_t reg_id)
{
    departed_.forget(id, flow);
    remove(id, [flow, reg_id](const Binding& binding) { return binding.flow == flow && binding.reg_id == reg_id; });
}

void MemoryLocationService::remove(BindingId id, const Shard::Which& which)
{
    at_place_of(id, [&](Shard& shard, std::uint32_t record) {
        const auto gone = shard.remove(record, id, which);
        size_ -= static_cast<std::ptrdiff_t>(gone.value_or(0));
        return gone.has_value();
    });
    changed(id);
}

void MemoryLocationService::watch(BindingId id, std::uint16_t worker, bool on)
{
    const std::scoped_lock lock{watching_};
    auto& workers = watched_[id];
    workers.set(worker, on);
    if (workers.none()) watched_.erase(id);
    watched_count_ = watched_.size();
}

void MemoryLocationService::changed(BindingId id)
{
    if (watched_count_ == 0) return; // most of the time
    WorkerSet workers;
    {
        const std::scoped_lock lock{watching_};
        if (const auto found = watched_.find(id); found != watched_.end()) workers = found->second;
    }
    if (workers.any() && observer_) observer_(id, workers);
}

std::size_t MemoryLocationService::expire(TimePoint now)
{
    std::vector<BindingId> gone;
    for (auto& shard : shards_) shard.expire(now, gone);
    size_ -= static_cast<std::ptrdiff_t>(gone.size());
    for (const auto id : gone) changed(id);
    return gone.size();
}

} // namespace sotto::location
