#include "location/dialog_memory.hpp"

#include <algorithm>
#include <limits>

namespace sotto::location {

namespace {

/// What it takes, with its places in the tables.
constexpr std::size_t tables_take = 256;
/// For what is our own, or was kept before.
constexpr auto unbounded = std::numeric_limits<std::size_t>::max();
std::size_t size_of(const DialogMemory::Handle& handle) { return tables_take + handle.contact.bytes.size(); }
std::size_t size_of(const SealedText& text) { return tables_take + text.bytes.size(); }

} // namespace

SharedDialogMemory::SharedDialogMemory(std::unique_ptr<Region> region, std::function<bool(Epoch)> alive)
    : journal_{std::make_unique<DialogJournal>(std::move(region))}
{
    journal_->restore({.alive = std::move(alive),
                       .ended = [this](Epoch epoch, const auto& record) { ended_.add(record.dialog, epoch); },
                       .handle =
                           [this](Epoch epoch, DialogJournal::Place place, DialogJournal::Handle record) {
                               remember(record.dialog, record.id, unbounded);
                               replace(of(record.id).handles, record.id, {epoch, std::move(record.value), {}, place});
                           },
                       .text =
                           [this](Epoch epoch, DialogJournal::Place place, DialogJournal::Text record) {
                               remember(record.dialog, record.id, unbounded);
                               replace(of(record.id).texts, record.id, {epoch, std::move(record.value), {}, place});
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
    room_.give_back(found->second.whose, size_of(found->second.value));
    values.erase(found);
}

template <class Value>
void SharedDialogMemory::replace(std::unordered_map<BindingId, Kept<Value>>& values, BindingId id, Kept<Value> by)
{
    auto& kept = values[id];
    if (journal_) journal_->remove(kept.place); // after the new one was written: one of them survives a kill
    room_.give_back(kept.whose, size_of(kept.value));
    kept = std::move(by);
}

/// False: it has too many.
bool SharedDialogMemory::remember(KeyedHash dialog, BindingId id, std::size_t most)
{
    auto& shard = of(dialog);
    const std::lock_guard lock{shard.mutex};
    auto& ids = shard.kept[dialog];
    if (std::ranges::find(ids, id) != ids.end()) return true;
    if (ids.size() >= most) return false;
    ids.push_back(id);
    return true;
}

template <class Record> void SharedDialogMemory::put(Epoch epoch, Record record, Holder whose)
{
    auto& shard = of(record.id);
    const std::lock_guard lock{shard.mutex};
    if (shard.over[epoch.number]) return room_.give_back(whose, size_of(record.value)); // it ended a moment ago
    const auto place = journal_ ? journal_->add(epoch, record) : 0;
    replace(shard.like(record), record.id, {epoch, std::move(record.value), whose, place});
}

void SharedDialogMemory::keep(KeyedHash dialog, Epoch epoch, BindingId id, Handle handle, Holder whose)
{
    if (ended_.contains(dialog, epoch) || !room_.take(whose, size_of(handle))) return;
    if (!remember(dialog, id, most_of_dialog)) return room_.give_back(whose, size_of(handle));
    put(epoch, DialogJournal::Handle{id, dialog, std::move(handle)}, whose);
}

std::optional<DialogMemory::Handle> SharedDialogMemory::handle(BindingId id) const
{
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    const auto found = shard.handles.find(id);
    return found == shard.handles.end() ? std::nullopt : std::optional{found->second.value};
}

void SharedDialogMemory::keep_text(KeyedHash dialog, Epoch epoch, BindingId id, SealedText text, Holder whose)
{
    if (ended_.contains(dialog, epoch) || !room_.take(whose, size_of(text))) return;
    if (!remember(dialog, id, most_of_dialog)) return room_.give_back(whose, size_of(text));
    put(epoch, DialogJournal::Text{id, dialog, std::move(text)}, whose);
}

void SharedDialogMemory::keep_note(KeyedHash dialog, Epoch epoch, BindingId id, SealedText note)
{
    if (ended_.contains(dialog, epoch)) return;
    remember(dialog, id, unbounded);
    put(epoch, DialogJournal::Text{id, dialog, std::move(note)}, {});
}

std::optional<SealedText> SharedDialogMemory::text(BindingId id) const
{
    auto& shard = of(id);
    const std::lock_guard lock{shard.mutex};
    const auto found = shard.texts.find(id);
    return found == shard.texts.end() ? std::nullopt : std::optional{found->second.value};
}

void SharedDialogMemory::forget(const Epochs& over)
{
    ended_.forget(over);
    for (auto& shard : items_) {
        const std::lock_guard lock{shard.mutex};
        shard.over = over;
        const auto goes = [&](const auto& entry) {
            if (!over[entry.second.epoch.number]) return false;
            room_.give_back(entry.second.whose, size_of(entry.second.value));
            return true;
        };
        std::erase_if(shard.handles, goes);
        std::erase_if(shard.texts, goes);
    }
    if (journal_) journal_->forget(over); // nothing names places in it any more, which others may use at once
    for (auto& shard : dialogs_) {        // a dialog without anything kept any more
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
        size.texts += shard.texts.size();
    }
    return size;
}

} // namespace sotto::location
