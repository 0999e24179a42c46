#include "app/recording.hpp"

#include "app/every.hpp"
#include "core/billing/parties.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "log/log.hpp"
#include "os/clocks.hpp"
#include "store/ledger/key_store.hpp"
#include "store/ledger/master_key.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <unistd.h>

namespace sotto::app {
namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr seconds life_looked_for{10};
constexpr milliseconds disk_looked_at{1000};
constexpr std::chrono::hours longest_between_runs{1};

bool billed(const config::Settings& settings)
{
    return !settings.billing.routes.empty() || store::KeyStore::exists(settings.state_directory / "keys");
}

retention::Time calendar() { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); }

retention::Sighting sighting()
{
    return {.wall = calendar(), .running = os::running_since_boot(), .synchronised = os::clock_synchronised()};
}

/// The devices of calls that the process before was recording. Of one that somebody was hanging up they tell nothing.
std::function<billing::Parties(KeyedHash)> parties_left(const Keys& keys)
{
    return [dialogs = keys.dialogs(),
            cryptography = std::make_shared<crypto::OpenSslCryptography>(keys.process())](KeyedHash dialog) {
        const auto kept = billing::kept_parties(*dialogs, *cryptography, dialog);
        return kept.hanging_up ? billing::Parties{} : kept;
    };
}

/// Numbers only: it names nobody.
std::string result_of(const store::Outcome<store::RetentionReport>& report)
{
    if (!report) return "failed unavailable";
    const auto& done = *report;
    return "done periods=" + std::to_string(done.periods) + " calls=" + std::to_string(done.calls + done.orphans) +
           " held=" + std::to_string(done.held) + " holds=" + std::to_string(done.holds);
}

} // namespace

Recording::Recording(boost::asio::io_context& main, const config::Settings& settings, const Keys& keys,
                     const store::Erasures& erasures)
    : life_{main}, plan_{main}, disk_{main}, policy_{settings.retention_policy()}
{
    if (!billed(settings)) return;
    ledger_ = std::make_shared<store::SqliteLedger>(
        settings.state_directory, store::master_key(settings.weaken.master_key_file),
        store::SqliteLedger::Times{.recovery = settings.registrar.binding_lifetime,
                                   .longest_call = settings.proxy.longest_dialog,
                                   .resumes = keys.resumed(),
                                   .parties = parties_left(keys),
                                   .erased = [&erasures](AccountId account) { return erasures.contains(account); },
                                   .clock = {},
                                   .calendar = [this] { return look(&retention::Timekeeper::date); }},
        [](const std::string& reason) { event(Event::record_failed, field("reason", Plain{reason})); });
    if (const auto ended = ledger_->ended_at_start(); ended > 0) event(Event::records_ended, field("calls", ended));
    const auto last = store::wait_for<retention::Time>([&](auto done) { ledger_->last_retention(std::move(done)); });
    time_ = retention::Timekeeper{last ? *last : retention::Time{}};
}

void Recording::use(const config::Settings& settings)
{
    const std::lock_guard lock{mutex_};
    policy_ = settings.retention_policy();
}

retention::Policy Recording::policy() const
{
    const std::lock_guard lock{mutex_};
    return policy_;
}

void Recording::start(Workers& workers, std::shared_ptr<LocationService> location, audit::AuditLog& audit)
{
    if (!ledger_) return;
    workers_ = &workers;
    audit_ = &audit;
    location_ = std::move(location);
    every(disk_, disk_looked_at, [ledger = ledger_] { ledger->give_up_what_hangs(); });
    look_for_parties();
    keep_to_plan();
}

void Recording::stop()
{
    life_.cancel();
    plan_.cancel();
    disk_.cancel();
    if (ledger_) ledger_->stop();
}

