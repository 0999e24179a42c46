#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace sotto::transaction {

/// Names one object in a SlotTable. A slot that is used again gets a new generation, so an old id finds nothing.
struct SlotId {
    std::uint32_t index{0};
    std::uint32_t generation{0}; ///< 0: no object
    auto operator<=>(const SlotId&) const = default;
    explicit operator bool() const { return generation != 0; }
};

/// Objects at stable addresses, named by generational ids. Memory comes in chunks and is used again, so that a table
/// that has reached its size allocates nothing. What is erased is destroyed and overwritten at once (DESIGN P9).
template <class T> class SlotTable {
public:
    /// `start`: where the generations begin.
    explicit SlotTable(std::uint32_t start = 0) : start_{start & ~1U} {}
    SlotTable(const SlotTable&) = delete;
    SlotTable& operator=(const SlotTable&) = delete;
    ~SlotTable()
    {
        for_each([this](SlotId id, T&) { erase(id); });
    }

    template <class... Args> SlotId emplace(Args&&... args)
    {
        if (free_ == none) grow();
        const auto index = free_;
        Slot& slot = at(index);
        const auto next = slot.next_free;
        std::construct_at(reinterpret_cast<T*>(slot.storage), std::forward<Args>(args)...);
        free_ = next; // only now: the constructor may have thrown
        ++slot.generation;
        ++size_;
        return {index, slot.generation};
    }

    /// nullptr when the object is gone.
    [[nodiscard]] T* find(SlotId id)
    {
        if (id.index >= chunks_.size() * chunk_size) return nullptr;
        Slot& slot = at(id.index);
        return slot.generation == id.generation && slot.used() ? slot.object() : nullptr;
    }

    bool erase(SlotId id)
    {
        T* const object = find(id);
        if (object == nullptr) return false;
        Slot& slot = at(id.index);
        ++slot.generation; // first: an object whose destructor looks for itself is gone already
        std::destroy_at(object);
        std::memset(slot.storage, 0, sizeof slot.storage);
        slot.next_free = free_;
        free_ = id.index;
        --size_;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    /// Calls `each(SlotId, T&)` for every object. It may erase any; whether new ones are visited is not defined.
    template <class Each> void for_each(Each each)
    {
        for (std::uint32_t index = 0; index < chunks_.size() * chunk_size; ++index)
            if (Slot& slot = at(index); slot.used()) each(SlotId{index, slot.generation}, *slot.object());
    }

private:
    static constexpr std::uint32_t chunk_size = 64;
    static constexpr std::uint32_t none = UINT32_MAX;

    struct Slot {
        std::uint32_t generation{0}; ///< odd: in use
        std::uint32_t next_free{none};
        alignas(T) std::byte storage[sizeof(T)];

        [[nodiscard]] bool used() const { return generation % 2 == 1; }
        T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
    };
    using Chunk = std::array<Slot, chunk_size>;

    Slot& at(std::uint32_t index) { return (*chunks_[index / chunk_size])[index % chunk_size]; }

    void grow()
    {
        const auto first = static_cast<std::uint32_t>(chunks_.size() * chunk_size);
        chunks_.push_back(std::make_unique<Chunk>());
        for (std::uint32_t i = chunk_size; i-- > 0;) {
            at(first + i).generation = start_;
            at(first + i).next_free = free_;
            free_ = first + i;
        }
    }

    std::uint32_t start_;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::uint32_t free_{none};
    std::size_t size_{0};
};

} // namespace sotto::transaction
