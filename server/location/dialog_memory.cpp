#include "location/dialog_memory.hpp"

#include <algorithm>

namespace sotto::location {

bool SharedDialogMemory::ended(KeyedHash dialog) const
{
    auto& shard = of(dialog);
    const std::lock_guard lock{shard.mutex};
    return shard.ended.contains(dialog);
}

void SharedDialogMemory::end(KeyedHash dialog, Epoch epoch)
{
    std::vector<BindingId> gone;
    {
        auto& shard = of(dialog);
        const std::lock_guard lock{shard.mutex};
        shard.ended.emplace(dialog, epoch);
        if (auto kept = shard.kept.extract(dialog)) gone = std::move(kept.mapped());
    }
    for (const auto id : gone) {
        auto& shard = of(id);
        const std::lock_guard lock{shard.mutex};
        shard.handles.erase(id);
        shard.texts.erase(id);
    }
}

void SharedDialogMemory::remember(KeyedHash dialog, BindingId id)
{
    auto& shard = of(dialog);
    const std::lock_guard lock{shard.mutex};
    auto& ids = shard.kept[dialog];
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
}

void SharedDialogMemory::keep(KeyedHash dialog, Epoch epoch, BindingId id, Handle handle)
{
    remember(dialog, id);
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    shard.handles.insert_or_assign(id, Kept<Handle>{epoch, std::move(handle)});
}

std::optional<DialogMemory::Handle> SharedDialogMemory::handle(BindingId id) const
{
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    const auto found = shard.handles.find(id);
    return found == shard.handles.end() ? std::nullopt : std::optional{found->second.value};
}

void SharedDialogMemory::keep_text(KeyedHash dialog, Epoch epoch, BindingId id, SealedText text)
{
    remember(dialog, id);
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    shard.texts.insert_or_assign(id, Kept<SealedText>{epoch, std::move(text)});
}

std::optional<SealedText> SharedDialogMemory::text(BindingId id) const
{
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    const auto found = shard.texts.find(id);
    return found == shard.texts.end() ? std::nullopt : std::optional{found->second.value};
}

void SharedDialogMemory::forget(Epoch dead)
{
    for (auto& shard : dialogs_) {
        const std::lock_guard lock{shard.mutex};
        std::erase_if(shard.ended, [=](const auto& entry) { return entry.second == dead; });
    }
    for (auto& shard : items_) {
        const std::lock_guard lock{shard.mutex};
        std::erase_if(shard.handles, [=](const auto& entry) { return entry.second.epoch == dead; });
        std::erase_if(shard.texts, [=](const auto& entry) { return entry.second.epoch == dead; });
    }
    for (auto& shard : dialogs_) { // a dialog without anything kept any more
        const std::lock_guard lock{shard.mutex};
        std::erase_if(shard.kept, [this](const auto& entry) {
            return std::ranges::none_of(entry.second, [this](BindingId id) { return handle(id) || text(id); });
        });
    }
}

} // namespace sotto::location
