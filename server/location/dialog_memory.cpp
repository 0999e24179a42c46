#include "location/dialog_memory.hpp"

#include <algorithm>

namespace sotto::location {

SharedDialogMemory::SharedDialogMemory(std::unique_ptr<Region> region, std::function<bool(Epoch)> alive)
    : journal_{std::make_unique<DialogJournal>(std::move(region))}
{
    journal_->restore({.alive = std::move(alive),
                       .ended = [this](Epoch epoch, const auto& record) { ended_.add(record.dialog, epoch); },
                       .handle =
                           [this](Epoch epoch, DialogJournal::Place place, DialogJournal::Handle record) {
                               remember(record.dialog, record.id);
                               replace(of(record.id).handles, record.id, epoch, std::move(record.value), place);
                           },
                       .text =
                           [this](Epoch epoch, DialogJournal::Place place, DialogJournal::Text record) {
                               remember(record.dialog, record.id);
                               replace(of(record.id).texts, record.id, epoch, std::move(record.value), place);
                           }});
}

bool SharedDialogMemory::ended(KeyedHash dialog, Epoch epoch) const { return ended_.contains(dialog, epoch); }

void SharedDialogMemory::end(KeyedHash dialog, Epoch epoch)
{
    const bool first = ended_.add(dialog, epoch);
    std::vector<BindingId> gone;
    {
        auto& shard = of(dialog);
        const std::lock_guard lock{shard.mutex};
        if (auto kept = shard.kept.extract(dialog)) gone = std::move(kept.mapped());
    }
    if (first && journal_) journal_->add(epoch, DialogJournal::Ended{dialog});
    for (const auto id : gone) {
        auto& shard = of(id);
        const std::lock_guard lock{shard.mutex};
        forget_value(shard.handles, id);
        forget_value(shard.texts, id);
    }
}

template <class Values> void SharedDialogMemory::forget_value(Values& values, BindingId id)
{
    const auto found = values.find(id);
    if (found == values.end()) return;
    if (journal_) journal_->remove(found->second.place);
    values.erase(found);
}

template <class Values, class Value>
void SharedDialogMemory::replace(Values& values, BindingId id, Epoch epoch, Value value, DialogJournal::Place place)
{
    auto& kept = values[id];
    if (journal_) journal_->remove(kept.place); // after the new one was written: one of them survives a kill
    kept = {epoch, std::move(value), place};
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
    const auto place = journal_ ? journal_->add(epoch, DialogJournal::Handle{id, dialog, handle}) : 0;
    replace(shard.handles, id, epoch, std::move(handle), place);
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
    const auto place = journal_ ? journal_->add(epoch, DialogJournal::Text{id, dialog, text}) : 0;
    replace(shard.texts, id, epoch, std::move(text), place);
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
    if (journal_) journal_->forget(dead);
    ended_.forget(dead);
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

SharedDialogMemory::Size SharedDialogMemory::size() const
{
    Size size{.ended = ended_.size()};
    for (const auto& shard : items_) {
        const std::lock_guard lock{shard.mutex};
        size.handles += shard.handles.size();
    }
    return size;
}

} // namespace sotto::location
