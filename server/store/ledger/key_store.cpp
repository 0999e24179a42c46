#include "store/ledger/key_store.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sotto::store {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& doing)
{
    throw StoreError{StoreError::Kind::unavailable,
                     file.string() + " " + doing + ": " + std::generic_category().message(errno)};
}

std::filesystem::path file_in(const std::filesystem::path& folder, const char* name) { return folder / name; }

void flush_folder(const std::filesystem::path& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail(folder, "cannot be opened");
    const int flushed = ::fsync(descriptor);
    ::close(descriptor);
    if (flushed != 0) fail(folder, "cannot be flushed");
}

std::size_t size_of(int file)
{
    struct stat state {};
    return ::fstat(file, &state) == 0 ? static_cast<std::size_t>(state.st_size) : 0;
}

/// A slot lies within one sector, so it is written whole or not at all.
void write_soon(int file, std::size_t offset, crypto::Bytes bytes, const std::filesystem::path& name)
{
    while (!bytes.empty()) {
        const auto written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail(name, "cannot be written");
        offset += static_cast<std::size_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void flush(int file, const std::filesystem::path& name)
{
    if (::fdatasync(file) != 0) fail(name, "cannot be flushed");
}

/// On the disk when it returns.
void write_at(int file, std::size_t offset, crypto::Bytes bytes, const std::filesystem::path& name)
{
    write_soon(file, offset, bytes, name);
    flush(file, name);
}

constexpr std::uint32_t number_of(std::chrono::year_month month)
{
    return static_cast<std::uint32_t>(static_cast<int>(month.year())) * 12 + static_cast<unsigned>(month.month()) - 1;
}

constexpr std::chrono::year_month month_of(std::uint32_t number)
{
    return std::chrono::year{static_cast<int>(number / 12)} / std::chrono::month{number % 12 + 1};
}

KeyEntry entry_of(KeyEntry::Kind kind, std::uint64_t id, const Key& key)
{
    KeyEntry entry;
    entry.kind = kind;
    entry.id = id;
    entry.key = key;
    return entry;
}

std::vector<std::uint8_t> content_of(int file)
{
    std::vector<std::uint8_t> content(size_of(file));
    std::size_t at = 0;
    while (at < content.size()) {
        const auto got = ::pread(file, content.data() + at, content.size() - at, static_cast<off_t>(at));
        if (got <= 0) break;
        at += static_cast<std::size_t>(got);
    }
    content.resize(at);
    return content;
}

} // namespace

bool KeyStore::exists(const std::filesystem::path& folder)
{
    const auto holds_something = [&](const char* name) {
        std::error_code none;
        const auto size = std::filesystem::file_size(file_in(folder, name), none);
        return !none && size >= slot_size;
    };
    return holds_something("store") || holds_something("backup");
}

KeyStore::KeyStore(std::filesystem::path folder, const crypto::Secret& master)
    : folder_{std::move(folder)}, wrapping_{master}
{
    make_private_folder(folder_);
    remove_private(file_in(folder_, "next"));
    main_.number = open_private(file_in(folder_, "store"));
    backup_.number = open_private(file_in(folder_, "backup"));
    if (size_of(main_.number) < slot_size && size_of(backup_.number) < slot_size) create();
    load();
}

KeyStore::Descriptor::~Descriptor()
{
    if (number >= 0) ::close(number);
}

void KeyStore::create()
{
    KeyEntry head;
    head.kind = Kind::store;
    write(0, wrapping_.wrap(head));
    flush_folder(folder_);
}

void KeyStore::load()
{
    // The first copy counts: a destruction reaches it first. The second one helps where the first is damaged.
    auto head = read(main_.number, 0);
    if (!head) {
        head = read(backup_.number, 0);
        if (!head)
            throw StoreError{StoreError::Kind::unavailable,
                             file_in(folder_, "store").string() +
                                 ": the master key is not the one that wraps these keys, or the file is damaged"};
        write_at(main_.number, 0, content_of(backup_.number), file_in(folder_, "store"));
    }
    if (head->kind != Kind::store) throw StoreError{StoreError::Kind::unavailable, "the key store has no head"};
    mend();
    const auto content = content_of(main_.number);
    if (content != content_of(backup_.number)) copy_to_backup(content);
    believed_ = retention::Time{std::chrono::seconds{static_cast<std::int64_t>(head->id)}};
    index();
}

/// What is damaged in the first copy is taken from the second one; what is empty was destroyed, and stays so.
void KeyStore::mend()
{
    for (std::size_t at = 1; at < size_of(main_.number) / slot_size; ++at) {
        if (slot_at(main_.number, at) == Slot{} || read(main_.number, at) || !read(backup_.number, at)) continue;
        write_at(main_.number, at * slot_size, slot_at(backup_.number, at), file_in(folder_, "store"));
    }
}

void KeyStore::copy_to_backup(crypto::Bytes content)
{
    write_at(backup_.number, 0, content, file_in(folder_, "backup"));
    if (::ftruncate(backup_.number, static_cast<off_t>(content.size())) != 0) fail(folder_, "cannot be written");
}

void KeyStore::index()
{
    periods_.clear();
    single_.clear();
    free_.clear();
    slots_ = size_of(main_.number) / slot_size;
    for (std::size_t at = 1; at < slots_; ++at) {
        if (const auto entry = read(main_.number, at))
            take(*entry, at);
        else
            free_.push_back(at);
    }
}

void KeyStore::take(const KeyEntry& entry, std::size_t slot)
{
    if (entry.kind != Kind::period) {
        single_[{entry.kind, entry.id}] = slot;
        return;
    }
    Period period{.id = {entry.id}, .month = month_of(entry.month)};
    period.kind = static_cast<retention::Case>(entry.case_);
    if (entry.day != 0) period.invoiced = retention::Day{std::chrono::days{entry.day}};
    period.run = entry.run;
    period.held = entry.held != 0;
    periods_.emplace(period.id, HeldPeriod{period, crypto::Secret{crypto::Bytes{entry.key.bytes}}, slot});
}

// ---- slots

Slot KeyStore::slot_at(int file, std::size_t slot) const
{
    Slot content{};
    if (::pread(file, content.data(), content.size(), static_cast<off_t>(slot * slot_size)) < 0)
        fail(file_in(folder_, "store"), "cannot be read");
    return content;
}

std::optional<KeyEntry> KeyStore::read(int file, std::size_t slot) const
{
    return wrapping_.unwrap(slot_at(file, slot));
}

void KeyStore::write(std::size_t slot, const Slot& content)
{
    write_at(main_.number, slot * slot_size, content, file_in(folder_, "store"));
    write_at(backup_.number, slot * slot_size, content, file_in(folder_, "backup"));
}

/// What a fault of the disk has left there is known no more: the next destruction, or run of retention, tries again.
void KeyStore::overwrite_destroyed()
{
    while (!destroyed_.empty()) {
        write(destroyed_.back(), Slot{});
        free_.push_back(destroyed_.back());
        destroyed_.pop_back();
    }
}

/// The last free ones, then those behind the end.
std::vector<std::size_t> KeyStore::unused_slots(std::size_t count) const
{
    const auto reused = std::min(count, free_.size());
    std::vector<std::size_t> slots(free_.rbegin(), free_.rbegin() + static_cast<std::ptrdiff_t>(reused));
    for (auto next = std::max<std::size_t>(slots_, 1); slots.size() < count; ++next) slots.push_back(next);
    return slots;
}

/// Nothing is overwritten that the second copy would have to lose at once.
std::vector<std::size_t> KeyStore::add(std::span<const KeyEntry> entries)
{
    overwrite_destroyed();
    auto slots = unused_slots(entries.size());
    std::vector<Slot> contents;
    for (const auto& entry : entries) contents.push_back(wrapping_.wrap(entry));
    const auto write_all = [&](int file, const std::filesystem::path& name) {
        for (std::size_t i = 0; i < slots.size(); ++i) write_soon(file, slots[i] * slot_size, contents[i], name);
    };
    try {
        const auto name = file_in(folder_, "store");
        write_all(main_.number, name);
        flush(main_.number, name);
        write_all(backup_.number, file_in(folder_, "backup"));
    } catch (...) {
        give_up(slots);
        throw;
    }
    free_.resize(free_.size() - std::min(free_.size(), slots.size()));
    for (const auto slot : slots) slots_ = std::max(slots_, slot + 1);
    return slots;
}

/// A key that nobody was given must not be found at the next start, beside the one that its account has by then.
void KeyStore::give_up(std::span<const std::size_t> slots)
{
    const auto end = slots_;
    bool cut = true;
    for (const int file : {main_.number, backup_.number})
        cut &= ::ftruncate(file, static_cast<off_t>(end * slot_size)) == 0;
    for (const auto slot : slots) {
        if (slot >= end && cut) continue;
        destroyed_.push_back(slot);
        slots_ = std::max(slots_, slot + 1);
    }
    std::erase_if(free_, [&](std::size_t slot) { return std::ranges::find(slots, slot) != slots.end(); });
    try {
        overwrite_destroyed();
    } catch (const StoreError&) { // the fault is told by who calls; before the next key this is tried again
    }
}

// ---- periods

void KeyStore::put_period(const Period& period, std::size_t slot)
{
    KeyEntry entry;
    entry.kind = Kind::period;
    entry.id = period.id.value;
    entry.month = number_of(period.month);
    entry.day = period.invoiced ? static_cast<std::uint32_t>(period.invoiced->time_since_epoch().count()) : 0;
    entry.run = period.run;
    entry.case_ = static_cast<std::uint8_t>(period.kind);
    entry.held = period.held ? 1 : 0;
    const auto known = periods_.find(period.id);
    if (known != periods_.end()) {
        std::ranges::copy(known->second.key.bytes(), entry.key.bytes.begin());
        write(slot, wrapping_.wrap(entry));
        known->second.period = period;
        return;
    }
    entry.key = Key::random();
    const auto at = add(entry);
    periods_.emplace(period.id, HeldPeriod{period, crypto::Secret{crypto::Bytes{entry.key.bytes}}, at});
}

/// Short, since it stands in each row. A row that a destroyed period of the same number has left opens under no key.
PeriodId KeyStore::unused_period() const
{
    std::uint32_t number = 0;
    while (number == 0 || periods_.contains({number})) {
        if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1)
            throw StoreError{StoreError::Kind::unavailable, "no random bytes"};
        number &= 0x7FFF'FFFFU;
    }
    return {number};
}

