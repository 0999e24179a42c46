#include "store/sqlite_ledger.hpp"

#include "store/ledger/ledger_operations.hpp"
#include "store/ledger/master_key.hpp"
#include "store/store_error.hpp"
#include "store/writer_thread.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <sys/statvfs.h>
#include <system_error>

namespace sotto::store {
namespace {

constexpr seconds retry_after{1};
/// How long the end of a call waits for an answer of another one, to reach the disk together with it. Should the
/// process die meanwhile, the call ends at its last sign of life.
constexpr seconds ends_wait{1};
/// Between two commits of answers: a flush of the disk costs as much as half a call, and nobody hears a twentieth of a
/// second. A call that comes alone does not wait.
constexpr milliseconds commits_apart{50};
constexpr milliseconds space_checked_every{200};
/// A disk may do nothing for minutes, without an error. So long an answered call waits: whoever was called is listening
/// already, while whoever calls hears it ring.
constexpr seconds longest_for_disk{5};

TimePoint steady_now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }
retention::Time calendar_now() { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); }

std::uint32_t whole_seconds(milliseconds time)
{
    return static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::chrono::floor<seconds>(time).count()));
}

} // namespace

/// The calls that run, and those that wait for the disk. Databases and keys belong to the thread.
class SqliteLedger::Writer final : public WriterThread {
public:
    Writer(std::filesystem::path directory, const crypto::Secret& master, Times times, Alarm on_alarm)
        : WriterThread{"ledger", most_tasks, std::move(on_alarm)},
          directory_{std::move(directory)}, times_{std::move(times)}, operations_{directory_, master, times_.erased}
    {
        if (!times_.clock) times_.clock = steady_now;
        if (!times_.calendar) times_.calendar = calendar_now;
        if (times_.resumes)
            resume();
        else
            ended_at_start_ = operations_.recorder.end_all();
        next_life_ = times_.clock() + times_.sign_of_life;
        start();
    }
    ~Writer() override { stop(); }

    bool writable()
    {
        const auto now = steady_now().time_since_epoch().count();
        auto checked = space_checked_.load(std::memory_order_relaxed);
        if (now - checked >= space_checked_every.count() &&
            space_checked_.compare_exchange_strong(checked, now, std::memory_order_relaxed)) {
            struct statvfs space {};
            const bool there = ::statvfs(directory_.c_str(), &space) == 0;
            const auto why = there ? std::string{} : std::generic_category().message(errno);
            const bool enough = there && std::uint64_t{space.f_bavail} * space.f_frsize >= least_space;
            if (space_left_.exchange(enough) && !enough)
                alarm(directory_.string() +
                      (there ? " has less than 4 MiB of space: no billed call begins until there is more"
                             : " cannot be looked at: " + why + ": no billed call begins until it can"));
        }
        return healthy_ && !hangs_ && space_left_;
    }

    [[nodiscard]] bool recording() const { return running_.load(std::memory_order_relaxed) > 0; }

    void answered(billing::AnsweredCall call, std::function<void(bool)> recorded)
    {
        std::unique_lock lock{mutex()};
        if (waiting_.size() >= longest_queue || stopping() || hangs_) {
            lock.unlock();
            return recorded(false);
        }
        const auto now = times_.clock();
        auto& live = calls_[call.dialog];
        live.caller = call.caller;
        live.callee = call.callee;
        live.began = live.alive = now;
        waiting_.push_back({call.dialog, std::move(recorded), now});
        to_record_.push_back(std::move(call));
        running_ = calls_.size();
        lock.unlock();
        wake();
    }

    void give_up_what_hangs()
    {
        std::unique_lock lock{mutex()};
        const auto now = times_.clock();
        const auto too_long = [&](TimePoint since) { return now - since >= longest_for_disk; };
        const bool waits = !waiting_.empty() && too_long(waiting_.front().since);
        if (!waits && !(writing_since_ && too_long(*writing_since_))) return;
        const bool began = !hangs_.exchange(true);
        auto given_up = take_back_waiting();
        for (auto& call : writing_) { // the disk may take it yet: then it has lasted for no time
            if (!call.recorded) continue;
            if (auto& live = calls_[call.dialog]; !live.ended) end(call.dialog, live, live.began);
            given_up.push_back({.dialog = call.dialog, .recorded = std::exchange(call.recorded, nullptr), .since = {}});
        }
        running_ = calls_.size();
        lock.unlock();
        for (auto& call : given_up) call.recorded(false);
        if (began)
            alarm("the disk of " + directory_.string() + " has not answered for " +
                  std::to_string(longest_for_disk.count()) + " seconds");
    }

