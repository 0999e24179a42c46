#include "store/sqlite_account_store.hpp"

#include "store/account_operations.hpp"
#include "store/store_error.hpp"
#include "store/writer_thread.hpp"

#include <set>

namespace sotto::store {

/// The thread and the snapshot. The database belongs to the thread.
class SqliteAccountStore::Writer final : public WriterThread {
public:
    Writer(const std::filesystem::path& state_directory, AccountPolicy policy, Changed on_changed, Alarm on_alarm)
        : WriterThread{"store", longest_queue,
                       [this, on_alarm = std::move(on_alarm)](const std::string& sentence) {
                           if (said_.insert(sentence).second && on_alarm) on_alarm(sentence);
                       }},
          operations_{state_directory / "accounts.db", std::move(policy)}, on_changed_{std::move(on_changed)},
          directory_{operations_.load()}
    {
        start();
    }
    ~Writer() override { stop(); }

    template <class T, class Operation> void perform(Done<T> done, Operation operation)
    {
        submit(std::move(done),
               [this, operation = std::move(operation)]() mutable -> Outcome<T> { return operation(operations_); });
    }

    /// `perform` for what is one commit.
    template <class T, class Operation> void change(Done<T> done, Operation operation)
    {
        Done<T> when_published = [this, done = std::move(done)](Outcome<T> outcome) {
            done(outcome && behind() ? Outcome<T>{Failure::unpublished} : std::move(outcome));
        };
        submit(std::move(when_published), [this, operation = std::move(operation)]() mutable -> Outcome<T> {
            return timed([&] {
                auto outcome = operation(operations_);
                if (outcome) said_.clear();
                return outcome;
            });
        });
    }

    void configure(AccountPolicy policy)
    {
        enqueue(
            [this, policy = std::move(policy)]() mutable {
                operations_.configure(std::move(policy));
                return [] {};
            },
            true);
    }

    [[nodiscard]] Directory directory() const
    {
        const std::lock_guard lock{mutex()};
        return directory_;
    }

    [[nodiscard]] std::size_t waiting() const
    {
        const std::lock_guard lock{mutex()};
        return queued();
    }

private:
    [[nodiscard]] std::optional<std::chrono::milliseconds> longest_wait() const override
    {
        // How long changes of a batch that never ends, or that could not be read, stay unpublished, and what went waits
        // for a reader of the log.
        if (operations_.unpublished() || operations_.remains()) return std::chrono::milliseconds{2000};
        return std::chrono::hours{1}; // for a backup that becomes too old
    }

    void turn(std::deque<Task> tasks, bool) override
    {
        drop_old_backup();
        std::vector<std::function<void()>> answers;
        answers.reserve(tasks.size());
        for (auto& task : tasks) answers.push_back(task());
        if (operations_.remains()) overwrite_remains(); // before anybody is told that something is gone
        // Changes that arrived together are published together; a batch with more to come waits for its end.
        if (behind() || (operations_.unpublished() && tasks.empty())) publish();
        for (const auto& answer : answers) answer();
    }

    /// On the thread: what was changed is not in the directory, and nothing that would bring it there is to come.
    [[nodiscard]] bool behind() const { return operations_.unpublished() && !operations_.more_follows(); }

    void drop_old_backup()
    {
        try {
            operations_.drop_old_backup();
        } catch (const StoreError& error) {
            alarm(error.what());
        }
    }

    void overwrite_remains()
    {
        try {
            operations_.overwrite_remains();
        } catch (const StoreError& error) {
            alarm(error.what());
        }
    }

    void publish()
    {
        Directory fresh;
        try {
            fresh = operations_.load();
        } catch (const StoreError& error) {
            alarm(error.what());
            return;
        }
        {
            const std::lock_guard lock{mutex()};
            directory_ = fresh;
        }
        if (on_changed_) on_changed_(std::move(fresh));
    }

    AccountOperations operations_;
    Changed on_changed_;
    Directory directory_;
    std::set<std::string> said_; ///< on the thread: what is wrong, since the last change that reached the disk
};

SqliteAccountStore::SqliteAccountStore(const std::filesystem::path& state_directory, AccountPolicy policy,
                                       Changed on_changed, Alarm on_alarm)
    : writer_{std::make_unique<Writer>(state_directory, std::move(policy), std::move(on_changed), std::move(on_alarm))}
{
}

SqliteAccountStore::~SqliteAccountStore() = default;

void SqliteAccountStore::add(NewAccount account, Done<AccountRecord> done)
{
    writer_->change(std::move(done),
                    [account = std::move(account)](AccountOperations& accounts) { return accounts.add(account); });
}

void SqliteAccountStore::import(std::vector<NewAccount> rows, bool more, Done<ImportReport> done)
{
    writer_->change(std::move(done), [rows = std::move(rows), more](AccountOperations& accounts) {
        return accounts.import(rows, more);
    });
}

void SqliteAccountStore::list(std::string from, std::size_t limit, Done<AccountPage> done)
{
    writer_->perform(std::move(done), [from = std::move(from), limit](AccountOperations& accounts) {
        return accounts.list(from, limit);
    });
}

void SqliteAccountStore::show(std::string address, Done<AccountRecord> done)
{
    writer_->perform(std::move(done),
                     [address = std::move(address)](AccountOperations& accounts) { return accounts.show(address); });
}

void SqliteAccountStore::find(AccountId account, Done<AccountRecord> done)
{
    writer_->perform(std::move(done), [=](AccountOperations& accounts) { return accounts.find(account); });
}

void SqliteAccountStore::set(std::string address, AccountChange change, Done<AccountRecord> done)
{
    writer_->change(std::move(done), [address = std::move(address), change = std::move(change)](
                                         AccountOperations& accounts) { return accounts.set(address, change); });
}

void SqliteAccountStore::set_password(std::string address, std::string password, Done<AccountRecord> done)
{
    writer_->change(std::move(done),
                    [address = std::move(address), password = std::move(password)](AccountOperations& accounts) {
                        return accounts.set_password(address, password);
                    });
}

void SqliteAccountStore::remove(std::string address, Done<AccountRecord> done)
{
    writer_->change(std::move(done),
                    [address = std::move(address)](AccountOperations& accounts) { return accounts.remove(address); });
}

void SqliteAccountStore::block(AccountId account, KeyedHash pseudonym, Done<AccountRecord> done)
{
    writer_->change(std::move(done), [=](AccountOperations& accounts) { return accounts.block(account, pseudonym); });
}

void SqliteAccountStore::unblock(std::string address, Done<AccountRecord> done)
{
    writer_->change(std::move(done),
                    [address = std::move(address)](AccountOperations& accounts) { return accounts.unblock(address); });
}

void SqliteAccountStore::blocked_by(AccountId account, Done<std::vector<KeyedHash>> done)
{
    writer_->perform(std::move(done), [=](AccountOperations& accounts) { return accounts.blocked_by(account); });
}

void SqliteAccountStore::back_up(std::filesystem::path to, Done<Nothing> done)
{
    writer_->perform(std::move(done), [to = std::move(to)](AccountOperations& accounts) -> Outcome<Nothing> {
        accounts.back_up(to);
        return Nothing{};
    });
}

void SqliteAccountStore::configure(AccountPolicy policy) { writer_->configure(std::move(policy)); }

AccountStore::Directory SqliteAccountStore::directory() const { return writer_->directory(); }
std::size_t SqliteAccountStore::waiting() const { return writer_->waiting(); }
WaitTimes SqliteAccountStore::commits() const { return writer_->commits(); }

} // namespace sotto::store
