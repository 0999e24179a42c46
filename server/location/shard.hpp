#pragma once
#include "core/registrar/location_service.hpp"
#include "location/departed.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace sotto::location {

/// Elements by number, in chunks that never move: growing copies nothing and spares the old copies on the heap.
template <class T> class Chunked {
public:
    [[nodiscard]] std::uint32_t size() const { return size_; }
    T& operator[](std::uint32_t number) { return chunks_[number / chunk][number % chunk]; }
    const T& operator[](std::uint32_t number) const { return chunks_[number / chunk][number % chunk]; }
    void add()
    {
        if (size_ % chunk == 0) chunks_.push_back(std::make_unique<T[]>(chunk));
        ++size_;
    }

private:
    static constexpr std::uint32_t chunk = 64;
    std::vector<std::unique_ptr<T[]>> chunks_;
    std::uint32_t size_{0};
};

/// Where one flow of a device is kept: shard and number of its record.
struct Place {
    std::uint32_t shard{0};
    std::uint32_t record{0};
    bool operator==(const Place&) const = default;
};

/// From binding ids to the place of one of the device's flows; in parts with a mutex each, held for one look-up.
/// Thread-safe.
class Index {
public:
    [[nodiscard]] std::optional<Place> find(BindingId id) const;
    void put(BindingId id, Place place);
    /// Only if the id still leads there.
    void remove(BindingId id, Place place);

private:
    struct Part {
        mutable std::mutex mutex;
        boost::unordered_flat_map<std::uint64_t, Place> places;
    };
    static constexpr std::size_t parts = 64;
    /// The top bits choose the part, the map hashes the rest.
    static std::size_t part_of(BindingId id) { return id.value >> 58U; }
    std::array<Part, parts> parts_;
};

/// The bindings of some of the accounts: records in chunks that never move, chained per account and per second of
/// expiry or before (a timer wheel), so that nothing is ever searched. Thread-safe: one mutex, held for a copy; inside
/// it only the index and those who have departed are asked, never the other way round.
class Shard {
public:
    Shard(std::uint32_t number, Index& index, Departed& departed) : number_{number}, index_{index}, departed_{departed}
    {
    }

    [[nodiscard]] Located look_up(AorKey aor, TimePoint now) const;
    /// The change in the number of bindings; nothing when the version is not the expected one. `rotating`: the
    /// account's former key may name the same devices, and goes next.
    std::optional<std::ptrdiff_t> commit(AorKey aor, Located expected, TimePoint now, bool rotating);
    /// Adds all flows of the device to `out`, the latest first. `record` is any one of them; false: not any more.
    bool read(std::uint32_t record, BindingId id, TimePoint now, std::vector<Binding>& out) const;
    /// Which of a device's bindings.
    using Which = std::function<bool(const Binding&)>;
    /// How many went; nothing when `record` is none of the device's any more.
    std::optional<std::size_t> remove(std::uint32_t record, BindingId id, const Which& which);
    /// Adds the devices whose bindings went to `gone`, one entry for each.
    void expire(TimePoint now, std::vector<BindingId>& gone);

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t slots = 1024; ///< seconds; a longer lifetime is looked at once each round

    struct Record {
        Binding binding;
        AorKey aor;
        std::uint32_t next{none};    ///< of the same account; of the free ones
        std::uint32_t earlier{none}; ///< of the same slot; none: first there
        std::uint32_t later{none};
        std::uint32_t slot{none}; ///< none: free
    };
    struct Account {
        std::uint64_t version{0};
        std::uint32_t first{none};
    };

    std::uint32_t take(Binding binding, AorKey aor);
    void renew(std::uint32_t number, Binding binding);
    /// Takes the record of that flow out of a chain; `none`: it is not there.
    std::uint32_t unchain(std::uint32_t& first, const Binding& flow);
    void release(std::uint32_t number);
    /// Remembers of a chain that goes the devices that nothing else is left of.
    void depart(std::uint32_t first);
    void release_all(std::uint32_t first, std::ptrdiff_t& change);
    /// Takes the record out of its account's chain, and the account out of the map with its last binding. The index
    /// leads to another flow of the device then, if there is one.
    void detach(std::uint32_t number);
    [[nodiscard]] bool holds(std::uint32_t number, BindingId id) const;
    [[nodiscard]] std::uint32_t first_of(AorKey aor) const;
    [[nodiscard]] std::uint32_t slot_of(const Binding& binding) const;
    void enter_slot(std::uint32_t number);
    void leave_slot(std::uint32_t number);

    const std::uint32_t number_;
    Index& index_;
    Departed& departed_;
    mutable std::mutex mutex_;
    boost::unordered_flat_map<AorKey, Account, std::hash<AorKey>> accounts_;
    Chunked<Record> records_;
    std::uint32_t free_{none};
    std::array<std::uint32_t, slots> wheel_ = [] {
        std::array<std::uint32_t, slots> empty;
        empty.fill(none);
        return empty;
    }();
    std::optional<seconds> swept_;  ///< the second that `expire` saw last
    std::uint64_t last_version_{0}; ///< of the whole shard, so that an account that was gone has no version twice
};

} // namespace sotto::location
