#include "store/memory_account_store.hpp"

#include "store/address.hpp"
#include "store/state_directory.hpp"

#include <algorithm>

namespace sotto::test {
namespace {

using store::AccountRecord;
using store::Address;
using store::Failure;
using store::Outcome;

/// A copy of everything, as it was.
class Snapshot final : public AccountDirectory {
public:
    Snapshot(std::map<AccountId, AccountMemory::Entry> entries, const store::AccountPolicy& policy)
        : entries_{std::move(entries)}
    {
        for (const auto& [id, entry] : entries_) {
            const auto& first = entry.record.addresses.front();
            accounts_[id] = {.id = id,
                             .user = first.user,
                             .domain = first.domain,
                             .algorithm = entry.secret.algorithm,
                             .status = entry.record.status,
                             .digest_secret = entry.secret.bytes,
                             .password_needed = policy.algorithm_of(first.user, first.domain) != entry.secret.algorithm,
                             .withhold_identity = entry.record.withhold_identity,
                             .refuse_anonymous = entry.record.refuse_anonymous,
                             .relay_only = entry.record.relay_only};
        }
    }
    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override
    {
        const Address sought{std::string{user}, std::string{domain}};
        for (const auto& [id, entry] : entries_)
            if (std::ranges::count(entry.record.addresses, sought) > 0) return &accounts_.at(id);
        return nullptr;
    }
    [[nodiscard]] const Account* find(AccountId id) const override
    {
        const auto found = accounts_.find(id);
        return found == accounts_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] bool blocks(AccountId account, KeyedHash pseudonym) const override
    {
        const auto found = entries_.find(account);
        return found != entries_.end() && found->second.blocked.contains(pseudonym);
    }
    [[nodiscard]] std::size_t size() const override { return accounts_.size(); }
    [[nodiscard]] std::uint32_t md5_share() const override { return 0; }

private:
    std::map<AccountId, AccountMemory::Entry> entries_;
    std::map<AccountId, Account> accounts_;
};

} // namespace

MemoryAccountStore::Entry* MemoryAccountStore::find(const Address& address)
{
    for (auto& [id, entry] : memory_.accounts)
        if (std::ranges::count(entry.record.addresses, address) > 0) return &entry;
    return nullptr;
}

Outcome<store::Address> MemoryAccountStore::known_address(std::string_view text)
{
    const auto written = store::written_address(text);
    return written && find(*written) != nullptr ? written : store::parse_address(text, policy_);
}

Outcome<MemoryAccountStore::Entry*> MemoryAccountStore::at(std::string_view text)
{
    const auto address = known_address(text);
    if (!address) return address.error();
    auto* entry = find(*address);
    if (entry == nullptr) return Failure::not_found;
    return entry;
}

AccountRecord MemoryAccountStore::record_of(const Entry& entry) const
{
    auto record = entry.record;
    const auto& first = record.addresses.front();
    record.password_needed = policy_.algorithm_of(first.user, first.domain) != entry.secret.algorithm;
    record.blocked = entry.blocked.size();
    return record;
}

store::DigestSecret MemoryAccountStore::secret_for(const Address& first, std::string_view password) const
{
    return store::digest_secret(policy_.algorithm_of(first.user, first.domain), first.user, first.domain, password);
}

Outcome<AccountRecord> MemoryAccountStore::put(const store::NewAccount& account)
{
    const auto address = known_address(account.address);
    if (!address) return address.error();
    if (!store::valid_password(account.password)) return Failure::bad_password;
    if (find(*address) != nullptr) return Failure::exists;
    const AccountId id{++memory_.last_id};
    Entry entry{
        .record = {.id = id, .addresses = {*address}}, .secret = secret_for(*address, account.password), .blocked = {}};
    entry.record.algorithm = entry.secret.algorithm;
    return record_of(memory_.accounts.emplace(id, std::move(entry)).first->second);
}

void MemoryAccountStore::add(store::NewAccount account, Done<AccountRecord> done) { done(put(account)); }

void MemoryAccountStore::import(std::vector<store::NewAccount> rows, bool, Done<store::ImportReport> done)
{
    const auto before = memory_;
    store::ImportReport report;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto added = put(rows[i]);
        if (added)
            ++report.added;
        else if (added.error() == Failure::exists)
            ++report.existing;
        else if (report.refused.size() < store::ImportReport::most_refusals)
            report.refused.push_back({i, added.error()});
    }
    if (!report.refused.empty()) {
        memory_ = before;
        report.added = 0;
    }
    done(report);
}