    void alive(KeyedHash dialog)
    {
        const std::lock_guard lock{mutex()};
        const auto call = calls_.find(dialog);
        if (call == calls_.end() || call->second.ended) return;
        call->second.alive = times_.clock();
        call->second.unwritten = true;
    }

    void ended(KeyedHash dialog, milliseconds ago)
    {
        const std::lock_guard lock{mutex()};
        const auto call = calls_.find(dialog);
        if (call == calls_.end() || call->second.ended) return;
        end(dialog, call->second, std::max(call->second.began, times_.clock() - ago));
    }

    [[nodiscard]] std::vector<Running> running() const
    {
        const std::lock_guard lock{mutex()};
        std::vector<Running> all;
        all.reserve(calls_.size());
        for (const auto& [dialog, live] : calls_)
            if (!live.ended) all.push_back({dialog, live.caller, live.callee});
        return all;
    }

    template <class T, class Operation> void perform(Done<T> done, Operation operation)
    {
        submit(std::move(done),
               [this, operation = std::move(operation)]() mutable -> Outcome<T> { return operation(operations_); });
    }

    /// What takes long does it in short steps, between which calls that were answered meanwhile reach the disk.
    [[nodiscard]] Step between()
    {
        return [this](std::string_view) { commit_waiting(false); };
    }

    [[nodiscard]] std::size_t waiting() const
    {
        const std::lock_guard lock{mutex()};
        return waiting_.size() + writing_.size() + queued();
    }

    [[nodiscard]] std::size_t ended_at_start() const { return ended_at_start_; }

private:
    struct Live {
        billing::Reach caller, callee;
        TimePoint began{}, alive{};
        bool unwritten{false}; ///< a sign of life that the disk does not know
        bool ended{false};
    };
    struct Waiting {
        KeyedHash dialog;
        std::function<void(bool)> recorded; ///< empty: it has been given up
        TimePoint since{};
    };

    /// The time between the last sign of life and now is not billed: nobody knows of it.
    void resume()
    {
        const auto now = times_.clock();
        for (const auto& [dialog, lasted] : operations_.recorder.left_open()) {
            auto& live = calls_[dialog];
            live.began = now - seconds{lasted};
            live.alive = now;
            if (!times_.parties) continue;
            const auto parties = times_.parties(dialog);
            live.caller = parties.caller;
            live.callee = parties.callee;
        }
        running_ = calls_.size();
    }

    void end(KeyedHash dialog, Live& live, TimePoint at)
    {
        live.ended = true;
        ended_.push_back({dialog, whole_seconds(std::min(at, live.began + times_.longest_call) - live.began)});
    }

    /// With `mutex()` held: the calls that the disk was not given yet.
    [[nodiscard]] std::vector<Waiting> take_back_waiting()
    {
        to_record_.clear();
        for (const auto& call : waiting_) calls_.erase(call.dialog);
        running_ = calls_.size();
        return std::exchange(waiting_, {});
    }

    /// Nobody would hear of their answers.
    void refuse_waiting()
    {
        std::unique_lock lock{mutex()};
        const auto refused = take_back_waiting();
        lock.unlock();
        for (const auto& call : refused) call.recorded(false);
    }

    [[nodiscard]] bool work_waits() const override { return !waiting_.empty(); }

    [[nodiscard]] std::optional<milliseconds> longest_wait() const override
    {
        if (!healthy_ || hangs_) return retry_after;
        if (calls_.empty()) return std::nullopt;
        return std::clamp(milliseconds{next_life_ - times_.clock()}, milliseconds{1}, milliseconds{ends_wait});
    }

    [[nodiscard]] milliseconds apart() const override { return commits_apart; }

    void turn(std::deque<Task> tasks, bool last) override
    {
        if (last) refuse_waiting();
        commit_waiting(last);
        for (auto& task : tasks) task()();
    }

