#pragma once
#include "core/auth/account.hpp"
#include "store/account_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::store {

/// All accounts, as the workers read them (DESIGN.md 5). Immutable once built, so that every thread may read it;
/// replaced by pointer. Compact: one arena for all user names, two open-addressing tables of 32-bit indices and prints;
/// about 130 bytes for an account with one address.
class AccountSnapshot final : public AccountDirectory {
public:
    /// Fills a snapshot: accounts in any order, then their addresses in any order.
    class Builder {
    public:
        explicit Builder(const AccountPolicy& policy);
        void reserve(std::size_t accounts);
        /// `account.user` and `account.domain` come with the first address; `password_needed` is found out here.
        void add_account(const Account& account);
        /// Addresses of unknown accounts, and of domains that are no longer served, are left out. `position` 0: the
        /// first address; of those that are telephone numbers the one with the lowest is presented. Who has an address
        /// by the domain's own name has it: one that was stored under what is an alias now is left out then.
        void add_address(AccountId account, std::string_view user, std::string_view domain, std::uint32_t position);
        /// A withheld caller that an account refuses.
        void add_blocked(AccountId account, KeyedHash pseudonym);
        /// Accounts without a first address in a served domain cannot be found.
        std::shared_ptr<const AccountSnapshot> build();

    private:
        void take(std::uint32_t account, std::string_view user, std::uint16_t domain, std::uint32_t position);
        void take_aliased();

        const AccountPolicy& policy_;
        std::shared_ptr<AccountSnapshot> snapshot_;
        std::vector<std::uint32_t> firsts_; ///< the accounts' first addresses
        struct Numbered {
            std::uint32_t account, position, address;
        };
        std::vector<Numbered> numbers_; ///< addresses that are telephone numbers
        struct Aliased {
            std::uint32_t account;
            std::string user;
            std::uint16_t domain; ///< that the name means
            std::uint32_t position;
        };
        std::vector<Aliased> aliased_; ///< addresses that were stored under what is an alias now
    };

    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override;
    [[nodiscard]] const Account* find(AccountId id) const override;
    [[nodiscard]] std::uint32_t md5_share() const override { return md5_share_; }
    [[nodiscard]] bool blocks(AccountId account, KeyedHash pseudonym) const override;

    [[nodiscard]] std::size_t size() const override { return accounts_.size(); }
    /// Bytes on the heap.
    [[nodiscard]] std::size_t memory() const;

private:
    using Index = std::uint32_t;
    static constexpr Index none = ~Index{0};

    /// One address: its user name lies in the arena, its domain is a served one.
    struct Entry {
        std::uint32_t offset;
        std::uint16_t length;
        std::uint16_t domain;
        Index account;
    };

    /// With a part of the hash, so that whoever stands in the way of a search is passed by without a look at it.
    struct Slot {
        Index index{none};
        std::uint32_t print{0};
    };

    AccountSnapshot() = default;
    [[nodiscard]] std::uint64_t hash_of(std::string_view user, std::uint16_t domain) const;
    [[nodiscard]] std::string_view user_of(const Entry& entry) const
    {
        return {text_.data() + entry.offset, entry.length};
    }
    /// The number of the served domain that a name means; nothing when it is not ours.
    [[nodiscard]] const std::uint16_t* domain_number(std::string_view name) const;
    [[nodiscard]] Index account_index(AccountId id) const;
    void index_accounts();
    void index_addresses();

    std::vector<std::string> domains_;
    std::vector<std::pair<std::string, std::uint16_t>> names_; ///< sorted by name
    std::vector<char> text_;
    std::vector<Account> accounts_;
    std::vector<Entry> addresses_;
    std::vector<Slot> by_id_;
    std::vector<Slot> by_address_;
    std::vector<std::pair<AccountId, KeyedHash>> blocked_; ///< sorted
    std::uint32_t md5_share_{0};
    std::uint64_t seed_{0};
};

} // namespace sotto::store