void MemoryAccountStore::list(std::string from, std::size_t limit, Done<store::AccountPage> done)
{
    std::map<std::string, AccountRecord> all;
    for (const auto& [id, entry] : memory_.accounts) all[entry.record.addresses.front().text()] = record_of(entry);
    store::AccountPage page;
    for (auto at = all.upper_bound(from); at != all.end(); ++at) {
        if (page.accounts.size() == limit) {
            page.next = page.accounts.back().addresses.front().text();
            break;
        }
        page.accounts.push_back(at->second);
    }
    done(page);
}

void MemoryAccountStore::show(std::string address, Done<AccountRecord> done)
{
    const auto entry = at(address);
    done(entry ? Outcome<AccountRecord>{record_of(**entry)} : entry.error());
}

void MemoryAccountStore::find(AccountId account, Done<AccountRecord> done)
{
    const auto found = memory_.accounts.find(account);
    done(found == memory_.accounts.end() ? Outcome<AccountRecord>{Failure::not_found} : record_of(found->second));
}

Outcome<AccountRecord> MemoryAccountStore::changed(Entry entry, const store::AccountChange& change,
                                                   const std::string& named)
{
    auto& record = entry.record;
    record.status = change.status.value_or(record.status);
    record.withhold_identity = change.withhold_identity.value_or(record.withhold_identity);
    record.refuse_anonymous = change.refuse_anonymous.value_or(record.refuse_anonymous);
    record.relay_only = change.relay_only.value_or(record.relay_only);
    for (const auto& further : change.detach) {
        const auto address = known_address(further);
        if (!address) return address.error();
        const auto held = std::ranges::find(record.addresses, *address);
        if (held == record.addresses.end()) return Failure::not_attached;
        if (held == record.addresses.begin()) return Failure::first_address;
        if (address == known_address(named)) return Failure::names_account;
        record.addresses.erase(held);
    }
    for (const auto& further : change.attach) {
        const auto address = known_address(further);
        if (!address) return address.error();
        if ((*address).domain != record.addresses.front().domain) return Failure::other_domain;
        if (find(*address) != nullptr) return Failure::exists;
        record.addresses.push_back(*address);
    }
    memory_.accounts[record.id] = entry;
    return record_of(entry);
}

void MemoryAccountStore::set(std::string address, store::AccountChange change, Done<AccountRecord> done)
{
    const auto entry = at(address);
    done(entry ? changed(**entry, change, address) : entry.error());
}

void MemoryAccountStore::set_password(std::string address, std::string password, Done<AccountRecord> done)
{
    const auto entry = at(address);
    if (!entry) return done(entry.error());
    if (!store::valid_password(password)) return done(Failure::bad_password);
    (*entry)->secret = secret_for((*entry)->record.addresses.front(), password);
    done(record_of(**entry));
}

void MemoryAccountStore::remove(std::string address, Done<AccountRecord> done)
{
    const auto entry = at(address);
    if (!entry) return done(entry.error());
    const auto record = record_of(**entry);
    memory_.accounts.erase(record.id);
    done(record);
}

void MemoryAccountStore::block(AccountId account, KeyedHash pseudonym, Done<AccountRecord> done)
{
    const auto found = memory_.accounts.find(account);
    if (found == memory_.accounts.end()) return done(Failure::not_found);
    found->second.blocked.insert(pseudonym);
    done(record_of(found->second));
}

void MemoryAccountStore::unblock(std::string address, Done<AccountRecord> done)
{
    const auto entry = at(address);
    if (!entry) return done(entry.error());
    (*entry)->blocked.clear();
    done(record_of(**entry));
}

void MemoryAccountStore::blocked_by(AccountId account, Done<std::vector<KeyedHash>> done)
{
    const auto found = memory_.accounts.find(account);
    if (found == memory_.accounts.end()) return done(std::vector<KeyedHash>{});
    done(std::vector<KeyedHash>(found->second.blocked.begin(), found->second.blocked.end()));
}

void MemoryAccountStore::back_up(std::filesystem::path to, Done<Nothing> done)
{
    if (!touch_private(to)) return done(Failure::unavailable);
    memory_.copies[to] = memory_.accounts;
    done(Nothing{});
}

store::AccountStore::Directory MemoryAccountStore::directory() const
{
    return std::make_shared<const Snapshot>(memory_.accounts, policy_);
}

} // namespace sotto::test