    void commit_waiting(bool last)
    {
        std::unique_lock lock{mutex()};
        const auto now = times_.clock();
        const bool life = now >= next_life_ || last;
        if (life) {
            end_what_is_silent(now);
            next_life_ = now + times_.sign_of_life;
        }
        writing_ = std::exchange(waiting_, {});
        writing_since_ = now;
        const auto batch = take_batch(life);
        lock.unlock();
        const bool written = write(batch);
        lock.lock();
        writing_since_.reset();
        hangs_ = false;
        const auto answered = std::exchange(writing_, {});
        settle(batch, answered, written);
        lock.unlock();
        for (const auto& call : answered)
            if (call.recorded) call.recorded(written);
    }

    /// No flow and no request for one binding's lifetime: it ended when it was last alive. Or it is too long.
    void end_what_is_silent(TimePoint now)
    {
        for (auto& [dialog, live] : calls_) {
            if (live.ended) continue;
            if (now - live.began >= times_.longest_call)
                end(dialog, live, now);
            else if (now - live.alive >= times_.recovery)
                end(dialog, live, live.alive);
        }
    }

    RecordBatch take_batch(bool life)
    {
        RecordBatch batch{.answered = std::exchange(to_record_, {}), .alive = {}, .ended = ended_};
        if (life)
            for (const auto& [dialog, live] : calls_)
                if (live.unwritten && !live.ended)
                    batch.alive.push_back({dialog, whole_seconds(live.alive - live.began)});
        return batch;
    }

    /// False: nothing of it is on the disk.
    bool write(const RecordBatch& batch)
    {
        try {
            if (!healthy_ || hangs_) operations_.recorder.probe();
            if (!batch.empty())
                timed([&] {
                    operations_.recorder.record(batch, times_.calendar());
                    return true;
                });
            healthy_ = true;
            return true;
        } catch (const StoreError& error) {
            if (healthy_.exchange(false)) alarm(error.what());
            return false;
        }
    }

    /// What the disk knows now needs not be written again.
    void settle(const RecordBatch& batch, const std::vector<Waiting>& answered, bool written)
    {
        if (!written) {
            for (const auto& call : answered) calls_.erase(call.dialog);
        } else {
            for (const auto& alive : batch.alive)
                if (const auto call = calls_.find(alive.dialog); call != calls_.end()) call->second.unwritten = false;
            for (const auto& ended : batch.ended) calls_.erase(ended.dialog);
            ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(batch.ended.size()));
        }
        running_ = calls_.size();
    }

    std::filesystem::path directory_;
    Times times_;
    LedgerOperations operations_;
    std::size_t ended_at_start_{0};
    std::atomic<bool> healthy_{true};
    std::atomic<bool> hangs_{false}; ///< the disk has neither taken nor refused what it was given
    std::atomic<bool> space_left_{true};
    std::atomic<std::int64_t> space_checked_{0};
    std::atomic<std::size_t> running_{0};
    std::vector<Waiting> waiting_;
    std::vector<billing::AnsweredCall> to_record_; ///< of those that wait
    std::vector<Waiting> writing_;                 ///< what the disk is given at the moment
    std::optional<TimePoint> writing_since_;       ///< since when
    boost::unordered_flat_map<KeyedHash, Live, std::hash<KeyedHash>> calls_;
    std::vector<RecordBatch::Lasted> ended_; ///< to be written; bounded by the calls that ran
    TimePoint next_life_{};
};

SqliteLedger::SqliteLedger(std::filesystem::path state_directory, const crypto::Secret& master, Times times,
                           Alarm on_alarm)
    : writer_{std::make_unique<Writer>(std::move(state_directory), master, std::move(times), std::move(on_alarm))}
{
}

SqliteLedger::~SqliteLedger() = default;

void SqliteLedger::stop() { writer_->stop(); }
std::size_t SqliteLedger::waiting() const { return writer_->waiting(); }
WaitTimes SqliteLedger::commits() const { return writer_->commits(); }
bool SqliteLedger::writable() const { return writer_->writable(); }
bool SqliteLedger::recording() const { return writer_->recording(); }
std::size_t SqliteLedger::ended_at_start() const { return writer_->ended_at_start(); }

