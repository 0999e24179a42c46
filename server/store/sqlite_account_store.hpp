#pragma once
#include "core/types/histogram.hpp"
#include "store/account_store.hpp"

#include <filesystem>
#include <memory>

namespace sotto::store {

/// Accounts in `state_directory/accounts.db`. Owns one writer thread behind a bounded queue (docs/threads.md).
class SqliteAccountStore final : public AccountStore {
public:
    /// Called on the writer thread with each new snapshot, the first one excepted; it must not block.
    using Changed = std::function<void(Directory)>;
    /// Called on the writer thread with a sentence for the log when the store fails: names files and columns, no
    /// person.
    using Alarm = std::function<void(const std::string&)>;

    static constexpr std::size_t longest_queue = 256;

    /// Opens (and creates or migrates) the database and reads the first snapshot. Throws StoreError. The caller holds
    /// the StateLock.
    SqliteAccountStore(const std::filesystem::path& state_directory, AccountPolicy policy, Changed on_changed = {},
                       Alarm on_alarm = {});
    /// Finishes what is queued.
    ~SqliteAccountStore() override;

    void add(NewAccount account, Done<AccountRecord> done) override;
    void import(std::vector<NewAccount> accounts, bool more, Done<ImportReport> done) override;
    void list(std::string from, std::size_t limit, Done<AccountPage> done) override;
    void show(std::string address, Done<AccountRecord> done) override;
    void find(AccountId account, Done<AccountRecord> done) override;
    void set(std::string address, AccountChange change, Done<AccountRecord> done) override;
    void set_password(std::string address, std::string password, Done<AccountRecord> done) override;
    void remove(std::string address, Done<AccountRecord> done) override;
    void block(AccountId account, KeyedHash pseudonym, Done<AccountRecord> done) override;
    void unblock(std::string address, Done<AccountRecord> done) override;
    void blocked_by(AccountId account, Done<std::vector<KeyedHash>> done) override;
    void back_up(std::filesystem::path to, Done<Nothing> done) override;
    void configure(AccountPolicy policy) override;
    [[nodiscard]] Directory directory() const override;
    /// Tasks that wait for the thread.
    [[nodiscard]] std::size_t waiting() const;
    /// How long its thread took for what waited: until that was on the disk.
    [[nodiscard]] WaitTimes commits() const;

private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

} // namespace sotto::store
