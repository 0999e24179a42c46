#include "store/ledger/retention_run.hpp"

#include "store/ledger/reseal.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sotto::store {
namespace {

/// The month that collects the calls that begin at that time.
std::chrono::year_month month_of(retention::Time now)
{
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    return today.year() / today.month();
}

} // namespace

RetentionRun::RetentionRun(const Database& database, Vault& vault, Holds& holds, Invoices& invoices)
    : vault_{vault}, holds_{holds}, invoices_{invoices},
      connection_{database.open<Purpose::retention>()}, groups_{connection_}
{
}

RetentionPlan RetentionRun::plan(const retention::Policy& policy, retention::Time now, const Step& each_step)
{
    auto plan = by_the_rules(
        policy, now, each_step ? each_step : [](std::string_view) {});
    for (auto& decision : plan.decisions) {
        const auto* period = vault_.keys().period(plan.rows[decision.row].period);
        if (period != nullptr && invoices_.would_wait(*period, decision.until, now)) decision.goes = false;
    }
    return plan;
}

RetentionPlan RetentionRun::by_the_rules(const retention::Policy& policy, retention::Time now, const Step& step)
{
    RetentionPlan plan{.now = now};
    for (const auto& group : groups_.ended(step)) {
        const auto* period = vault_.keys().period(group.period);
        const auto account = vault_.account_of(group.period, group.subject);
        if (period == nullptr || !account) {
            plan.orphans += group.calls;
            continue;
        }
        plan.rows.push_back({.period = group.period,
                             .account = *account,
                             .kind = period->kind,
                             .month = period->month,
                             .invoiced = period->invoiced,
                             .calls = group.calls});
    }
    std::vector<retention::Hold> holds;
    for (const auto& hold : holds_.list()) {
        holds.push_back(hold.scope());
        if (hold.expires <= now) plan.holds_over.push_back(hold.id);
    }
    plan.decisions = retention::plan(policy, holds, plan.rows, now);
    plan.next = retention::next_end(holds, plan.decisions, now);
    return plan;
}

RetentionReport RetentionRun::run(const retention::Policy& policy, retention::Time now, const Step& each_step)
{
    const auto step = each_step ? each_step : [](std::string_view) {};
    const auto plan = by_the_rules(policy, now, step);
    RetentionReport report;
    report.next = plan.next;
    for (const auto id : plan.holds_over) {
        if (holds_.release(id)) ++report.holds;
        step("hold");
    }
    report.holds += holds_.forget_keyless();
    struct Fate {
        bool goes{false};
        std::vector<AccountId> held;
    };
    std::map<PeriodId, Fate> fates;
    for (const auto& decision : plan.decisions) {
        const auto& row = plan.rows[decision.row];
        auto& fate = fates[row.period];
        if (decision.goes) fate.goes = true;
        if (decision.held && decision.due <= now) {
            fate.held.push_back(row.account);
            report.held += row.calls;
        }
    }
    for (const auto& [id, fate] : fates) {
        const auto* known = vault_.keys().period(id);
        // A call of an invoiced period that still runs leaves it by itself (Recorder::leave_closed).
        if (!fate.goes || known == nullptr || groups_.any_running_in(id) || invoices_.waits_for_reader(*known, now))
            continue;
        const auto period = *known;
        // What a hold keeps is sealed anew first, so that the key of all others can be destroyed.
        if (!fate.held.empty()) carry_over(period, fate.held, step);
        vault_.destroy(id);
        ++report.periods;
        step("key");
        report.calls += remove_rows(id, step);
    }
    report.periods += forget_empty_periods(now, step);
    report.orphans = remove_orphans(step);
    report.subjects = forget_idle_subjects(step);
    forget_runs(policy, now);
    connection_.truncate_log();
    vault_.keys().believe(now);
    step("log");
    return report;
}

void RetentionRun::carry_over(const KeyStore::Period& period, const std::vector<AccountId>& held, const Step& step)
{
    const auto next = vault_.keys().open_held(period);
    for (const auto account : held) {
        while (reseal_some(connection_, vault_, period.id, next, account) == slice) step("carried");
        step("carried");
    }
}