void SqliteLedger::answered(billing::AnsweredCall call, std::function<void(bool)> recorded)
{
    writer_->answered(std::move(call), std::move(recorded));
}
void SqliteLedger::give_up_what_hangs() { writer_->give_up_what_hangs(); }
void SqliteLedger::alive(KeyedHash dialog) { writer_->alive(dialog); }
void SqliteLedger::ended(KeyedHash dialog, milliseconds ago) { writer_->ended(dialog, ago); }
std::vector<Ledger::Running> SqliteLedger::running() const { return writer_->running(); }

void SqliteLedger::invoice(std::chrono::year_month month, retention::Day day, Done<InvoiceRun> done)
{
    writer_->perform(std::move(done), [=](LedgerOperations& ledger) {
        auto run = ledger.invoices.make(month, day);
        try {
            ledger.recorder.leave_closed();
        } catch (const StoreError&) {
            // The run is on the disk, and is nobody's next one: it must not be lost because calls that run cannot leave
            // it yet. They do at their end, or with the next run of retention.
        }
        return run;
    });
}

void SqliteLedger::invoice_again(std::chrono::year_month month, std::uint32_t run, std::string from,
                                 Done<InvoiceRun> done)
{
    writer_->perform(std::move(done), [=, from = std::move(from)](LedgerOperations& ledger) {
        return ledger.invoices.again(month, run, from);
    });
}

void SqliteLedger::plan_retention(retention::Policy policy, retention::Time now, Done<RetentionPlan> done)
{
    writer_->perform(std::move(done), [=, step = writer_->between()](LedgerOperations& ledger) {
        return ledger.retention.plan(policy, now, step);
    });
}

void SqliteLedger::run_retention(retention::Policy policy, retention::Time now, Done<RetentionReport> done)
{
    writer_->perform(std::move(done), [=, step = writer_->between()](LedgerOperations& ledger) {
        ledger.recorder.leave_closed();
        auto report = ledger.retention.run(policy, now, step);
        ledger.database.drop_old_backup();
        return report;
    });
}

void SqliteLedger::ask_hold(HoldCase hold, retention::Time now, Done<HoldOutcome<HoldCase>> done)
{
    writer_->perform(std::move(done),
                     [hold = std::move(hold), now](LedgerOperations& ledger) { return ledger.holds.ask(hold, now); });
}

void SqliteLedger::consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                                   Done<HoldOutcome<HoldCase>> done)
{
    writer_->perform(std::move(done), [id, name = std::move(operator_name), now](LedgerOperations& ledger) {
        return ledger.holds.consent(id, name, now);
    });
}

void SqliteLedger::release_hold(retention::HoldId id, Done<HoldOutcome<HoldCase>> done)
{
    writer_->perform(std::move(done), [id](LedgerOperations& ledger) { return ledger.holds.release(id); });
}

void SqliteLedger::list_holds(Done<std::vector<HoldCase>> done)
{
    writer_->perform(std::move(done), [](LedgerOperations& ledger) { return ledger.holds.list(); });
}

void SqliteLedger::held_of(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done)
{
    writer_->perform(std::move(done),
                     [=](LedgerOperations& ledger) { return ledger.subjects.held(account, policy, now); });
}

void SqliteLedger::erase(AccountId account, retention::Policy policy, retention::Time now, Done<HeldCalls> done)
{
    writer_->perform(std::move(done),
                     [=](LedgerOperations& ledger) { return ledger.subjects.erase(account, policy, now); });
}

void SqliteLedger::back_up(std::filesystem::path to, Done<Nothing> done)
{
    writer_->perform(std::move(done), [to = std::move(to), step = writer_->between()](LedgerOperations& ledger) {
        ledger.database.back_up(to, [&] { step("pages"); });
        return Nothing{};
    });
}

void SqliteLedger::rotate_keys(Done<std::size_t> done)
{
    writer_->perform(std::move(done),
                     [step = writer_->between()](LedgerOperations& ledger) { return ledger.rotation.run(step); });
}

void SqliteLedger::change_master_key(std::filesystem::path file, Done<Nothing> done)
{
    writer_->perform(std::move(done), [file = std::move(file)](LedgerOperations& ledger) {
        ledger.vault.keys().rewrap(read_master_key(file));
        return Nothing{};
    });
}

void SqliteLedger::last_retention(Done<retention::Time> done)
{
    writer_->perform(std::move(done), [](LedgerOperations& ledger) { return ledger.vault.keys().believed(); });
}

} // namespace sotto::store
