#pragma once
#include "core/types/ids.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace sotto::transaction {

/// Finds a value by keyed hash: open addressing with linear probing, no tombstones. The key is its own hash: nobody
/// without the process's secret can aim for one place. Grows by doubling and never shrinks; else it does not allocate.
template <class Value> class KeyIndex {
public:
    /// False, and nothing changes, when the key is there already.
    bool insert(const KeyedHash& key, const Value& value)
    {
        if ((size_ + 1) * 4 > places_.size() * 3) grow();
        auto& place = places_[place_of(key)];
        if (place.used) return false;
        place = {key, value, true};
        ++size_;
        return true;
    }

    [[nodiscard]] Value* find(const KeyedHash& key)
    {
        if (size_ == 0) return nullptr;
        auto& place = places_[place_of(key)];
        return place.used ? &place.value : nullptr;
    }

    bool erase(const KeyedHash& key)
    {
        if (size_ == 0) return false;
        auto hole = place_of(key);
        if (!places_[hole].used) return false;
        // What was pushed behind the hole by probing moves up, so that searches need no mark where something was.
        for (auto next = after(hole); places_[next].used; next = after(next)) {
            const auto home = home_of(places_[next].key);
            const bool stays = hole < next ? (home > hole && home <= next) : (home > hole || home <= next);
            if (stays) continue;
            places_[hole] = std::move(places_[next]);
            hole = next;
        }
        places_[hole] = {};
        --size_;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Place {
        KeyedHash key;
        Value value{};
        bool used{false};
    };

    [[nodiscard]] std::size_t after(std::size_t place) const { return (place + 1) & (places_.size() - 1); }
    [[nodiscard]] std::size_t home_of(const KeyedHash& key) const { return key.low & (places_.size() - 1); }
    /// Where the key is, or the free place where it belongs.
    [[nodiscard]] std::size_t place_of(const KeyedHash& key) const
    {
        auto place = home_of(key);
        while (places_[place].used && places_[place].key != key) place = after(place);
        return place;
    }

    void grow()
    {
        std::vector<Place> old(places_.empty() ? 64 : places_.size() * 2);
        old.swap(places_);
        for (auto& place : old)
            if (place.used) places_[place_of(place.key)] = std::move(place);
    }

    std::vector<Place> places_; ///< a power of two
    std::size_t size_{0};
};

} // namespace sotto::transaction