PeriodId KeyStore::collecting(std::chrono::year_month month, retention::Case kind)
{
    for (const auto& [id, held] : periods_) {
        const auto& period = held.period;
        if (period.month == month && period.kind == kind && !period.invoiced && !period.held) return id;
    }
    const Period period{.id = unused_period(), .month = month, .kind = kind};
    put_period(period, 0);
    return period.id;
}

PeriodId KeyStore::succeed(Period from)
{
    from.id = unused_period();
    put_period(from, 0);
    return from.id;
}

PeriodId KeyStore::open_held(const Period& from)
{
    auto period = from;
    period.held = true;
    return succeed(period);
}

std::vector<KeyStore::Period> KeyStore::periods() const
{
    std::vector<Period> all;
    for (const auto& [id, held] : periods_) all.push_back(held.period);
    return all;
}

const KeyStore::Period* KeyStore::period(PeriodId id) const
{
    const auto found = periods_.find(id);
    return found == periods_.end() ? nullptr : &found->second.period;
}

const crypto::Secret* KeyStore::period_key(PeriodId id) const
{
    const auto found = periods_.find(id);
    return found == periods_.end() ? nullptr : &found->second.key;
}

void KeyStore::invoice(PeriodId id, std::uint32_t run, retention::Day day)
{
    const auto& held = periods_.at(id);
    auto period = held.period;
    period.invoiced = day;
    period.run = run;
    put_period(period, held.slot);
}

