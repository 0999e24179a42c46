#pragma once
#include "core/dialog/memory.hpp"
#include "location/dialog_journal.hpp"
#include "location/ended_dialogs.hpp"
#include "location/room.hpp"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sotto::location {

/// The dialog memory of one process: shards with a mutex each, held for a look-up or a copy only. What the next process
/// needs is written into the region as it changes, if there is one.
class SharedDialogMemory final : public DialogMemory {
public:
    /// Bytes that are kept for one party, of all its dialogs: 80,000 calls with a phone that is not where it
    /// registered.
    static constexpr std::size_t most_of_holder = std::size_t{64} << 20U;
    /// Values that are kept for one dialog, but for our own notes: whoever answers may fork, and each fork has a tag
    /// and a Contact.
    static constexpr std::size_t most_of_dialog = 256;

    SharedDialogMemory() = default;
    /// Begins with what the process before has left in the region, of the epochs that are alive.
    SharedDialogMemory(std::unique_ptr<Region> region, std::function<bool(Epoch)> alive);

    [[nodiscard]] bool ended(KeyedHash dialog, Epoch epoch) const override;
    void end(KeyedHash dialog, Epoch epoch) override;
    void keep(KeyedHash dialog, Epoch epoch, BindingId id, Handle handle, Holder whose) override;
    [[nodiscard]] std::optional<Handle> handle(BindingId id) const override;
    void keep_text(KeyedHash dialog, Epoch epoch, BindingId id, SealedText text, Holder whose) override;
    void keep_note(KeyedHash dialog, Epoch epoch, BindingId id, SealedText note) override;
    [[nodiscard]] std::optional<SealedText> text(BindingId id) const override;
    void forget(const Epochs& over) override;

    /// How many have ended, and how much is kept of others, in epochs that are alive.
    struct Size {
        std::size_t ended{0};
        std::size_t handles{0};
        std::size_t texts{0};
    };
    [[nodiscard]] Size size() const;

private:
    struct DialogShard {
        mutable std::mutex mutex;
        std::unordered_map<KeyedHash, std::vector<BindingId>> kept; ///< what goes when the dialog ends
    };
    template <class Value> struct Kept {
        Epoch epoch;
        Value value;
        Holder whose;
        DialogJournal::Place place{0};
    };
    struct ItemShard {
        mutable std::mutex mutex;
        Epochs over;
        std::unordered_map<BindingId, Kept<Handle>> handles;
        std::unordered_map<BindingId, Kept<SealedText>> texts;
        auto& like(const DialogJournal::Handle&) { return handles; }
        auto& like(const DialogJournal::Text&) { return texts; }
    };
    static constexpr std::size_t shards = 16;

    [[nodiscard]] DialogShard& of(KeyedHash dialog) const { return dialogs_[dialog.high % shards]; }
    [[nodiscard]] ItemShard& of(BindingId id) const { return items_[(id.value >> 8U) % shards]; }
    bool remember(KeyedHash dialog, BindingId id, std::size_t most);
    template <class Record> void put(Epoch epoch, Record record, Holder whose);
    template <class Values> void forget_value(Values& values, BindingId id);
    template <class Value>
    void replace(std::unordered_map<BindingId, Kept<Value>>& values, BindingId id, Kept<Value> by);

    std::unique_ptr<DialogJournal> journal_; ///< may be missing
    EndedDialogs ended_;
    Room room_{most_of_holder};
    mutable std::array<DialogShard, shards> dialogs_;
    mutable std::array<ItemShard, shards> items_;
};

} // namespace sotto::location
