#pragma once
#include "core/types/worker_set.hpp"
#include "location/shard.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace sotto::location {

/// Bindings in the memory of this process. Answers at once, on the caller's thread. Look-ups by account and by binding
/// id cost the same for one binding and for a million; what expires costs what it is. Thread-safe: shards with a mutex
/// each, held for a copy, never while `Done` runs. Bytes of bindings that go are overwritten first (DESIGN.md P9).
class MemoryLocationService final : public LocationService {
public:
    MemoryLocationService();
    MemoryLocationService(const MemoryLocationService&) = delete;
    MemoryLocationService& operator=(const MemoryLocationService&) = delete;

    /// Who is told of a watched device: `workers` watch it. Called on the thread of whoever changed it, with no lock
    /// held. To be set before the first one is watched.
    void observe(std::function<void(BindingId, const WorkerSet& workers)> observer) { observer_ = std::move(observer); }
    /// Live bindings of an account, without the detour of a callback.
    [[nodiscard]] Located snapshot_of(AorKeys aor, TimePoint now) const;

    void look_up(AorKeys aor, TimePoint now, std::function<void(Located)> done) override;
    void commit(AorKeys aor, Located expected, TimePoint now, std::function<void(bool)> done) override;
    void find(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done) override;
    void find_in_dialog(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done) override;
    void flow_closed(BindingId id, FlowId flow) override;
    void flow_ended(FlowId flow) override;
    void flow_failed(BindingId id, FlowId flow, std::uint32_t reg_id) override;
    void watch(BindingId id, std::uint16_t worker, bool on) override;
    std::size_t expire(TimePoint now) override;
    [[nodiscard]] std::size_t size() const override { return static_cast<std::size_t>(size_.load()); }
    /// How many are known to requests inside dialogs alone.
    [[nodiscard]] std::size_t departed() const { return departed_.size(); }

private:
    static constexpr std::size_t shards = 64;
    /// The high half of the key chooses the shard, the low half the place in its map.
    static std::size_t shard_of(AorKey aor) { return aor.hash.high >> 58U; }
    template <class Use> void at_place_of(BindingId id, Use use);
    void remove(BindingId id, const Shard::Which& which);
    void changed(BindingId id);
    /// The device's flows whose registration ends after that.
    std::vector<Binding> found(BindingId id, TimePoint after);

    Index index_;
    Departed departed_;
    std::deque<Shard> shards_;
    std::atomic<std::ptrdiff_t> size_{0};
    std::mutex watching_;
    std::unordered_map<BindingId, WorkerSet> watched_;
    std::atomic<std::size_t> watched_count_{0};
    std::function<void(BindingId, const WorkerSet&)> observer_;
};

} // namespace sotto::location
