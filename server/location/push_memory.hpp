#pragma once
#include "core/registrar/push.hpp"
#include "location/dialog_journal.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sotto::location {

/// Push registrations in the memory of this process. One mutex: they change with the registrations of phones that can
/// sleep, and are asked for once in a call. Thread-safe. What goes is overwritten first. The next process gets them
/// through the region, if there is one: a phone that sleeps has no connection whose end would make it register again.
class PushMemory final : public PushRegistrations {
public:
    PushMemory() = default;
    /// Begins with what the process before has left in the region.
    explicit PushMemory(std::unique_ptr<Region> region);

    void keep(AorKeys aor, Sleeper sleeper, std::size_t most) override;
    void remove(BindingId device) override;
    [[nodiscard]] std::vector<Sleeper> of(AorKeys aor, TimePoint now) const override;
    [[nodiscard]] std::size_t accounts() const override { return account_count_; }
    void await(BindingId device, Waiter waiter) override;
    std::vector<Waiter> take_waiters(BindingId device) override;

    /// Forgets those that are over, and gives each that is about to be (`wake_before_end`) to `renew`, once unless
    /// `not_renewed`. To be called every second or so.
    void pass(TimePoint now, const std::function<void(const Sleeper&)>& renew);
    /// It could not be: it is given once more after a while.
    void not_renewed(BindingId device, TimePoint now);

private:
    struct Registration {
        AorKey aor;
        SealedText parameters;
        TimePoint until{};
        TimePoint renew_at{}; ///< max: it was asked
        DialogJournal::Place place{0};
    };
    using Registrations = std::unordered_map<BindingId, Registration>;

    void take_up(DialogJournal::Place place, const DialogJournal::Text& record);
    void add(AorKey aor, Sleeper sleeper, DialogJournal::Place place);
    void move(AorKeys aor);
    void forget(Registrations::iterator registration);

    static constexpr std::size_t most_waiters = 64;

    std::unique_ptr<DialogJournal> journal_; ///< may be missing
    mutable std::mutex mutex_;
    Registrations registrations_;
    std::unordered_map<AorKey, std::vector<BindingId>> by_account_;
    std::unordered_map<BindingId, std::vector<Waiter>> waiters_;
    std::atomic<std::size_t> account_count_{0}, count_{0};
};

} // namespace sotto::location
