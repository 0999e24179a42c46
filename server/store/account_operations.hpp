#pragma once
#include "store/account_table.hpp"

#include <filesystem>

namespace sotto::store {

/// What can be done with accounts, each as one transaction: the rules of `AccountStore` without its thread. One thread
/// at a time. Errors of the store itself: StoreError.
class AccountOperations {
public:
    AccountOperations(const std::filesystem::path& file, AccountPolicy policy);

    Outcome<AccountRecord> add(const NewAccount& account);
    Outcome<ImportReport> import(const std::vector<NewAccount>& rows, bool more);
    Outcome<AccountPage> list(const std::string& from, std::size_t limit);
    Outcome<AccountRecord> show(std::string_view address);
    Outcome<AccountRecord> find(AccountId account);
    Outcome<AccountRecord> set(std::string_view address, const AccountChange& change);
    Outcome<AccountRecord> set_password(std::string_view address, std::string_view password);
    Outcome<AccountRecord> remove(std::string_view address);
    Outcome<AccountRecord> block(AccountId account, KeyedHash pseudonym);
    Outcome<AccountRecord> unblock(std::string_view address);
    std::vector<KeyedHash> blocked_by(AccountId account);

    void back_up(const std::filesystem::path& to) const { database_.back_up(to); }
    void drop_old_backup() const { database_.drop_old_backup(); }
    void configure(AccountPolicy policy);
    /// Something that was replaced or removed may still be in the file or its log.
    [[nodiscard]] bool remains() const { return remains_; }
    /// It goes, unless somebody still reads the log. Once for all changes: the whole file is read. Throws StoreError:
    /// some of it may be left.
    void overwrite_remains();
    /// Reads the snapshot that holds everything done so far.
    std::shared_ptr<const AccountSnapshot> load();
    /// Something was changed since the last `load`.
    [[nodiscard]] bool unpublished() const { return unpublished_; }
    /// All that is unpublished are batches, the last of which announced another one.
    [[nodiscard]] bool more_follows() const { return more_follows_; }

private:
    /// Under which an account may stand: as it is written where there is one, else in the domain that its name means.
    Outcome<Address> known_address(std::string_view text);
    [[nodiscard]] DigestSecret secret_for(const Address& first, std::string_view password) const;
    [[nodiscard]] AccountRecord record(AccountId id);
    /// Nobody blocks it any more.
    void lift_blocks_of(AccountId caller);
    /// After a change: it is to be published, and what it replaced to be overwritten.
    void changed(bool more, bool something_went);

    AccountPolicy policy_;
    std::filesystem::path folder_; ///< of the state, with the key of who blocks whom
    Database database_;
    Connection<Purpose::provision> connection_;
    Connection<Purpose::authenticate> reader_;
    Connection<Purpose::access> access_;
    AccountTable table_;
    bool unpublished_{false};
    bool more_follows_{false};
    bool remains_{true}; ///< something was replaced or removed since `overwrite_remains`, or by a process before
};

} // namespace sotto::store
