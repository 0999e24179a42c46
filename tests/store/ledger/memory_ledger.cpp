#include "store/ledger/memory_ledger.hpp"

#include <algorithm>

namespace sotto::test {
namespace {

using namespace std::chrono_literals;
using store::HoldCase;
using store::HoldFailure;
using store::HoldOutcome;

constexpr auto sign_of_life = 30s;
constexpr auto recovery = 600s;
constexpr auto longest_call = 12h;
constexpr retention::days longest_hold{366};

retention::Row row_of(const LedgerMemory::Ended& call)
{
    return {.period = {1},
            .account = call.call.account,
            .kind = call.kind,
            .month = call.month,
            .invoiced = call.invoiced,
            .calls = 1};
}

} // namespace

MemoryLedger::MemoryLedger(LedgerClock& clock, LedgerMemory& memory)
    : clock_{clock}, memory_{memory}, next_life_{clock.now() + sign_of_life}
{
    while (!memory_.open.empty()) {
        const auto& [dialog, open] = *memory_.open.begin();
        end(dialog, open.alive);
    }
}

void MemoryLedger::end(KeyedHash dialog, TimePoint at)
{
    const auto found = memory_.open.find(dialog);
    const auto& [call, began, alive, start] = found->second;
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(start)};
    const auto lasted = std::chrono::floor<std::chrono::seconds>(std::min<milliseconds>(at - began, longest_call));
    memory_.ended.push_back({.month = day.year() / day.month(),
                             .kind = call.tariff.kind,
                             .call = {.id = ++memory_.last_id,
                                      .account = call.account,
                                      .record = {.start = billing::rated_start(start, call.tariff.start_rounding),
                                                 .seconds = static_cast<std::uint32_t>(lasted.count()),
                                                 .destination = call.destination,
                                                 .tariff = call.tariff.name,
                                                 .route = call.tariff.route}}});
    memory_.open.erase(found);
}

void MemoryLedger::end_what_is_silent()
{
    const auto now = clock_.now();
    if (now < next_life_) return;
    next_life_ = now + sign_of_life;
    std::vector<std::pair<KeyedHash, TimePoint>> over;
    for (const auto& [dialog, open] : memory_.open) {
        if (now - open.began >= longest_call)
            over.emplace_back(dialog, now);
        else if (now - open.alive >= recovery)
            over.emplace_back(dialog, open.alive);
    }
    for (const auto& [dialog, at] : over) end(dialog, at);
}

void MemoryLedger::answered(billing::AnsweredCall call, std::function<void(bool)> recorded)
{
    const auto dialog = call.dialog;
    memory_.open[dialog] = {std::move(call), clock_.now(), clock_.now(), clock_.calendar()};
    end_what_is_silent();
    recorded(true);
}

void MemoryLedger::alive(KeyedHash dialog)
{
    if (const auto open = memory_.open.find(dialog); open != memory_.open.end()) open->second.alive = clock_.now();
}

void MemoryLedger::ended(KeyedHash dialog, milliseconds ago)
{
    if (const auto open = memory_.open.find(dialog); open != memory_.open.end())
        end(dialog, std::max(open->second.began, clock_.now() - ago));
    end_what_is_silent();
}

std::vector<store::Ledger::Running> MemoryLedger::running() const
{
    std::vector<Running> all;
    for (const auto& [dialog, open] : memory_.open) all.push_back({dialog, open.call.caller, open.call.callee});
    return all;
}

void MemoryLedger::invoice(std::chrono::year_month month, retention::Day day, Done<store::InvoiceRun> done)
{
    store::InvoiceRun run{.month = month, .day = day};
    for (auto& call : memory_.ended) {
        if (call.month != month || call.run != 0) continue;
        run.run = call.run = memory_.last_run[month] + 1;
        call.invoiced = day;
        run.calls.push_back(call.call);
    }
    if (run.run != 0) memory_.last_run[month] = run.run;
    done(run);
}

void MemoryLedger::invoice_again(std::chrono::year_month month, std::uint32_t number, std::string,
                                 Done<store::InvoiceRun> done)
{
    store::InvoiceRun run{.month = month};
    for (const auto& call : memory_.ended) {
        if (call.month != month || call.run != number) continue;
        run.run = number;
        run.day = *call.invoiced;
        run.calls.push_back(call.call);
    }
    done(run);
}

std::vector<retention::Hold> MemoryLedger::scopes(bool (*tell)(store::HoldKind)) const
{
    std::vector<retention::Hold> all;
    for (const auto& hold : memory_.holds)
        if (tell == nullptr || tell(hold.kind)) all.push_back(hold.scope());
    return all;
}

store::RetentionPlan MemoryLedger::plan(const retention::Policy& policy, retention::Time now) const
{
    store::RetentionPlan plan{.now = now};
    for (const auto& call : memory_.ended) plan.rows.push_back(row_of(call));
    for (const auto& hold : memory_.holds)
        if (hold.expires <= now) plan.holds_over.push_back(hold.id);
    plan.decisions = retention::plan(policy, scopes(), plan.rows, now);
    plan.next = retention::next_end(scopes(), plan.decisions, now);
    return plan;
}

