#pragma once
#include "core/dialog/memory.hpp"
#include "location/region.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace sotto::location {

/// What of the dialog memory passes to the next process, kept in a Region as it changes, so that it is there even when
/// this process is killed between two instructions.
///
/// The region is cut into segments of 64 KiB; each belongs to one epoch and holds records of one size. A record is live
/// when its first 8 bytes are not zero. An epoch's end overwrites its segments; a single record is overwritten when it
/// goes. Thread-safe: one mutex, held for one write.
class DialogJournal {
public:
    /// Where a record stands. 0: nowhere.
    using Place = std::uint64_t;

    struct Ended {
        KeyedHash dialog;
    };
    struct Handle {
        BindingId id;
        KeyedHash dialog;
        DialogMemory::Handle value; ///< without its flow, which means nothing to another process
    };
    struct Text {
        BindingId id;
        KeyedHash dialog;
        SealedText value;
    };

    explicit DialogJournal(std::unique_ptr<Region> region) : region_{std::move(region)} {}

    /// Each is written before it returns. 0 when it does not fit: then it is not handed on.
    Place add(Epoch epoch, const Ended& record);
    Place add(Epoch epoch, const Handle& record);
    Place add(Epoch epoch, const Text& record);
    void remove(Place place);
    /// Overwrites everything of those epochs.
    void forget(const Epochs& over);

    struct Reader {
        std::function<bool(Epoch)> alive;
        std::function<void(Epoch, const Ended&)> ended;
        std::function<void(Epoch, Place, Handle)> handle;
        std::function<void(Epoch, Place, Text)> text;
    };
    /// Reads what the process before has left; overwrites what is of a dead epoch. Once, before anything is added and
    /// before other threads are there; the reader may remove.
    void restore(const Reader& reader);

private:
    static constexpr std::uint32_t segment_size = 65'536;
    static constexpr std::array<std::uint32_t, 5> record_sizes{16, 256, 1'024, 4'096, 16'384};

    /// The segments of one epoch and record size.
    struct Pool {
        std::vector<Place> free; ///< taken from the end
        std::vector<std::uint32_t> segments;
    };
    struct PoolKey {
        Epoch epoch;
        std::uint8_t size_class{0};
        auto operator<=>(const PoolKey&) const = default;
    };

    Place write(Epoch epoch, std::span<const std::uint8_t> record);
    bool add_segment(PoolKey key, Pool& pool);
    std::optional<std::uint32_t> unused_segment();
    void take_up(std::uint32_t segment, PoolKey key, const Reader& reader);
    static void tell(const Reader& reader, Epoch epoch, Place place, std::span<const std::uint8_t> record);
    [[nodiscard]] std::uint32_t segments() const { return static_cast<std::uint32_t>(region_->size() / segment_size); }

    std::mutex mutex_;
    std::unique_ptr<Region> region_;
    std::map<PoolKey, Pool> pools_;
    std::map<std::uint32_t, PoolKey> keys_; ///< of the segments in use
    std::vector<std::uint32_t> released_;
    std::uint32_t never_used_{0}; ///< this segment and all after it
};

} // namespace sotto::location
