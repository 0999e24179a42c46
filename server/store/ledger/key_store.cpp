#include "store/ledger/key_store.hpp"

#include "store/private_file.hpp"
#include "store/store_error.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sotto::store {
namespace {

constexpr std::string_view format = "sotto key store 1";
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t key_size = 32;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& doing)
{
    throw StoreError{StoreError::Kind::unavailable,
                     file.string() + " " + doing + ": " + std::generic_category().message(errno)};
}

std::filesystem::path file_in(const std::filesystem::path& folder, const char* name) { return folder / name; }

std::uint64_t random_number()
{
    std::uint64_t number = 0;
    do {
        if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1)
            throw StoreError{StoreError::Kind::unavailable, "no random bytes"};
        number &= 0x7FFF'FFFF'FFFF'FFFFU;
    } while (number == 0);
    return number;
}

void make_folder(const std::filesystem::path& folder)
{
    if (::mkdir(folder.c_str(), S_IRWXU) == 0) {
        struct stat parent {};
        if (::geteuid() == 0 && ::stat(folder.parent_path().c_str(), &parent) == 0 &&
            (parent.st_uid != ::geteuid() || parent.st_gid != ::getegid()) &&
            ::chown(folder.c_str(), parent.st_uid, parent.st_gid) != 0)
            fail(folder, "cannot be given to its owner");
    } else if (errno != EEXIST) {
        fail(folder, "cannot be made");
    }
}

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