void MemoryLedger::plan_retention(retention::Policy policy, retention::Time now, Done<store::RetentionPlan> done)
{
    done(plan(policy, now));
}

void MemoryLedger::run_retention(retention::Policy policy, retention::Time now, Done<store::RetentionReport> done)
{
    const auto decided = plan(policy, now);
    store::RetentionReport report;
    report.next = decided.next;
    for (auto decision = decided.decisions.rbegin(); decision != decided.decisions.rend(); ++decision) {
        if (decision->held && decision->due <= now) ++report.held;
        if (!decision->goes) continue;
        memory_.ended.erase(memory_.ended.begin() + static_cast<std::ptrdiff_t>(decision->row));
        ++report.calls;
    }
    report.holds = std::erase_if(memory_.holds, [&](const HoldCase& hold) { return hold.expires <= now; });
    memory_.believed = now;
    done(report);
}

void MemoryLedger::ask_hold(HoldCase hold, retention::Time now, Done<HoldOutcome<HoldCase>> done)
{
    if (hold.reference.empty() || hold.basis.empty() || hold.expires == retention::Time{} || hold.first > hold.last)
        return done(HoldOutcome<HoldCase>{HoldFailure::incomplete});
    if (hold.expires <= now || hold.expires > now + longest_hold)
        return done(HoldOutcome<HoldCase>{HoldFailure::expired});
    hold.id = {++memory_.last_id};
    hold.consented_by.clear();
    memory_.holds.push_back(hold);
    done(HoldOutcome<HoldCase>{hold});
}

void MemoryLedger::consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                                   Done<HoldOutcome<HoldCase>> done)
{
    const auto hold = std::ranges::find(memory_.holds, id, &HoldCase::id);
    if (hold == memory_.holds.end()) return done(HoldOutcome<HoldCase>{HoldFailure::no_such_hold});
    if (hold->expires <= now) return done(HoldOutcome<HoldCase>{HoldFailure::expired});
    if (!hold->consented_by.empty()) return done(HoldOutcome<HoldCase>{HoldFailure::consented});
    if (hold->asked_by == operator_name) return done(HoldOutcome<HoldCase>{HoldFailure::same_operator});
    hold->consented_by = std::move(operator_name);
    done(HoldOutcome<HoldCase>{*hold});
}

void MemoryLedger::release_hold(retention::HoldId id, Done<HoldOutcome<HoldCase>> done)
{
    const auto hold = std::ranges::find(memory_.holds, id, &HoldCase::id);
    if (hold == memory_.holds.end()) return done(HoldOutcome<HoldCase>{HoldFailure::no_such_hold});
    const auto released = *hold;
    memory_.holds.erase(hold);
    done(HoldOutcome<HoldCase>{released});
}

void MemoryLedger::list_holds(Done<std::vector<HoldCase>> done) { done(memory_.holds); }

store::HeldCalls MemoryLedger::held(AccountId account, const retention::Policy& policy, retention::Time now,
                                    bool (*tell)(store::HoldKind)) const
{
    store::HeldCalls held{.account = account};
    const auto add = [&](const LedgerMemory::Ended& call, bool running) {
        const auto row = row_of(call);
        const auto decision = retention::plan(policy, scopes(tell), {&row, 1}, now).front();
        if (decision.goes && !retention::plan(policy, scopes(), {&row, 1}, now).front().goes) return;
        held.periods.push_back({.month = call.month,
                                .kind = call.kind,
                                .invoiced = call.invoiced,
                                .reason = decision.reason,
                                .until = decision.until,
                                .held = decision.held.has_value(),
                                .running = running ? 1U : 0U});
        if (!running) held.periods.back().calls = {call.call};
    };
    for (const auto& [dialog, open] : memory_.open) {
        if (open.call.account != account) continue;
        held.running = true;
        const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(open.start)};
        add({.month = day.year() / day.month(), .kind = open.call.tariff.kind, .call = {.account = account}}, true);
    }
    for (const auto& call : memory_.ended)
        if (call.call.account == account) add(call, false);
    return held;
}

void MemoryLedger::held_of(AccountId account, retention::Policy policy, retention::Time now,
                           Done<store::HeldCalls> done)
{
    done(held(account, policy, now, store::may_be_told));
}

void MemoryLedger::erase(AccountId account, retention::Policy policy, retention::Time now, Done<store::HeldCalls> done)
{
    std::erase_if(memory_.ended, [&](const LedgerMemory::Ended& call) {
        const auto row = row_of(call);
        const auto holds = scopes();
        const bool kept = std::ranges::any_of(holds, [&](const auto& hold) { return hold.covers(row, now); });
        return call.call.account == account && !kept && !is_duty(retention::rule_of(call.kind));
    });
    done(held(account, policy, now, nullptr));
}

void MemoryLedger::back_up(std::filesystem::path, Done<Nothing> done) { done(store::Failure::unavailable); }

} // namespace sotto::test
