#include "store/ledger/subject_rights.hpp"

#include "store/ledger/invoices.hpp"

namespace sotto::store {

SubjectRights::SubjectRights(const Database& database, Vault& vault, Holds& holds, Erasures& erasures)
    : vault_{vault}, holds_{holds}, erasures_{erasures}, connection_{database.open<Purpose::access>()}
{
}

HeldCalls SubjectRights::held(AccountId account, const retention::Policy& policy, retention::Time now)
{
    HeldCalls held{.account = account};
    std::vector<retention::Hold> scopes;
    for (const auto& hold : holds_.list()) scopes.push_back(hold.scope());
    auto rows = connection_.prepare("SELECT subject, id, record FROM call WHERE period = ?1 AND subject = ?2");
    auto running = connection_.prepare("SELECT 1 FROM open_call WHERE period = ?1 AND subject = ?2");
    for (const auto& period : vault_.keys().periods()) {
        const auto pseudonym = vault_.pseudonym(period.id, account);
        const auto number = static_cast<std::int64_t>(period.id.value);
        running.bind_all(number, crypto::Bytes{pseudonym});
        held.running = running.step() || held.running;
        running.reset();
        rows.bind_all(number, crypto::Bytes{pseudonym});
        auto calls = opened_calls(rows, period.id, vault_);
        if (calls.empty()) continue;
        const retention::Row row{.period = period.id,
                                 .account = account,
                                 .kind = period.kind,
                                 .month = period.month,
                                 .invoiced = period.invoiced,
                                 .calls = calls.size()};
        const auto decision = retention::plan(policy, scopes, {&row, 1}, now).front();
        held.periods.push_back({.month = period.month,
                                .kind = period.kind,
                                .invoiced = period.invoiced,
                                .reason = decision.reason,
                                .until = decision.until,
                                .held = decision.held.has_value(),
                                .calls = std::move(calls)});
    }
    return held;
}

HeldCalls SubjectRights::erase(AccountId account, const retention::Policy& policy, retention::Time now)
{
    erasures_.add(account);
    auto stays = held(account, policy, now);
    if (stays.periods.empty() && !stays.running) vault_.destroy(account);
    return stays;
}

} // namespace sotto::store
