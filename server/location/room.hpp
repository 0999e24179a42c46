#pragma once
#include "core/types/ids.hpp"

#include <array>
#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace sotto::location {

/// How many bytes each party has taken of a memory that all share, so that none takes all of it. Thread-safe: shards
/// with a mutex each.
class Room {
public:
    explicit Room(std::size_t most) : most_{most} {}

    /// False: it has not so much left. Nobody has no bound.
    bool take(Holder holder, std::size_t bytes);
    void give_back(Holder holder, std::size_t bytes);

private:
    static constexpr std::size_t shards = 16;
    struct Shard {
        std::mutex mutex;
        std::unordered_map<KeyedHash, std::size_t> taken;
    };
    Shard& of(Holder holder) { return shards_[holder.hash.high % shards]; }

    std::size_t most_;
    std::array<Shard, shards> shards_;
};

} // namespace sotto::location
