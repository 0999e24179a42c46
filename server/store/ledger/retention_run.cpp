#include "store/ledger/retention_run.hpp"

#include "store/ledger/call_record.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace sotto::store {
namespace {

std::int64_t as_number(PeriodId id) { return static_cast<std::int64_t>(id.value); }
PeriodId period_in(Statement& rows, int column) { return {static_cast<std::uint64_t>(rows.number(column))}; }

/// The month that collects the calls that begin at that time.
std::chrono::year_month month_of(retention::Time now)
{
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    return today.year() / today.month();
}

} // namespace

RetentionRun::RetentionRun(const Database& database, Vault& vault, Holds& holds)
    : vault_{vault}, holds_{holds}, connection_{database.open<Purpose::retention>()}
{
}

RetentionPlan RetentionRun::plan(const retention::Policy& policy, retention::Time now)
{
    RetentionPlan plan{.now = now};
    auto rows = connection_.prepare("SELECT period, subject, count(*) FROM call GROUP BY period, subject");
    while (rows.step()) {
        const auto id = period_in(rows, 0);
        const auto* period = vault_.keys().period(id);
        const auto account = vault_.account_of(id, rows.bytes(1));
        const auto calls = static_cast<std::size_t>(rows.number(2));
        if (period == nullptr || !account) {
            plan.orphans += calls;
            continue;
        }
        plan.rows.push_back({.period = id,
                             .account = *account,
                             .kind = period->kind,
                             .month = period->month,
                             .invoiced = period->invoiced,
                             .calls = calls});
    }
    std::vector<retention::Hold> holds;
    for (const auto& hold : holds_.list()) {
        holds.push_back(hold.scope());
        if (hold.expires <= now) plan.holds_over.push_back(hold.id);
    }
    plan.decisions = retention::plan(policy, holds, plan.rows, now);
    return plan;
}

RetentionReport RetentionRun::run(const retention::Policy& policy, retention::Time now, const Step& step)
{
    const auto done = [&](std::string_view what) {
        if (step) step(what);
    };
    RetentionReport report;
    const auto plan = this->plan(policy, now);
    for (const auto id : plan.holds_over) {
        if (holds_.release(id)) ++report.holds;
        done("hold");
    }
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
        if (!fate.goes) continue;
        const auto period = *vault_.keys().period(id);
        // What a hold keeps is sealed anew first, so that the key of all others can be destroyed.
        if (!fate.held.empty()) carry_over(period, fate.held);
        done("carried");
        vault_.destroy(id);
        ++report.periods;
        done("key");
        report.calls += remove_rows(id);
        done("rows");
    }
    // Periods that have ended without a call, or lost their last one to an erasure.
    const auto used = used_periods();
    for (const auto& period : vault_.keys().periods()) {
        const bool collects = !period.held && period.month >= month_of(now);
        if (used.contains(period.id) || collects) continue;
        vault_.destroy(period.id);
        ++report.periods;
        done("empty key");
    }
    report.orphans = remove_orphans();
    report.subjects = forget_idle_subjects();
    done("subjects");
    connection_.truncate_log();
    vault_.keys().believe(now);
    done("log");
    return report;
}

std::size_t RetentionRun::carry_over(const KeyStore::Period& period, const std::vector<AccountId>& held)
{
    std::size_t carried = 0;
    const auto next = vault_.keys().open_held(period);
    Transaction transaction{connection_};
    auto rows = connection_.prepare("SELECT id, record FROM call WHERE period = ?1 AND subject = ?2");
    auto add = connection_.prepare("INSERT INTO call (period, subject, id, record) VALUES (?1, ?2, ?3, ?4)");
    auto remove = connection_.prepare("DELETE FROM call WHERE period = ?1 AND subject = ?2");
    for (const auto account : held) {
        const auto before = vault_.pseudonym(period.id, account);
        const auto after = vault_.pseudonym(next, account);
        rows.bind_all(as_number(period.id), crypto::Bytes{before});
        while (rows.step()) {
            const auto plain = vault_.open(period.id, account, rows.bytes(0), rows.bytes(1));
            if (!plain) continue;
            const auto sealed = vault_.seal(next, account, rows.bytes(0), *plain);
            add.bind_all(as_number(next), crypto::Bytes{after}, rows.bytes(0), crypto::Bytes{sealed});
            add.run();
            ++carried;
        }
        rows.reset();
        remove.bind_all(as_number(period.id), crypto::Bytes{before});
        remove.run();
    }
    transaction.commit();
    return carried;
}

std::size_t RetentionRun::remove_rows(PeriodId period)
{
    auto remove = connection_.prepare("DELETE FROM call WHERE period = ?1");
    remove.bind_all(as_number(period));
    remove.run();
    return static_cast<std::size_t>(connection_.changes());
}

std::set<PeriodId> RetentionRun::used_periods()
{
    std::set<PeriodId> used;
    for (const auto* select : {"SELECT DISTINCT period FROM call", "SELECT DISTINCT period FROM open_call"}) {
        auto rows = connection_.prepare(select);
        while (rows.step()) used.insert(period_in(rows, 0));
    }
    return used;
}

/// Rows whose key is gone: a run that was cut short, or a database that was restored from a backup.
std::size_t RetentionRun::remove_orphans()
{
    struct Orphan {
        PeriodId period;
        std::vector<std::uint8_t> subject;
    };
    std::size_t removed = 0;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 2> statements{
        {{"SELECT DISTINCT period, subject FROM call", "DELETE FROM call WHERE period = ?1 AND subject = ?2"},
         {"SELECT DISTINCT period, subject FROM open_call",
          "DELETE FROM open_call WHERE period = ?1 AND subject = ?2"}}};
    for (const auto& [select, sql] : statements) {
        std::vector<Orphan> orphans;
        auto rows = connection_.prepare(select);
        while (rows.step()) {
            const auto subject = rows.bytes(1);
            const auto period = period_in(rows, 0);
            if (!vault_.account_of(period, subject)) orphans.push_back({period, {subject.begin(), subject.end()}});
        }
        rows.reset();
        auto remove = connection_.prepare(sql);
        for (const auto& orphan : orphans) {
            remove.bind_all(as_number(orphan.period), crypto::Bytes{orphan.subject});
            remove.run();
            removed += static_cast<std::size_t>(connection_.changes());
        }
    }
    return removed;
}

/// The key of an account that has no call any more opens nothing: it goes too.
std::size_t RetentionRun::forget_idle_subjects()
{
    std::set<AccountId> used;
    for (const auto* select :
         {"SELECT DISTINCT period, subject FROM call", "SELECT DISTINCT period, subject FROM open_call"}) {
        auto rows = connection_.prepare(select);
        while (rows.step())
            if (const auto account = vault_.account_of(period_in(rows, 0), rows.bytes(1))) used.insert(*account);
    }
    std::size_t forgotten = 0;
    for (const auto account : vault_.keys().subjects()) {
        if (used.contains(account)) continue;
        vault_.destroy(account);
        ++forgotten;
    }
    return forgotten;
}

} // namespace sotto::store