/// On the disk when it returns. A slot lies within one sector, so it is written whole or not at all.
void write_at(int file, std::size_t offset, crypto::Bytes bytes, const std::filesystem::path& name)
{
    while (!bytes.empty()) {
        const auto written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail(name, "cannot be written");
        offset += static_cast<std::size_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (::fdatasync(file) != 0) fail(name, "cannot be flushed");
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

/// What a slot holds, unwrapped.
struct KeyStore::Entry {
    Kind kind{};
    std::uint64_t id{0};
    std::uint32_t month{0};
    std::uint32_t day{0}; ///< of the invoice run, since the epoch; 0: none
    std::uint32_t run{0};
    std::uint8_t case_{0};
    std::uint8_t held{0};
    std::array<std::uint8_t, key_size> key{};

    Entry() = default;
    Entry(const Entry&) = default;
    Entry& operator=(const Entry&) = default;
    ~Entry() { OPENSSL_cleanse(key.data(), key.size()); }
};

bool KeyStore::exists(const std::filesystem::path& folder)
{
    return std::filesystem::exists(file_in(folder, "store")) || std::filesystem::exists(file_in(folder, "backup"));
}

KeyStore::KeyStore(std::filesystem::path folder, const crypto::Secret& master)
    : folder_{std::move(folder)}, wrapping_{crypto::derive(master, "sotto ledger keys").bytes()}
{
    make_folder(folder_);
    std::filesystem::remove(file_in(folder_, "next"));
    main_ = open_private(file_in(folder_, "store"));
    backup_ = open_private(file_in(folder_, "backup"));
    const bool fresh = size_of(main_) < slot_size && size_of(backup_) < slot_size;
    try {
        if (fresh) create();
        load();
    } catch (...) {
        ::close(main_);
        ::close(backup_);
        throw;
    }
}

KeyStore::~KeyStore()
{
    ::close(main_);
    ::close(backup_);
}

void KeyStore::create()
{
    Entry head;
    head.kind = Kind::store;
    if (RAND_priv_bytes(head.key.data(), key_size) != 1)
        throw StoreError{StoreError::Kind::unavailable, "no random bytes"};
    write(0, wrap(head));
    flush_folder(folder_);
}

void KeyStore::load()
{
    // The first copy counts: a destruction reaches it first. The second one helps where the first is damaged.
    auto head = unwrap(read(main_, 0));
    if (!head) {
        head = unwrap(read(backup_, 0));
        if (!head)
            throw StoreError{StoreError::Kind::unavailable,
                             file_in(folder_, "store").string() +
                                 ": the master key is not the one that wraps these keys, or the file is damaged"};
        write_at(main_, 0, content_of(backup_), file_in(folder_, "store"));
    }
    if (head->kind != Kind::store) throw StoreError{StoreError::Kind::unavailable, "the key store has no head"};
    const auto content = content_of(main_);
    if (content != content_of(backup_)) {
        write_at(backup_, 0, content, file_in(folder_, "backup"));
        if (::ftruncate(backup_, static_cast<off_t>(content.size())) != 0) fail(folder_, "cannot be written");
    }
    erasing_.emplace(crypto::Bytes{head->key});
    believed_ = retention::Time{std::chrono::seconds{static_cast<std::int64_t>(head->id)}};
    slots_ = content.size() / slot_size;
    for (std::size_t at = 1; at < slots_; ++at) {
        const auto entry = unwrap(read(main_, at));
        if (!entry) {
            free_.push_back(at);
            continue;
        }
        switch (entry->kind) {
        case Kind::period: {
            const auto y = std::chrono::year{static_cast<int>(entry->month / 12)};
            Period period{.id = {entry->id}, .month = y / std::chrono::month{entry->month % 12 + 1}};
            period.kind = static_cast<retention::Case>(entry->case_);
            if (entry->day != 0) period.invoiced = retention::Day{std::chrono::days{entry->day}};
            period.run = entry->run;
            period.held = entry->held != 0;
            periods_.emplace(period.id, HeldPeriod{period, crypto::Secret{crypto::Bytes{entry->key}}, at});
            break;
        }
        case Kind::subject:
            subjects_[AccountId{entry->id}] = at;
            break;
        case Kind::hold:
            holds_[HoldId{entry->id}] = at;
            break;
        case Kind::store:
            break;
        }
    }
}

// ---- slots

KeyStore::Slot KeyStore::wrap(const Entry& entry)
{
    std::array<std::uint8_t, slot_size - nonce_size - tag_size> plain{};
    auto* to = plain.data();
    const auto put = [&](const void* from, std::size_t size) {
        std::memcpy(to, from, size);
        to += size;
    };
    put(format.data(), format.size());
    put(&entry.kind, 1);
    put(&entry.case_, 1);
    put(&entry.held, 1);
    put(&entry.id, sizeof entry.id);
    put(&entry.month, sizeof entry.month);
    put(&entry.day, sizeof entry.day);
    put(&entry.run, sizeof entry.run);
    put(entry.key.data(), key_size);
    Slot slot{};
    const auto bytes = std::span{slot};
    if (RAND_bytes(slot.data(), nonce_size) != 1) throw StoreError{StoreError::Kind::unavailable, "no random bytes"};
    wrapping_.seal(bytes.first<nonce_size>(), plain, bytes.subspan<nonce_size + tag_size>(),
                   bytes.subspan<nonce_size, tag_size>());
    OPENSSL_cleanse(plain.data(), plain.size());
    return slot;
}

std::optional<KeyStore::Entry> KeyStore::unwrap(const Slot& slot) const
{
    std::array<std::uint8_t, slot_size - nonce_size - tag_size> plain{};
    const auto bytes = std::span{slot};
    if (!wrapping_.open(bytes.first<nonce_size>(), bytes.subspan<nonce_size + tag_size>(),
                        bytes.subspan<nonce_size, tag_size>(), plain) ||
        std::memcmp(plain.data(), format.data(), format.size()) != 0)
        return std::nullopt;
    Entry entry;
    const auto* from = plain.data() + format.size();
    const auto get = [&](void* to, std::size_t size) {
        std::memcpy(to, from, size);
        from += size;
    };
    get(&entry.kind, 1);
    get(&entry.case_, 1);
    get(&entry.held, 1);
    get(&entry.id, sizeof entry.id);
    get(&entry.month, sizeof entry.month);
    get(&entry.day, sizeof entry.day);
    get(&entry.run, sizeof entry.run);
    get(entry.key.data(), key_size);
    OPENSSL_cleanse(plain.data(), plain.size());
    return entry;
}

KeyStore::Slot KeyStore::read(int file, std::size_t slot) const
{
    Slot content{};
    if (::pread(file, content.data(), content.size(), static_cast<off_t>(slot * slot_size)) < 0)
        fail(file_in(folder_, "store"), "cannot be read");
    return content;
}

void KeyStore::write(std::size_t slot, const Slot& content)
{
    write_at(main_, slot * slot_size, content, file_in(folder_, "store"));
    write_at(backup_, slot * slot_size, content, file_in(folder_, "backup"));
}

void KeyStore::erase(std::size_t slot)
{
    write(slot, Slot{});
    free_.push_back(slot);
}

std::size_t KeyStore::add(const Entry& entry)
{
    const auto slot = free_.empty() ? std::max<std::size_t>(slots_, 1) : free_.back();
    write(slot, wrap(entry));
    if (free_.empty())
        slots_ = slot + 1;
    else
        free_.pop_back();
    return slot;
}

std::optional<crypto::Secret> KeyStore::key_at(std::size_t slot) const
{
    const auto entry = unwrap(read(main_, slot));
    if (!entry) throw StoreError{StoreError::Kind::unavailable, "a slot of the key store is damaged"};
    return crypto::Secret{crypto::Bytes{entry->key}};
}

// ---- periods

void KeyStore::put_period(const Period& period, std::size_t slot)
{
    Entry entry;
    entry.kind = Kind::period;
    entry.id = period.id.value;
    entry.month = static_cast<std::uint32_t>(static_cast<int>(period.month.year())) * 12 +
                  static_cast<unsigned>(period.month.month()) - 1;
    entry.day = period.invoiced ? static_cast<std::uint32_t>(period.invoiced->time_since_epoch().count()) : 0;
    entry.run = period.run;
    entry.case_ = static_cast<std::uint8_t>(period.kind);
    entry.held = period.held ? 1 : 0;
    const auto known = periods_.find(period.id);
    if (known != periods_.end()) {
        std::ranges::copy(known->second.key.bytes(), entry.key.begin());
        write(slot, wrap(entry));
        known->second.period = period;
        return;
    }
    auto key = crypto::Secret::random(key_size);
    std::ranges::copy(key.bytes(), entry.key.begin());
    const auto at = add(entry);
    periods_.emplace(period.id, HeldPeriod{period, std::move(key), at});
}

PeriodId KeyStore::collecting(std::chrono::year_month month, retention::Case kind)
{
    for (const auto& [id, held] : periods_) {
        const auto& period = held.period;
        if (period.month == month && period.kind == kind && !period.invoiced && !period.held) return id;
    }
    const Period period{.id = {random_number()}, .month = month, .kind = kind};
    put_period(period, 0);
    return period.id;
}

PeriodId KeyStore::open_held(const Period& from)
{
    auto period = from;
    period.id = {random_number()};
    period.held = true;
    put_period(period, 0);
    return period.id;
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
    const auto found = periods_.find(id);
    if (found == periods_.end()) return;
    const auto slot = found->second.slot;
    periods_.erase(found);
    erase(slot);
}

// ---- subjects and holds

std::vector<AccountId> KeyStore::subjects() const
{
    std::vector<AccountId> all;
    all.reserve(subjects_.size());
    for (const auto& [account, slot] : subjects_) all.push_back(account);
    return all;
}

std::optional<crypto::Secret> KeyStore::subject_key(AccountId account) const
{
    const auto found = subjects_.find(account);
    return found == subjects_.end() ? std::nullopt : key_at(found->second);
}

crypto::Secret KeyStore::make_subject_key(AccountId account)
{
    if (auto known = subject_key(account)) return std::move(*known);
    auto key = crypto::Secret::random(key_size);
    Entry entry;
    entry.kind = Kind::subject;
    entry.id = account.value;
    std::ranges::copy(key.bytes(), entry.key.begin());
    subjects_[account] = add(entry);
    return key;
}

void KeyStore::destroy(AccountId account)
{
    const auto found = subjects_.find(account);
    if (found == subjects_.end()) return;
    const auto slot = found->second;
    subjects_.erase(found);
    erase(slot);
}

std::optional<crypto::Secret> KeyStore::hold_key(HoldId id) const
{
    const auto found = holds_.find(id);
    return found == holds_.end() ? std::nullopt : key_at(found->second);
}

crypto::Secret KeyStore::make_hold_key(HoldId id)
{
    auto key = crypto::Secret::random(key_size);
    Entry entry;
    entry.kind = Kind::hold;
    entry.id = id.value;
    std::ranges::copy(key.bytes(), entry.key.begin());
    holds_[id] = add(entry);
    return key;
}

void KeyStore::destroy(HoldId id)
{
    const auto found = holds_.find(id);
    if (found == holds_.end()) return;
    const auto slot = found->second;
    holds_.erase(found);
    erase(slot);
}

// ---- the head

void KeyStore::believe(retention::Time time)
{
    Entry head;
    head.kind = Kind::store;
    head.id = static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
    std::ranges::copy(erasing_->bytes(), head.key.begin());
    write(0, wrap(head));
    believed_ = time;
}

std::array<std::uint8_t, 32> KeyStore::erasure_hash(AccountId account) const
{
    crypto::HmacSha256 hash{erasing_->bytes()};
    return hash(crypto::as_bytes("erased account"),
                crypto::Bytes{reinterpret_cast<const std::uint8_t*>(&account.value), sizeof account.value});
}

void KeyStore::rewrap(const crypto::Secret& master)
{
    const auto next_name = file_in(folder_, "next");
    std::vector<Entry> entries;
    for (std::size_t at = 0; at < slots_; ++at)
        if (auto entry = unwrap(read(main_, at))) entries.push_back(*entry);
    wrapping_ = crypto::AesGcm{crypto::derive(master, "sotto ledger keys").bytes()};
    std::filesystem::remove(next_name);
    const int next = open_private(next_name);
    std::vector<std::uint8_t> content;
    for (const auto& entry : entries) {
        const auto slot = wrap(entry);
        content.insert(content.end(), slot.begin(), slot.end());
    }
    write_at(next, 0, content, next_name);
    const std::vector<std::uint8_t> zeros(size_of(main_));
    if (::rename(next_name.c_str(), file_in(folder_, "store").c_str()) != 0) fail(next_name, "cannot be renamed");
    flush_folder(folder_);
    write_at(main_, 0, zeros, file_in(folder_, "store")); // the old file, which has no name any more
    ::close(main_);
    main_ = next;
    write_at(backup_, 0, zeros, file_in(folder_, "backup"));
    write_at(backup_, 0, content, file_in(folder_, "backup"));
    if (::ftruncate(backup_, static_cast<off_t>(content.size())) != 0) fail(folder_, "cannot be written");
    periods_.clear();
    subjects_.clear();
    holds_.clear();
    free_.clear();
    load();
}

} // namespace sotto::store