void KeyStore::destroy(PeriodId id)
{
    if (const auto found = periods_.find(id); found != periods_.end()) {
        destroyed_.push_back(found->second.slot);
        periods_.erase(found);
    }
    overwrite_destroyed();
}

// ---- invoice runs

std::uint32_t KeyStore::last_run(std::chrono::year_month month) const
{
    const auto found = single_.find({Kind::invoice_run, number_of(month)});
    const auto entry = found == single_.end() ? std::nullopt : read(main_.number, found->second);
    return entry ? entry->run : 0;
}

void KeyStore::note_run(std::chrono::year_month month, std::uint32_t run)
{
    KeyEntry entry;
    entry.kind = Kind::invoice_run;
    entry.id = number_of(month);
    entry.run = run;
    const Name name{entry.kind, entry.id};
    if (const auto found = single_.find(name); found != single_.end())
        write(found->second, wrapping_.wrap(entry));
    else
        single_[name] = add(entry);
}

std::vector<std::chrono::year_month> KeyStore::months_with_runs() const
{
    std::vector<std::chrono::year_month> all;
    for (const auto& [name, slot] : single_)
        if (name.first == Kind::invoice_run) all.push_back(month_of(static_cast<std::uint32_t>(name.second)));
    return all;
}

void KeyStore::forget_runs(std::chrono::year_month month) { destroy(Name{Kind::invoice_run, number_of(month)}); }

