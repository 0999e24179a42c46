#pragma once
#include "net/connection.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace sotto::net {

/// A worker's connections by FlowId: slot number in the lower 20 bits, the slot's generation above it, so that the id
/// of an ended flow never finds its successor. Slots are reused in turn, oldest first.
class FlowTable {
public:
    static constexpr std::size_t most = std::size_t{1} << 20U;

    explicit FlowTable(std::uint16_t worker) : worker_{worker} {}

    /// The id that the next connection will have; nothing when the table is full.
    std::optional<FlowId> reserve()
    {
        if (free_.empty()) {
            if (slots_.size() == most) return std::nullopt;
            free_.push_back(slots_.size());
            slots_.emplace_back();
        }
        const auto slot = free_.front();
        return FlowId::of(worker_, (slots_[slot].generation << slot_bits) | slot);
    }
    Connection& add(std::unique_ptr<Connection> connection)
    {
        auto& slot = slots_[slot_of(connection->flow.id)];
        free_.pop_front();
        slot.connection = std::move(connection);
        ++size_;
        return *slot.connection;
    }
    Connection* find(FlowId id)
    {
        const auto slot = slot_of(id);
        if (id.worker() != worker_ || slot >= slots_.size()) return nullptr;
        auto* connection = slots_[slot].connection.get();
        return connection != nullptr && connection->flow.id == id ? connection : nullptr;
    }
    void remove(FlowId id)
    {
        auto& slot = slots_[slot_of(id)];
        slot.connection.reset();
        slot.generation = slot.generation + 1 == generations ? 1 : slot.generation + 1;
        free_.push_back(slot_of(id));
        --size_;
    }
    template <class Each> void for_each(Each each)
    {
        for (auto& slot : slots_)
            if (slot.connection) each(*slot.connection);
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    static constexpr unsigned slot_bits = 20;
    static constexpr std::uint64_t generations = std::uint64_t{1} << (48U - slot_bits);
    struct Slot {
        std::unique_ptr<Connection> connection;
        std::uint64_t generation{1};
    };
    static std::size_t slot_of(FlowId id) { return id.value & (most - 1); }

    std::uint16_t worker_;
    std::vector<Slot> slots_;
    std::deque<std::size_t> free_;
    std::size_t size_{0};
};

} // namespace sotto::net
