#pragma once
#include "core/dialog/memory.hpp"

#include <array>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sotto::location {

/// The dialog memory of one process: shards with a mutex each, held for a look-up or a copy only.
class SharedDialogMemory final : public DialogMemory {
public:
    [[nodiscard]] bool ended(KeyedHash dialog) const override;
    void end(KeyedHash dialog, Epoch epoch) override;
    void keep(KeyedHash dialog, Epoch epoch, BindingId id, Handle handle) override;
    [[nodiscard]] std::optional<Handle> handle(BindingId id) const override;
    void keep_text(KeyedHash dialog, Epoch epoch, BindingId id, SealedText text) override;
    [[nodiscard]] std::optional<SealedText> text(BindingId id) const override;
    void forget(Epoch dead) override;

private:
    struct DialogShard {
        mutable std::mutex mutex;
        std::unordered_map<KeyedHash, Epoch> ended;
        std::unordered_map<KeyedHash, std::vector<BindingId>> kept; ///< what goes when the dialog ends
    };
    template <class Value> struct Kept {
        Epoch epoch;
        Value value;
    };
    struct ItemShard {
        mutable std::mutex mutex;
        std::unordered_map<BindingId, Kept<Handle>> handles;
        std::unordered_map<BindingId, Kept<SealedText>> texts;
    };
    static constexpr std::size_t shards = 16;

    [[nodiscard]] DialogShard& of(KeyedHash dialog) const { return dialogs_[dialog.high % shards]; }
    [[nodiscard]] ItemShard& of(BindingId id) const { return items_[(id.value >> 8U) % shards]; }
    void remember(KeyedHash dialog, BindingId id);

    mutable std::array<DialogShard, shards> dialogs_;
    mutable std::array<ItemShard, shards> items_;
};

} // namespace sotto::location
