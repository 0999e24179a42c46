#include "store/account_snapshot.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <set>

namespace sotto::store {
namespace {

/// Slots for `count` entries: load factor at most 0.7.
std::size_t slots_for(std::size_t count) { return count + count / 2 + 1; }

/// Where the search for `hash` begins in a table of any size.
std::size_t slot_of(std::uint64_t hash, std::size_t slots)
{
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((Wide{hash} * slots) >> 64U);
}

/// Bijective, spreads each bit over all others (the finaliser of splitmix64).
std::uint64_t mix(std::uint64_t x)
{
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

/// Bits of a hash that say nothing of where its search begins.
std::uint32_t print_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

/// `matches` is asked for those entries alone that have the same print: each costs a reach into other memory.
template <class Slot, class Matches>
std::uint32_t probe(const std::vector<Slot>& table, std::uint64_t hash, Matches matches)
{
    if (table.empty()) return ~std::uint32_t{0};
    for (auto at = slot_of(hash, table.size());; at = at + 1 == table.size() ? 0 : at + 1) {
        const auto& slot = table[at];
        if (slot.index == ~std::uint32_t{0} || (slot.print == print_of(hash) && matches(slot.index))) return slot.index;
    }
}

template <class Slot> void insert(std::vector<Slot>& table, std::uint64_t hash, std::uint32_t index)
{
    auto at = slot_of(hash, table.size());
    while (table[at].index != ~std::uint32_t{0}) at = at + 1 == table.size() ? 0 : at + 1;
    table[at] = {.index = index, .print = print_of(hash)};
}

template <class T> std::size_t bytes_of(const std::vector<T>& vector) { return vector.capacity() * sizeof(T); }

} // namespace

AccountSnapshot::Builder::Builder(const AccountPolicy& policy)
    : policy_{policy}, snapshot_{new AccountSnapshot} // its constructor is private
{
    std::random_device random;
    snapshot_->seed_ = (std::uint64_t{random()} << 32U) | random();
    auto& domains = snapshot_->domains_;
    for (const auto& [name, domain] : policy.names)
        if (std::ranges::find(domains, domain) == domains.end()) domains.push_back(domain);
    for (const auto& [name, domain] : policy.names) // in order of name, as the map is
        snapshot_->names_.emplace_back(
            name, static_cast<std::uint16_t>(std::ranges::find(domains, domain) - domains.begin()));
}

void AccountSnapshot::Builder::reserve(std::size_t accounts)
{
    snapshot_->accounts_.reserve(accounts);
    snapshot_->addresses_.reserve(accounts);
    snapshot_->text_.reserve(accounts * 10);
}

void AccountSnapshot::Builder::add_account(const Account& account) { snapshot_->accounts_.push_back(account); }

void AccountSnapshot::Builder::add_address(AccountId account, std::string_view user, std::string_view domain,
                                           std::uint32_t position)
{
    auto& snapshot = *snapshot_;
    if (snapshot.by_id_.empty()) snapshot.index_accounts();
    const auto index = snapshot.account_index(account);
    const auto* number = snapshot.domain_number(domain);
    if (index == none || number == nullptr || user.size() > 0xFFFF) return;
    if (snapshot.domains_[*number] == domain)
        take(index, user, *number, position);
    else
        aliased_.push_back({index, std::string{user}, *number, position});
}

void AccountSnapshot::Builder::take(Index index, std::string_view user, std::uint16_t number, std::uint32_t position)
{
    auto& snapshot = *snapshot_;
    const Entry entry{static_cast<std::uint32_t>(snapshot.text_.size()), static_cast<std::uint16_t>(user.size()),
                      number, index};
    snapshot.text_.insert(snapshot.text_.end(), user.begin(), user.end());
    snapshot.addresses_.push_back(entry);
    if (user.starts_with('+'))
        numbers_.push_back({index, position, static_cast<Index>(snapshot.addresses_.size() - 1)});
    if (position != 0) return;
    firsts_.push_back(static_cast<Index>(snapshot.addresses_.size() - 1));
    auto& owner = snapshot.accounts_[index];
    owner.domain = snapshot.domains_[number];
    owner.password_needed = policy_.algorithm_of(user, owner.domain) != owner.algorithm;
}

void AccountSnapshot::Builder::take_aliased()
{
    if (aliased_.empty()) return;
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (const auto& entry : snapshot_->addresses_) taken.emplace(snapshot_->user_of(entry), entry.domain);
    for (const auto& [account, user, domain, position] : aliased_)
        if (taken.emplace(user, domain).second) take(account, user, domain, position);
}

void AccountSnapshot::Builder::add_blocked(AccountId account, KeyedHash pseudonym)
{
    snapshot_->blocked_.emplace_back(account, pseudonym);
}

std::shared_ptr<const AccountSnapshot> AccountSnapshot::Builder::build()
{
    take_aliased();
    auto& snapshot = *snapshot_;
    std::ranges::sort(snapshot.blocked_);
    snapshot.accounts_.shrink_to_fit();
    snapshot.addresses_.shrink_to_fit();
    snapshot.text_.shrink_to_fit();
    for (const auto first : firsts_) // the text stays where it is from here on
        snapshot.accounts_[snapshot.addresses_[first].account].user = snapshot.user_of(snapshot.addresses_[first]);
    // Behind one another from the highest position to the lowest: the lowest stays.
    std::ranges::sort(numbers_, std::ranges::greater{}, &Numbered::position);
    for (const auto& [account, position, address] : numbers_)
        snapshot.accounts_[account].number = snapshot.user_of(snapshot.addresses_[address]);
    if (snapshot.by_id_.empty()) snapshot.index_accounts();
    snapshot.index_addresses();
    std::size_t usable = 0;
    std::size_t md5 = 0;
    for (const auto& account : snapshot.accounts_) {
        if (account.user.empty() || account.password_needed) continue;
        ++usable;
        md5 += account.algorithm == DigestAlgorithm::md5 ? 1 : 0;
    }
    constexpr std::size_t whole = 65536;
    if (usable > 0)
        snapshot.md5_share_ = static_cast<std::uint32_t>(md5 * whole / usable);
    else
        snapshot.md5_share_ = policy_.algorithm_of({}, {}) == DigestAlgorithm::md5 ? whole : 0;
    return std::move(snapshot_);
}

std::uint64_t AccountSnapshot::hash_of(std::string_view user, std::uint16_t domain) const
{
    return mix(std::hash<std::string_view>{}(user) ^ seed_ ^ (std::uint64_t{domain} << 48U));
}

const std::uint16_t* AccountSnapshot::domain_number(std::string_view name) const
{
    const auto found =
        std::ranges::lower_bound(names_, name, std::less<>{}, &std::pair<std::string, std::uint16_t>::first);
    return found != names_.end() && found->first == name ? &found->second : nullptr;
}

AccountSnapshot::Index AccountSnapshot::account_index(AccountId id) const
{
    return probe(by_id_, mix(id.value ^ seed_), [&](Index index) { return accounts_[index].id == id; });
}

void AccountSnapshot::index_accounts()
{
    by_id_.assign(slots_for(accounts_.size()), {});
    for (Index index = 0; index < accounts_.size(); ++index)
        insert(by_id_, mix(accounts_[index].id.value ^ seed_), index);
}

void AccountSnapshot::index_addresses()
{
    by_address_.assign(slots_for(addresses_.size()), {});
    for (Index index = 0; index < addresses_.size(); ++index)
        if (!accounts_[addresses_[index].account].user.empty())
            insert(by_address_, hash_of(user_of(addresses_[index]), addresses_[index].domain), index);
}

const Account* AccountSnapshot::find(std::string_view user, std::string_view domain) const
{
    const auto* number = domain_number(domain);
    if (number == nullptr) return nullptr;
    const auto index = probe(by_address_, hash_of(user, *number), [&](Index at) {
        return addresses_[at].domain == *number && user_of(addresses_[at]) == user;
    });
    return index == none ? nullptr : &accounts_[addresses_[index].account];
}

const Account* AccountSnapshot::find(AccountId id) const
{
    const auto index = account_index(id);
    return index == none || accounts_[index].user.empty() ? nullptr : &accounts_[index];
}

bool AccountSnapshot::blocks(AccountId account, KeyedHash pseudonym) const
{
    return std::ranges::binary_search(blocked_, std::pair{account, pseudonym});
}

std::size_t AccountSnapshot::memory() const
{
    return bytes_of(text_) + bytes_of(blocked_) + bytes_of(accounts_) + bytes_of(addresses_) + bytes_of(by_id_) +
           bytes_of(by_address_);
}

} // namespace sotto::store
