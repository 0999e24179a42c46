#pragma once
#include "store/account_store.hpp"
#include "store/digest_secret.hpp"

#include <map>
#include <set>

namespace sotto::test {

/// What a MemoryAccountStore leaves behind for the next one.
struct AccountMemory {
    struct Entry {
        store::AccountRecord record;
        store::DigestSecret secret;
        std::set<KeyedHash> blocked;
    };
    std::map<AccountId, Entry> accounts;
    std::map<std::filesystem::path, std::map<AccountId, Entry>> copies;
    std::uint64_t last_id{0};
};

/// A store of accounts without a disk or a thread: it shows that the interface asks for neither. Keeps to the contract
/// and to nothing else.
class MemoryAccountStore : public store::AccountStore {
public:
    MemoryAccountStore(AccountMemory& memory, store::AccountPolicy policy) : memory_{memory}, policy_{std::move(policy)}
    {
    }

    void add(store::NewAccount account, Done<store::AccountRecord> done) override;
    void import(std::vector<store::NewAccount> accounts, bool more, Done<store::ImportReport> done) override;
    void list(std::string from, std::size_t limit, Done<store::AccountPage> done) override;
    void show(std::string address, Done<store::AccountRecord> done) override;
    void find(AccountId account, Done<store::AccountRecord> done) override;
    void set(std::string address, store::AccountChange change, Done<store::AccountRecord> done) override;
    void set_password(std::string address, std::string password, Done<store::AccountRecord> done) override;
    void remove(std::string address, Done<store::AccountRecord> done) override;
    void block(AccountId account, KeyedHash pseudonym, Done<store::AccountRecord> done) override;
    void unblock(std::string address, Done<store::AccountRecord> done) override;
    void blocked_by(AccountId account, Done<std::vector<KeyedHash>> done) override;
    void back_up(std::filesystem::path to, Done<Nothing> done) override;
    void configure(store::AccountPolicy policy) override { policy_ = std::move(policy); }
    [[nodiscard]] Directory directory() const override;

private:
    using Entry = AccountMemory::Entry;

    store::Outcome<store::AccountRecord> put(const store::NewAccount& account);
    [[nodiscard]] Entry* find(const store::Address& address);
    [[nodiscard]] store::Outcome<store::Address> known_address(std::string_view text);
    [[nodiscard]] store::Outcome<Entry*> at(std::string_view address);
    [[nodiscard]] store::Outcome<store::AccountRecord> changed(Entry entry, const store::AccountChange& change,
                                                               const std::string& named);
    [[nodiscard]] store::DigestSecret secret_for(const store::Address& first, std::string_view password) const;
    [[nodiscard]] store::AccountRecord record_of(const Entry& entry) const;

    AccountMemory& memory_;
    store::AccountPolicy policy_;
};

} // namespace sotto::test
