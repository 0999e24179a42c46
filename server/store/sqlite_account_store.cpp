#include "store/sqlite_account_store.hpp"

#include "store/account_operations.hpp"
#include "store/store_error.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace sotto::store {

/// The thread, its queue and the snapshot. The database belongs to the thread.
class SqliteAccountStore::Writer {
public:
    /// Runs on the thread; gives back what to call when the result is durable and published.
    using Task = std::function<std::function<void()>()>;

    Writer(const std::filesystem::path& state_directory, AccountPolicy policy, Changed on_changed, Alarm on_alarm)
        : operations_{state_directory / "accounts.db", std::move(policy)}, on_changed_{std::move(on_changed)},
          on_alarm_{std::move(on_alarm)}, directory_{operations_.load()}, thread_{[this] { work(); }}
    {
    }

    ~Writer()
    {
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    /// False when the queue is full, unless the task `must` run.
    bool enqueue(Task task, bool must = false)
    {
        {
            const std::lock_guard lock{mutex_};
            if (queue_.size() >= longest_queue && !must) return false;
            queue_.push_back(std::move(task));
        }
        wake_.notify_one();
        return true;
    }

    /// A task that answers `done` with what `operation` gives; a failure of the store becomes `unavailable` and an
    /// alarm.
    template <class T, class Operation> void submit(Done<T> done, Operation operation)
    {
        auto task = [this, done, operation = std::move(operation)]() mutable -> std::function<void()> {
            Outcome<T> outcome{Failure::unavailable};
            try {
                outcome = operation(operations_);
            } catch (const StoreError& error) {
                alarm(error.what());
            }
            return [done = std::move(done), outcome = std::move(outcome)] { done(outcome); };
        };
        if (!enqueue(std::move(task))) done(Failure::overloaded);
    }

    void configure(AccountPolicy policy) { operations_.configure(std::move(policy)); }

    [[nodiscard]] Directory directory() const
    {
        const std::lock_guard lock{mutex_};
        return directory_;
    }

    [[nodiscard]] std::size_t waiting() const
    {
        const std::lock_guard lock{mutex_};
        return queue_.size();
    }

private:
    /// How long changes of a batch that never ends stay unpublished.
    static constexpr std::chrono::seconds longest_wait{2};

    void work()
    {
        std::unique_lock lock{mutex_};
        while (!(stopping_ && queue_.empty())) {
            const auto ready = [this] { return stopping_ || !queue_.empty(); };
            if (operations_.unpublished())
                wake_.wait_for(lock, longest_wait, ready);
            else
                wake_.wait(lock, ready);
            auto tasks = std::exchange(queue_, {});
            lock.unlock();
            std::vector<std::function<void()>> answers;
            for (auto& task : tasks) answers.push_back(task());
            // Changes that arrived together are published together; a batch with more to come waits for its end.
            if (operations_.unpublished() && (!operations_.more_follows() || tasks.empty())) publish();
            for (const auto& answer : answers) answer();
            lock.lock();
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
            const std::lock_guard lock{mutex_};
            directory_ = fresh;
        }
        if (on_changed_) on_changed_(std::move(fresh));
    }

    void alarm(const std::string& sentence)
    {
        if (on_alarm_) on_alarm_(sentence);
    }

    AccountOperations operations_;
    Changed on_changed_;
    Alarm on_alarm_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> queue_;
    Directory directory_;
    bool stopping_{false};
    std::thread thread_;
};

SqliteAccountStore::SqliteAccountStore(const std::filesystem::path& state_directory, AccountPolicy policy,
                                       Changed on_changed, Alarm on_alarm)
    : writer_{std::make_unique<Writer>(state_directory, std::move(policy), std::move(on_changed), std::move(on_alarm))}
{
}

SqliteAccountStore::~SqliteAccountStore() = default;

void SqliteAccountStore::add(NewAccount account, Done<AccountRecord> done)
{
    writer_->submit(std::move(done),
                    [account = std::move(account)](AccountOperations& accounts) { return accounts.add(account); });
}

void SqliteAccountStore::import(std::vector<NewAccount> rows, bool more, Done<ImportReport> done)
{
    writer_->submit(std::move(done), [rows = std::move(rows), more](AccountOperations& accounts) {
        return accounts.import(rows, more);
    });
}

void SqliteAccountStore::list(std::string from, std::size_t limit, Done<AccountPage> done)
{
    writer_->submit(std::move(done), [from = std::move(from), limit](AccountOperations& accounts) {
        return accounts.list(from, limit);
    });
}

void SqliteAccountStore::show(std::string address, Done<AccountRecord> done)
{
    writer_->submit(std::move(done),
                    [address = std::move(address)](AccountOperations& accounts) { return accounts.show(address); });
}

void SqliteAccountStore::set(std::string address, AccountChange change, Done<AccountRecord> done)
{
    writer_->submit(std::move(done), [address = std::move(address), change = std::move(change)](
                                         AccountOperations& accounts) { return accounts.set(address, change); });
}

void SqliteAccountStore::set_password(std::string address, std::string password, Done<AccountRecord> done)
{
    writer_->submit(std::move(done),
                    [address = std::move(address), password = std::move(password)](AccountOperations& accounts) {
                        return accounts.set_password(address, password);
                    });
}

void SqliteAccountStore::remove(std::string address, Done<AccountRecord> done)
{
    writer_->submit(std::move(done),
                    [address = std::move(address)](AccountOperations& accounts) { return accounts.remove(address); });
}

void SqliteAccountStore::block(AccountId account, KeyedHash pseudonym, Done<AccountRecord> done)
{
    writer_->submit(std::move(done), [=](AccountOperations& accounts) { return accounts.block(account, pseudonym); });
}

void SqliteAccountStore::unblock(std::string address, Done<AccountRecord> done)
{
    writer_->submit(std::move(done),
                    [address = std::move(address)](AccountOperations& accounts) { return accounts.unblock(address); });
}

void SqliteAccountStore::back_up(std::filesystem::path to, Done<Nothing> done)
{
    writer_->submit(std::move(done), [to = std::move(to)](AccountOperations& accounts) -> Outcome<Nothing> {
        accounts.back_up(to);
        return Nothing{};
    });
}

void SqliteAccountStore::configure(AccountPolicy policy)
{
    auto task = [this, policy = std::move(policy)]() mutable {
        writer_->configure(std::move(policy));
        return std::function<void()>{[] {}};
    };
    writer_->enqueue(std::move(task), true);
}

AccountStore::Directory SqliteAccountStore::directory() const { return writer_->directory(); }
std::size_t SqliteAccountStore::waiting() const { return writer_->waiting(); }

} // namespace sotto::store