std::size_t RetentionRun::remove_rows(PeriodId period, const Step& step)
{
    std::size_t removed = 0;
    auto last = connection_.prepare("SELECT subject, id FROM call WHERE period = ?1 "
                                    "ORDER BY subject, id LIMIT 1 OFFSET ?2");
    auto some = connection_.prepare("DELETE FROM call WHERE period = ?1 AND (subject, id) <= (?2, ?3)");
    auto rest = connection_.prepare("DELETE FROM call WHERE period = ?1");
    for (bool more = true; more;) {
        last.bind_all(as_number(period), static_cast<std::int64_t>(slice - 1));
        more = last.step();
        if (more) {
            const std::vector<std::uint8_t> subject{last.bytes(0).begin(), last.bytes(0).end()};
            const auto id = row_id_of(last.bytes(1));
            last.reset();
            some.bind_all(as_number(period), crypto::Bytes{subject}, crypto::Bytes{id});
            some.run();
        } else {
            last.reset();
            rest.bind_all(as_number(period));
            rest.run();
        }
        removed += static_cast<std::size_t>(connection_.changes());
        step("rows");
    }
    return removed;
}

/// Periods that have ended without a call, or lost their last one to an erasure.
std::size_t RetentionRun::forget_empty_periods(retention::Time now, const Step& step)
{
    std::size_t forgotten = 0;
    for (const auto& period : vault_.keys().periods()) {
        const bool collects = !period.held && period.month >= month_of(now);
        if (collects || groups_.any_in(period.id)) continue;
        vault_.destroy(period.id);
        ++forgotten;
        step("empty key");
    }
    return forgotten;
}

/// Rows whose key is gone: a run that was cut short, or a database that was restored from a backup.
std::size_t RetentionRun::remove_orphans(const Step& step)
{
    std::size_t removed = 0;
    const auto remove_from = [&](std::string_view sql, const std::vector<CallGroup>& all) {
        auto remove = connection_.prepare(sql);
        for (const auto& group : all) {
            if (vault_.account_of(group.period, group.subject)) continue;
            remove.bind_all(as_number(group.period), crypto::Bytes{group.subject});
            remove.run();
            removed += static_cast<std::size_t>(connection_.changes());
            step("orphans");
        }
    };
    remove_from("DELETE FROM call WHERE period = ?1 AND subject = ?2", groups_.ended(step));
    remove_from("DELETE FROM open_call WHERE period = ?1 AND subject = ?2", groups_.running());
    return removed;
}

/// The key of an account that has no call any more opens nothing: it goes too.
std::size_t RetentionRun::forget_idle_subjects(const Step& step)
{
    std::set<AccountId> used;
    for (const auto& group : groups_.ended(step))
        if (const auto account = vault_.account_of(group.period, group.subject)) used.insert(*account);
    std::size_t forgotten = 0;
    for (const auto account : vault_.keys().subjects()) {
        if (used.contains(account) || has_call(account)) continue; // one may have been answered since
        vault_.destroy(account);
        ++forgotten;
        step("subject");
    }
    return forgotten;
}

/// No call can wait for another invoice run of such a month.
void RetentionRun::forget_runs(const retention::Policy& policy, retention::Time now)
{
    const auto periods = vault_.keys().periods();
    for (const auto month : vault_.keys().months_with_runs()) {
        const auto end = retention::Day{(month + std::chrono::months{1}) / 1} + policy.without_invoice;
        if (end <= now && std::ranges::none_of(periods, [=](const auto& period) { return period.month == month; }))
            vault_.keys().forget_runs(month);
    }
}

bool RetentionRun::has_call(AccountId account)
{
    const auto periods = vault_.keys().periods();
    return std::ranges::any_of(
        periods, [&](const auto& period) { return groups_.any_of(period.id, vault_.pseudonym(period.id, account)); });
}

} // namespace sotto::store