void Recording::look_for_parties()
{
    const auto now = std::chrono::time_point_cast<milliseconds>(Clock::now());
    const auto running = ledger_->running();
    auto signs = billing::life_signs(running, [&](BindingId device) {
        bool there = false;
        location_->find(device, now, [&](const std::vector<Binding>& flows) { there = !flows.empty(); });
        return there;
    });
    for (const auto dialog : signs.alive) ledger_->alive(dialog);
    std::vector<FlowId> flows; // each once, however many calls go over it
    for (auto at = signs.by_flow.begin(); at != signs.by_flow.end(); at = signs.by_flow.upper_bound(at->first))
        flows.push_back(at->first);
    workers_->look_for(flows, [ledger = ledger_, by_flow = std::move(signs.by_flow)](const std::vector<FlowId>& there) {
        for (const auto flow : there) {
            const auto [first, last] = by_flow.equal_range(flow);
            for (auto one = first; one != last; ++one) ledger->alive(one->second);
        }
    });
    life_.expires_after(life_looked_for);
    life_.async_wait([this](boost::system::error_code error) {
        if (!error) look_for_parties();
    });
}

void Recording::begins_at(retention::Time last)
{
    const std::lock_guard lock{mutex_};
    if (!ledger_) time_ = retention::Timekeeper{last};
}

retention::Time Recording::now() { return look(&retention::Timekeeper::observe); }

retention::Time Recording::look(retention::Time (retention::Timekeeper::*by)(const retention::Sighting&))
{
    const std::lock_guard lock{mutex_};
    const bool doubted = time_.doubts();
    const auto time = (time_.*by)(sighting());
    if (time_.doubts() && !doubted) event(Event::retention_waits);
    return time;
}

Keeping Recording::keeping() const
{
    const std::lock_guard lock{mutex_};
    auto keeping = keeping_;
    keeping.clock_is_doubted = time_.doubts();
    return keeping;
}

void Recording::confirm_clock()
{
    const std::lock_guard lock{mutex_};
    time_.confirm(sighting());
}

void Recording::keep_to_plan()
{
    const auto at = now();
    ledger_->run_retention(policy(), at, [this, at](const store::Outcome<store::RetentionReport>& report) {
        const bool known = report && (*report).next;
        keep_to_plan_in(known ? std::min<seconds>(*(*report).next - at, longest_between_runs) : longest_between_runs);
        const audit::Action run{.who = {::geteuid(), "sottod"}, .what = "retention run", .purpose = "retention"};
        if (const auto written = audit_->record(run, result_of(report)); !written) {
            const auto reason = written.error().message();
            event(Event::audit_unwritable, field("reason", Plain{reason}));
        }
        if (report)
            retention_was_run();
        else
            look_for_overdue();
        if (!report || !(*report).anything()) return;
        event(Event::retention_run, field("calls", (*report).calls + (*report).orphans),
              field("periods", (*report).periods), field("holds", (*report).holds));
    });
}

void Recording::keep_to_plan_in(seconds span)
{
    boost::asio::post(plan_.get_executor(), [this, span] {
        plan_.expires_after(span);
        plan_.async_wait([this](boost::system::error_code error) {
            if (!error) keep_to_plan();
        });
    });
}

void Recording::retention_was_run()
{
    {
        const std::lock_guard lock{mutex_};
        keeping_.last_run = calendar();
    }
    look_for_overdue();
}

/// By the calendar, whatever the clock is believed: what was over an hour ago should have gone with the run of then.
void Recording::look_for_overdue()
{
    ledger_->plan_retention(policy(), calendar() - longest_between_runs,
                            [this](const store::Outcome<store::RetentionPlan>& plan) {
                                if (!plan) return;
                                std::size_t overdue = 0;
                                for (const auto& decision : (*plan).decisions)
                                    if (decision.goes) overdue += (*plan).rows[decision.row].calls;
                                overdue += (*plan).orphans;
                                const std::lock_guard lock{mutex_};
                                keeping_.overdue = overdue;
                            });
}

} // namespace sotto::app
