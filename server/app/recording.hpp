#pragma once
#include "app/keeping.hpp"
#include "app/keys.hpp"
#include "app/workers.hpp"
#include "audit/audit_log.hpp"
#include "config/settings.hpp"
#include "core/registrar/location_service.hpp"
#include "core/retention/timekeeper.hpp"
#include "store/erasures.hpp"
#include "store/sqlite_ledger.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <mutex>

namespace sotto::app {

/// The records of billed calls: opens the ledger where something is billed, or was once; looks whether the parties of
/// running calls are there; and keeps to the retention plan. Timers run on the main thread.
class Recording {
public:
    /// With the dialogs that `keys` have taken up go the records of their calls. `erasures` must outlive it. Throws
    /// store::StoreError, also when something is billed and there is no master key.
    Recording(boost::asio::io_context& main, const config::Settings& settings, const Keys& keys,
              const store::Erasures& erasures);

    /// Null: nothing is billed, and nothing was.
    [[nodiscard]] const std::shared_ptr<store::SqliteLedger>& ledger() const { return ledger_; }

    /// Any thread.
    [[nodiscard]] Keeping keeping() const;

    /// After an operator's run of retention. Any thread.
    void retention_was_run();
    /// What keeps calls has changed: retention runs at once, and then when the next of them is over. Any thread.
    void holds_changed() { keep_to_plan_in(seconds{0}); }

    /// From here on, until `stop`. `audit` gets a line for each run of retention.
    void start(Workers& workers, std::shared_ptr<LocationService> location, audit::AuditLog& audit);
    /// Ends the ledger's thread, before the workers go that it answers.
    void stop();
    /// After a reload.
    void use(const config::Settings& settings);
    [[nodiscard]] retention::Policy policy() const;
    /// Where nothing is billed, and so no ledger knows it: what was believed last, before this process. Before `now`.
    void begins_at(retention::Time last);
    /// The time that retention goes by. Any thread.
    [[nodiscard]] retention::Time now();
    /// An operator, or the kernel, says that the calendar is right. Any thread.
    void confirm_clock();

private:
    void look_for_parties();
    retention::Time look(retention::Time (retention::Timekeeper::*by)(const retention::Sighting&));
    void keep_to_plan();
    void keep_to_plan_in(seconds span);
    void look_for_overdue();

    boost::asio::steady_timer life_, plan_, disk_;
    mutable std::mutex mutex_; ///< guards `policy_`, `time_` and `keeping_`
    retention::Policy policy_;
    retention::Timekeeper time_{{}};
    Keeping keeping_;
    std::shared_ptr<store::SqliteLedger> ledger_;
    Workers* workers_{nullptr};
    audit::AuditLog* audit_{nullptr};
    std::shared_ptr<LocationService> location_;
};

} // namespace sotto::app
