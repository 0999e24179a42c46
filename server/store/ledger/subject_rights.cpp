#include "store/ledger/subject_rights.hpp"

#include "store/ledger/invoices.hpp"

#include <algorithm>

namespace sotto::store {

SubjectRights::SubjectRights(const Database& database, Vault& vault, Holds& holds, Recorder& recorder)
    : vault_{vault}, holds_{holds}, recorder_{recorder}, reading_{database.open<Purpose::access>()},
      changing_{database.open<Purpose::retention>()}
{
    for (const auto account : vault_.keys().renewing()) renew(account, vault_.keys().believed());
}

HeldCalls SubjectRights::held(AccountId account, const retention::Policy& policy, retention::Time now)
{
    return held(account, policy, now, may_be_told);
}

HeldCalls SubjectRights::held(AccountId account, const retention::Policy& policy, retention::Time now,
                              bool (*tell)(HoldKind))
{
    HeldCalls held{.account = account};
    std::vector<retention::Hold> all, told;
    for (const auto& hold : holds_.list()) {
        all.push_back(hold.scope());
        if (tell(hold.kind)) told.push_back(hold.scope());
    }
    auto rows = reading_.prepare("SELECT subject, id, record FROM call WHERE period = ?1 AND subject = ?2");
    auto open = reading_.prepare("SELECT dialog, record FROM open_call WHERE period = ?1 AND subject = ?2");
    for (const auto& period : vault_.keys().periods()) {
        const auto pseudonym = vault_.pseudonym(period.id, account);
        open.bind_all(as_number(period.id), crypto::Bytes{pseudonym});
        std::vector<CallRecord> running;
        while (open.step()) {
            held.running = true;
            if (const auto plain = vault_.open_at(open.bytes(0), period.id, account, open.bytes(1)))
                running.push_back(CallRecord::unpacked(*plain));
        }
        open.reset();
        rows.bind_all(as_number(period.id), crypto::Bytes{pseudonym});
        std::vector<BilledCall> calls;
        while (rows.step())
            if (auto call = opened_call(rows, period.id, vault_)) calls.push_back(std::move(*call));
        rows.reset();
        if (calls.empty() && running.empty()) continue;
        const retention::Row row{.period = period.id,
                                 .account = account,
                                 .kind = period.kind,
                                 .month = period.month,
                                 .invoiced = period.invoiced,
                                 .calls = calls.size()};
        const auto decision = retention::plan(policy, told, {&row, 1}, now).front();
        if (decision.goes && !retention::plan(policy, all, {&row, 1}, now).front().goes) continue;
        held.periods.push_back({.month = period.month,
                                .kind = period.kind,
                                .invoiced = period.invoiced,
                                .reason = decision.reason,
                                .until = decision.until,
                                .held = decision.held.has_value(),
                                .running = std::move(running),
                                .calls = std::move(calls)});
    }
    return held;
}

HeldCalls SubjectRights::erase(AccountId account, const retention::Policy& policy, retention::Time now)
{
    renew(account, now);
    auto stays = held(account, policy, now, [](HoldKind) { return true; });
    if (stays.periods.empty() && !stays.running) vault_.destroy(account);
    return stays;
}

void SubjectRights::renew(AccountId account, retention::Time now)
{
    const auto holds = holds_.list();
    const auto stays = [&](const KeyStore::Period& period) {
        const retention::Row row{.account = account, .month = period.month};
        const bool held = std::ranges::any_of(holds, [&](const auto& hold) { return hold.scope().covers(row, now); });
        return held || is_duty(retention::rule_of(period.kind));
    };
    vault_.renew(account);
    for (const auto& period : vault_.keys().periods()) renew(account, period, stays(period));
    recorder_.renew(account, [&](PeriodId id) {
        const auto* period = vault_.keys().period(id);
        return period != nullptr && stays(*period);
    });
    vault_.renewed();
    changing_.truncate_log();
}

void SubjectRights::renew(AccountId account, const KeyStore::Period& period, bool stays)
{
    const auto pseudonym = vault_.pseudonym(period.id, account);
    Transaction transaction{changing_};
    if (stays) {
        auto rows = changing_.prepare("SELECT id, record FROM call WHERE period = ?1 AND subject = ?2");
        auto change = changing_.prepare("UPDATE call SET record = ?4 WHERE period = ?1 AND subject = ?2 AND id = ?3");
        std::vector<std::pair<RowId, Sealed>> sealed;
        rows.bind_all(as_number(period.id), crypto::Bytes{pseudonym});
        while (rows.step()) {
            const auto id = row_id_of(rows.bytes(0));
            if (const auto plain = vault_.open(period.id, account, id, rows.bytes(1)))
                sealed.emplace_back(id, vault_.seal(period.id, account, id, *plain));
        }
        rows.reset();
        for (const auto& [id, record] : sealed) {
            change.bind_all(as_number(period.id), crypto::Bytes{pseudonym}, crypto::Bytes{id}, crypto::Bytes{record});
            change.run();
        }
    } else {
        auto remove = changing_.prepare("DELETE FROM call WHERE period = ?1 AND subject = ?2");
        remove.bind_all(as_number(period.id), crypto::Bytes{pseudonym});
        remove.run();
    }
    transaction.commit();
}

} // namespace sotto::store
