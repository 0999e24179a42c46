#pragma once
#include "store/account_snapshot.hpp"
#include "store/account_store.hpp"
#include "store/database/database.hpp"
#include "store/digest_secret.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace sotto::store {

/// The statements on accounts.db for purpose `provision`, prepared once. One thread. Errors: StoreError. Each function
/// is one step; the caller puts the steps of one operation into a `Transaction`.
class AccountTable {
public:
    explicit AccountTable(Connection<Purpose::provision>& connection);

    [[nodiscard]] std::optional<AccountId> find(const Address& address);
    /// Without `password_needed`, which the table does not know. The account must exist.
    [[nodiscard]] AccountRecord record(AccountId id);
    /// First addresses after `from` in order, at most `limit`.
    [[nodiscard]] std::vector<std::pair<Address, AccountId>> first_addresses(const Address& from, std::size_t limit);

    /// False, and nothing added, when the address belongs to an account.
    bool add(const Address& address, const DigestSecret& secret);
    /// False when the address belongs to an account.
    bool attach(AccountId id, const Address& address);
    void detach(const Address& address);
    void set_secret(AccountId id, const DigestSecret& secret);
    void set_settings(const AccountRecord& record);
    void remove(AccountId id);
    [[nodiscard]] bool exists(AccountId id);
    /// Once more changes nothing.
    void block(AccountId id, KeyedHash pseudonym);
    void unblock(AccountId id);
    void unblock(AccountId id, KeyedHash pseudonym);
    /// Those that block anybody.
    [[nodiscard]] std::vector<AccountId> blocking();
    static constexpr std::size_t most_blocked = 1000;

private:
    Connection<Purpose::provision>& connection_;
    Statement find_, record_, addresses_, firsts_, add_account_, add_address_, attach_, detach_, secret_, settings_,
        remove_addresses_, remove_account_, exists_, blocked_, block_, unblock_, unblock_one_, blocking_;
};

/// Reads everything into a snapshot, for purpose `authenticate`.
std::shared_ptr<const AccountSnapshot> load_snapshot(Connection<Purpose::authenticate>& connection,
                                                     const AccountPolicy& policy);

} // namespace sotto::store