// ---- subjects and holds

std::vector<AccountId> KeyStore::accounts_of(Kind kind) const
{
    std::vector<AccountId> all;
    for (const auto& [name, slot] : single_)
        if (name.first == kind) all.push_back({name.second});
    return all;
}

void KeyStore::destroy(AccountId account)
{
    destroy(Name{Kind::subject, account.value});
    destroy(Name{Kind::next_subject, account.value});
}

void KeyStore::destroy(HoldId id)
{
    destroy(Name{Kind::hold, id.value});
    destroy(Name{Kind::next_hold, id.value});
}

std::optional<Key> KeyStore::key_of(Name name) const
{
    const auto found = single_.find(name);
    if (found == single_.end()) return std::nullopt;
    const auto entry = read(main_.number, found->second);
    if (!entry) throw StoreError{StoreError::Kind::unavailable, "a slot of the key store is damaged"};
    return entry->key;
}

void KeyStore::make_keys(std::span<const Name> names)
{
    if (names.empty()) return;
    std::vector<KeyEntry> entries;
    entries.reserve(names.size());
    for (const auto& [kind, id] : names) entries.push_back(entry_of(kind, id, Key::random()));
    const auto slots = add(entries);
    for (std::size_t i = 0; i < names.size(); ++i) single_[names[i]] = slots[i];
}

Key KeyStore::make_key(Name name)
{
    if (const auto known = key_of(name)) return *known;
    make_keys({&name, 1});
    return key_of(name).value();
}

std::vector<AccountId> KeyStore::make_subject_keys(std::span<const AccountId> accounts)
{
    std::vector<AccountId> made;
    std::vector<Name> names;
    for (const auto account : accounts) {
        const Name name{Kind::subject, account.value};
        if (single_.contains(name) || std::ranges::find(names, name) != names.end()) continue;
        made.push_back(account);
        names.push_back(name);
    }
    make_keys(names);
    return made;
}

void KeyStore::replace(Name name, Name by)
{
    const auto next = key_of(by);
    const auto slot = single_.find(name);
    if (!next || slot == single_.end()) return;
    write(slot->second, wrapping_.wrap(entry_of(name.first, name.second, *next))); // over the key before
    destroy(by);
}

void KeyStore::destroy(Name name)
{
    if (const auto found = single_.find(name); found != single_.end()) {
        destroyed_.push_back(found->second);
        single_.erase(found);
    }
    overwrite_destroyed();
}

// ---- the head

void KeyStore::believe(retention::Time time)
{
    overwrite_destroyed();
    KeyEntry head;
    head.kind = Kind::store;
    head.id = static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
    write(0, wrapping_.wrap(head));
    believed_ = time;
}

void KeyStore::rewrap(const crypto::Secret& master)
{
    overwrite_destroyed();
    const auto next_name = file_in(folder_, "next");
    SlotWrapping wrapping{master};
    std::vector<std::uint8_t> content;
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto entry = read(main_.number, at);
        if (!entry) continue;
        const auto slot = wrapping.wrap(*entry);
        content.insert(content.end(), slot.begin(), slot.end());
    }
    remove_private(next_name);
    Descriptor next{open_private(next_name)};
    write_at(next.number, 0, content, next_name);
    if (::rename(next_name.c_str(), file_in(folder_, "store").c_str()) != 0) fail(next_name, "cannot be renamed");
    // From here on the new master key opens the store.
    std::swap(main_, next);
    wrapping_ = std::move(wrapping);
    index();
    flush_folder(folder_);
    const std::vector<std::uint8_t> zeros(size_of(next.number));
    write_at(next.number, 0, zeros, file_in(folder_, "store")); // the old file, which has no name any more
    write_at(backup_.number, 0, zeros, file_in(folder_, "backup"));
    copy_to_backup(content);
}

} // namespace sotto::store
