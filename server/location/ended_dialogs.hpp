#pragma once
#include "core/dialog/memory.hpp"
#include "core/types/ids.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace sotto::location {

/// Which dialogs have ended, as keyed hashes, in a set for each epoch that they began in. Of a hash 48 bits are kept
/// beside the four that choose the shard: 8 to 17 bytes for each dialog, and of a hundred million questions about
/// dialogs that run one is answered wrongly, when as many are kept as may be. Thread-safe: shards with a mutex each,
/// held for one look-up or one insertion.
class EndedDialogs {
public:
    /// Beyond, what has ended in the epoch that was met first is forgotten: the phone then says for itself that it
    /// knows no such dialog. Half a day of 380 a second.
    static constexpr std::size_t most = std::size_t{1} << 24U;

    explicit EndedDialogs(std::size_t at_most = most) : most_of_shard_{at_most / shards} {}

    /// False: that is known, or there is no room for it.
    bool add(KeyedHash dialog, Epoch epoch);
    /// In an epoch that is over all have.
    [[nodiscard]] bool contains(KeyedHash dialog, Epoch epoch) const;
    void forget(const Epochs& over);
    [[nodiscard]] std::size_t size() const;

private:
    using Mark = std::array<std::uint16_t, 3>; // without the padding of a number
    struct HashOfMark {
        std::size_t operator()(const Mark& mark) const
        {
            return (std::size_t{mark[0]} << 32U) | (std::size_t{mark[1]} << 16U) | mark[2];
        }
    };
    using Marks = boost::unordered_flat_set<Mark, HashOfMark>;
    using Sets = std::vector<std::pair<Epoch, Marks>>; ///< the first one met first
    struct Shard {
        mutable std::mutex mutex;
        Sets sets; ///< two or three: so many epochs are alive
        Epochs over;
        [[nodiscard]] std::size_t size() const;
    };
    static constexpr std::size_t shards = 16;

    static Mark mark_of(KeyedHash dialog);
    [[nodiscard]] static std::size_t shard_of(KeyedHash dialog) { return dialog.high % shards; }

    std::size_t most_of_shard_;
    std::array<Shard, shards> shards_;
};

} // namespace sotto::location
