#include "location/dialog_journal.hpp"

#include <algorithm>
#include <cstring>
#include <string.h>
#include <string_view>
#include <utility>

namespace sotto::location {
namespace {

/// In front of each segment, in the place of its first record.
struct Header {
    std::array<char, 8> mark{};
    std::uint8_t epoch{0};
    std::uint8_t size_class{0};
    std::array<std::uint8_t, 6> zero{};
};
constexpr std::array<char, 8> mark{'d', 'i', 'a', 'l', 'o', 'g', 's', '1'};
static_assert(sizeof(Header) == 16);

constexpr std::uint8_t referral_flag = 1, withheld_flag = 2, session_flag = 4, referred_withheld_flag = 8;

enum class Kind : std::uint8_t { handle = 1, text = 2 };

/// A handle or a text: its front, the name of the party, then what is sealed. `length` is that of the whole record,
/// never 0 in a live one.
struct Front {
    std::uint16_t length{0};
    std::uint16_t name_length{0};
    Kind kind{Kind::handle};
    std::uint8_t receiver{0};
    std::uint8_t transport{0};
    std::uint8_t flags{0}; ///< of a handle
    std::uint64_t id{0};
    KeyedHash dialog;
    std::uint64_t account{0};
    std::uint64_t device{0};
};
static_assert(sizeof(Front) == 48);
// Whoever adds to a handle has to hand it on as well.
static_assert(sizeof(DialogMemory::Handle) == sizeof(Party) + sizeof(FlowId) + sizeof(BindingId) +
                                                  sizeof(std::uint64_t) + sizeof(SealedText) + sizeof(std::uint64_t));

template <class T> std::span<const std::uint8_t> bytes_of(const T& value)
{
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

std::vector<std::uint8_t> record_of(Front front, std::string_view name, std::string_view sealed)
{
    const auto length = sizeof front + name.size() + sealed.size();
    if (length > UINT16_MAX) return {};
    front.length = static_cast<std::uint16_t>(length);
    front.name_length = static_cast<std::uint16_t>(name.size());
    std::vector<std::uint8_t> record(length);
    std::memcpy(record.data(), &front, sizeof front);
    std::ranges::copy(sealed, std::ranges::copy(name, record.begin() + sizeof front).out);
    return record;
}

std::uint8_t flags_of(const DialogMemory::Handle& handle)
{
    return static_cast<std::uint8_t>((handle.referral ? referral_flag : 0) | (handle.withheld ? withheld_flag : 0) |
                                     (handle.session ? session_flag : 0) |
                                     (handle.referred_withheld ? referred_withheld_flag : 0));
}

Party party_of(const Front& front, std::string name)
{
    const auto receiver = static_cast<Receiver>(front.receiver);
    if (receiver == Receiver::subscriber) return AccountId{front.account};
    return {receiver, std::move(name)};
}

} // namespace

DialogJournal::Place DialogJournal::add(Epoch epoch, const Ended& record)
{
    if (record.dialog.high == 0) return 0; // it would not be live
    return write(epoch, bytes_of(record.dialog));
}

DialogJournal::Place DialogJournal::add(Epoch epoch, const Handle& record)
{
    const auto& handle = record.value;
    return write(epoch, record_of({.kind = Kind::handle,
                                   .receiver = static_cast<std::uint8_t>(handle.party.receiver()),
                                   .transport = static_cast<std::uint8_t>(handle.transport),
                                   .flags = flags_of(handle),
                                   .id = record.id.value,
                                   .dialog = record.dialog,
                                   .account = handle.party.account().value,
                                   .device = handle.device.value},
                                  handle.party.name(), handle.contact.bytes));
}

DialogJournal::Place DialogJournal::add(Epoch epoch, const Text& record)
{
    return write(
        epoch, record_of({.kind = Kind::text, .id = record.id.value, .dialog = record.dialog}, {}, record.value.bytes));
}

DialogJournal::Place DialogJournal::write(Epoch epoch, std::span<const std::uint8_t> record)
{
    const auto size = std::ranges::lower_bound(record_sizes, record.size());
    if (record.empty() || size == record_sizes.end()) return 0;
    const PoolKey key{epoch, static_cast<std::uint8_t>(size - record_sizes.begin())};
    const std::lock_guard lock{mutex_};
    auto& pool = pools_[key];
    if (pool.free.empty() && !add_segment(key, pool)) return 0;
    const auto place = pool.free.back();
    pool.free.pop_back();
    // Of one that is longer than what is written whole, what makes it live is written last: cut short by a kill, it
    // stays free.
    const auto first = record.size() > Region::whole ? record_sizes.front() : record.size();
    if (first < record.size()) region_->write(place + first, record.subspan(first));
    region_->write(place, record.first(first));
    return place;
}

bool DialogJournal::add_segment(PoolKey key, Pool& pool)
{
    const auto segment = unused_segment();
    if (!segment) return false;
    const auto start = Place{*segment} * segment_size;
    if (!region_->reserve(start, segment_size)) {
        released_.push_back(*segment);
        return false;
    }
    region_->write(start, bytes_of(Header{.mark = mark, .epoch = key.epoch.number, .size_class = key.size_class}));
    pool.segments.push_back(*segment);
    keys_[*segment] = key;
    const auto size = record_sizes[key.size_class];
    for (std::uint32_t at = segment_size - size; at >= size; at -= size) pool.free.push_back(start + at);
    return true;
}

std::optional<std::uint32_t> DialogJournal::unused_segment()
{
    if (!released_.empty()) {
        const auto segment = released_.back();
        released_.pop_back();
        return segment;
    }
    if (never_used_ == segments()) return std::nullopt;
    return never_used_++;
}

void DialogJournal::remove(Place place)
{
    if (place == 0) return;
    const std::lock_guard lock{mutex_};
    const auto segment = static_cast<std::uint32_t>(place / segment_size);
    const auto key = keys_.find(segment);
    if (key == keys_.end()) return; // its epoch is over
    region_->wipe(place, record_sizes[key->second.size_class]);
    pools_[key->second].free.push_back(place);
}

void DialogJournal::forget(const Epochs& over)
{
    const std::lock_guard lock{mutex_};
    std::erase_if(pools_, [&](const auto& entry) {
        const auto& [key, pool] = entry;
        if (!over[key.epoch.number]) return false;
        for (const auto segment : pool.segments) {
            region_->release(Place{segment} * segment_size, segment_size);
            keys_.erase(segment);
            released_.push_back(segment);
        }
        return true;
    });
}

void DialogJournal::restore(const Reader& reader)
{
    // Without the lock: nobody else is there yet, and the reader may remove what it finds twice.
    for (std::uint32_t segment = 0; segment < segments(); ++segment) {
        Header header;
        std::array<std::uint8_t, sizeof header> raw{};
        region_->read(Place{segment} * segment_size, raw);
        std::memcpy(&header, raw.data(), sizeof header);
        if (header.mark != mark) continue;
        for (; never_used_ < segment; ++never_used_) released_.push_back(never_used_);
        never_used_ = segment + 1;
        const PoolKey key{Epoch{header.epoch}, header.size_class};
        if (key.size_class < record_sizes.size() && reader.alive(key.epoch)) {
            take_up(segment, key, reader);
        } else {
            region_->release(Place{segment} * segment_size, segment_size);
            released_.push_back(segment);
        }
    }
}

void DialogJournal::take_up(std::uint32_t segment, PoolKey key, const Reader& reader)
{
    auto& pool = pools_[key];
    pool.segments.push_back(segment);
    keys_[segment] = key;
    const auto start = Place{segment} * segment_size;
    const bool has_room = region_->reserve(start, segment_size);
    std::vector<std::uint8_t> content(segment_size);
    region_->read(start, content);
    const auto size = record_sizes[key.size_class];
    for (std::uint32_t at = segment_size - size; at >= size; at -= size) {
        const auto record = std::span{content}.subspan(at, size);
        const auto empty = [](auto bytes) { return std::ranges::all_of(bytes, [](auto byte) { return byte == 0; }); };
        if (empty(record.first(Region::last))) {
            if (!empty(record)) region_->wipe(start + at, size); // one that was cut short
            if (has_room) pool.free.push_back(start + at);
        } else {
            tell(reader, key.epoch, start + at, record);
        }
    }
    explicit_bzero(content.data(), content.size());
}

void DialogJournal::tell(const Reader& reader, Epoch epoch, Place place, std::span<const std::uint8_t> record)
{
    if (record.size() == record_sizes.front()) {
        Ended ended;
        std::memcpy(&ended.dialog, record.data(), sizeof ended.dialog);
        return reader.ended(epoch, ended);
    }
    Front front;
    std::memcpy(&front, record.data(), sizeof front);
    if (front.length < sizeof front + front.name_length || front.length > record.size()) return;
    if (front.transport > static_cast<std::uint8_t>(Transport::wss)) return;
    if (front.receiver > static_cast<std::uint8_t>(Receiver::emergency)) return;
    const auto text = [&](std::size_t from, std::size_t to) {
        return std::string{record.begin() + static_cast<std::ptrdiff_t>(from),
                           record.begin() + static_cast<std::ptrdiff_t>(to)};
    };
    const auto sealed = sizeof front + front.name_length;
    SealedText value{text(sealed, front.length)};
    if (front.kind == Kind::text)
        return reader.text(epoch, place, {BindingId{front.id}, front.dialog, std::move(value)});
    reader.handle(epoch, place,
                  {BindingId{front.id},
                   front.dialog,
                   {.party = party_of(front, text(sizeof front, sealed)),
                    .flow = {},
                    .device = BindingId{front.device},
                    .transport = static_cast<Transport>(front.transport),
                    .contact = std::move(value),
                    .referral = (front.flags & referral_flag) != 0,
                    .withheld = (front.flags & withheld_flag) != 0,
                    .session = (front.flags & session_flag) != 0,
                    .referred_withheld = (front.flags & referred_withheld_flag) != 0}});
}

} // namespace sotto::location
