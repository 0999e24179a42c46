#include "store/ledger/memory_ledger.hpp"

#include "store/ledger/master_key.hpp"
#include "store/state_directory.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

namespace sotto::test {
namespace {

using namespace std::chrono_literals;
using store::Failure;
using store::HoldCase;
using store::HoldFailure;
using store::HoldOutcome;

constexpr auto sign_of_life = 30s;
constexpr auto recovery = 600s;
constexpr auto longest_call = 12h;
constexpr auto patience = 1h;
constexpr retention::days longest_hold{366};

std::chrono::year_month month_of(retention::Time time)
{
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
    return day.year() / day.month();
}

std::string content(const std::filesystem::path& file)
{
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Where a call stands in a run; as text, where the page after it begins.
using Place = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>; // period, account, call

Place place_from(const std::string& text)
{
    std::istringstream words{text};
    Place place;
    words >> std::get<0>(place) >> std::get<1>(place) >> std::get<2>(place);
    return place;
}
std::string to_text(const Place& place)
{
    const auto& [period, account, call] = place;
    return std::to_string(period) + " " + std::to_string(account) + " " + std::to_string(call);
}

store::CallRecord record_of(const billing::AnsweredCall& call, retention::Time start, std::uint32_t lasted)
{
    return {.start = billing::rated_start(start, call.tariff.start_rounding),
            .seconds = lasted,
            .destination = call.destination,
            .tariff = call.tariff.name,
            .route = call.tariff.route};
}

} // namespace

MemoryLedger::MemoryLedger(LedgerClock& clock, LedgerMemory& memory, const std::filesystem::path& master)
    : clock_{clock}, memory_{memory}, next_life_{clock.now() + sign_of_life}
{
    if (memory_.master.empty()) memory_.master = content(master);
    if (memory_.master != content(master))
        throw store::StoreError{store::StoreError::Kind::unavailable, "another master key"};
    forget_what_does_not_open();
    while (!records().open.empty()) {
        const auto& [dialog, open] = *records().open.begin();
        end(dialog, open.alive);
    }
    for (const auto& [id, period] : memory_.periods) // who has read it is not known
        if (period.invoiced && retention::rule_of(period.kind).from == retention::From::statement)
            reading_[{period.month, period.run}].open = true;
}

void MemoryLedger::forget_what_does_not_open()
{
    const auto opens = [&](const LedgerMemory::Seal& seal, AccountId account) {
        return memory_.periods.contains(seal.period) && memory_.subjects[account] == seal.subject;
    };
    std::erase_if(records().ended, [&](const Ended& call) { return !opens(call.seal, call.call.account); });
    std::erase_if(records().open, [&](const auto& one) { return !opens(one.second.seal, one.second.call.account); });
}

std::uint64_t MemoryLedger::collecting(std::chrono::year_month month, retention::Case kind)
{
    for (const auto& [id, period] : memory_.periods)
        if (period.month == month && period.kind == kind && !period.invoiced) return id;
    memory_.periods[++memory_.last_id] = {.month = month, .kind = kind};
    return memory_.last_id;
}

/// Another key for what stays of a period.
std::uint64_t MemoryLedger::in_place_of(std::uint64_t period)
{
    memory_.periods[++memory_.last_id] = memory_.periods.at(period);
    return memory_.last_id;
}

void MemoryLedger::end(KeyedHash dialog, TimePoint at)
{
    const auto found = records().open.find(dialog);
    const auto& [seal, call, began, alive, start] = found->second;
    const auto lasted = std::chrono::floor<std::chrono::seconds>(std::min<milliseconds>(at - began, longest_call));
    // Its period may have been invoiced meanwhile: then it goes into the next one.
    records().ended.push_back({.seal = {collecting(month_of(start), call.tariff.kind), seal.subject},
                               .call = {.id = ++memory_.last_id,
                                        .account = call.account,
                                        .record = record_of(call, start, static_cast<std::uint32_t>(lasted.count()))}});
    records().open.erase(found);
}

void MemoryLedger::end_what_is_silent()
{
    const auto now = clock_.now();
    if (now < next_life_) return;
    next_life_ = now + sign_of_life;
    std::vector<std::pair<KeyedHash, TimePoint>> over;
    for (const auto& [dialog, open] : records().open) {
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
    const auto start = clock_.calendar();
    const LedgerMemory::Seal seal{collecting(month_of(start), call.tariff.kind), memory_.subjects[call.account]};
    records().open[dialog] = {seal, std::move(call), clock_.now(), clock_.now(), start};
    end_what_is_silent();
    recorded(true);
}

void MemoryLedger::alive(KeyedHash dialog)
{
    if (const auto open = records().open.find(dialog); open != records().open.end()) open->second.alive = clock_.now();
}

void MemoryLedger::ended(KeyedHash dialog, milliseconds ago)
{
    if (const auto open = records().open.find(dialog); open != records().open.end())
        end(dialog, std::max(open->second.began, clock_.now() - ago));
    end_what_is_silent();
}

std::vector<store::Ledger::Running> MemoryLedger::running() const
{
    std::vector<Running> all;
    for (const auto& [dialog, open] : records().open) all.push_back({dialog, open.call.caller, open.call.callee});
    return all;
}

void MemoryLedger::invoice(std::chrono::year_month month, retention::Day day, Done<store::InvoiceRun> done)
{
    std::set<std::uint64_t> collected;
    for (const auto& call : records().ended) {
        const auto& period = memory_.periods.at(call.seal.period);
        if (period.month == month && !period.invoiced) collected.insert(call.seal.period);
    }
    if (collected.empty()) return done(store::InvoiceRun{.month = month, .day = day});
    const auto number = ++memory_.last_run[month];
    for (const auto id : collected) {
        memory_.periods[id].run = number;
        memory_.periods[id].invoiced = day;
    }
    done(page(month, number, {}));
}

void MemoryLedger::invoice_again(std::chrono::year_month month, std::uint32_t number, std::string from,
                                 Done<store::InvoiceRun> done)
{
    done(page(month, number, from));
}

store::InvoiceRun MemoryLedger::page(std::chrono::year_month month, std::uint32_t number, const std::string& from)
{
    store::InvoiceRun run{.month = month};
    const auto begin = place_from(from);
    run.lost = !from.empty();
    std::map<Place, const store::BilledCall*> calls;
    for (const auto& [id, period] : memory_.periods) {
        if (period.month != month || period.run != number || !period.invoiced) continue;
        run.run = number;
        run.day = *period.invoiced;
        if (id == std::get<0>(begin)) run.lost = false;
    }
    if (run.run == 0 || run.lost) return run;
    for (const auto& [seal, call] : records().ended) {
        const auto& period = memory_.periods.at(seal.period);
        const Place place{seal.period, call.account.value, call.id};
        if (period.month == month && period.run == number && place > begin) calls.emplace(place, &call);
    }
    for (const auto& [place, call] : calls) {
        run.calls.push_back(*call);
        if (run.calls.size() < store::InvoiceRun::page) continue;
        run.next = to_text(place);
        break;
    }
    reading_[{month, number}].open = !run.next.empty();
    return run;
}

bool MemoryLedger::waits_for_reader(const Period& period, retention::Time now)
{
    const auto reading = reading_.find({period.month, period.run});
    if (reading == reading_.end() || !reading->second.open) return false;
    auto& since = reading->second.waited_since;
    if (!since) since = now;
    return now - *since < patience;
}

retention::Row MemoryLedger::row_of(const Ended& call) const
{
    const auto& period = memory_.periods.at(call.seal.period);
    return {.period = {call.seal.period},
            .account = call.call.account,
            .kind = period.kind,
            .month = period.month,
            .invoiced = period.invoiced,
            .calls = 1};
}

std::vector<retention::Hold> MemoryLedger::scopes(bool (*tell)(store::HoldKind)) const
{
    std::vector<retention::Hold> all;
    for (const auto& hold : records().holds)
        if (tell == nullptr || tell(hold.kind)) all.push_back(hold.scope());
    return all;
}

store::RetentionPlan MemoryLedger::plan(const retention::Policy& policy, retention::Time now) const
{
    store::RetentionPlan plan{.now = now};
    for (const auto& call : records().ended) plan.rows.push_back(row_of(call));
    for (const auto& hold : records().holds)
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
    std::map<std::uint64_t, std::uint64_t> over; // period, and what takes the place of its key for what stays
    for (const auto& decision : decided.decisions) {
        const auto id = decided.rows[decision.row].period.value;
        if (decision.held && decision.due <= now) ++report.held;
        if (decision.goes && !over.contains(id) && !waits_for_reader(memory_.periods.at(id), now))
            over.emplace(id, in_place_of(id));
    }
    std::vector<Ended> stay;
    for (const auto& decision : decided.decisions) {
        auto call = records().ended[decision.row];
        const auto carried = over.find(call.seal.period);
        if (carried != over.end() && decision.goes) {
            ++report.calls;
            continue;
        }
        if (carried != over.end()) call.seal.period = carried->second;
        stay.push_back(call);
    }
    records().ended = std::move(stay);
    for (const auto& [gone, next] : over) memory_.periods.erase(gone);
    report.periods = over.size();
    report.holds = std::erase_if(records().holds, [&](const HoldCase& hold) { return hold.expires <= now; });
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
    records().holds.push_back(hold);
    done(HoldOutcome<HoldCase>{hold});
}

void MemoryLedger::consent_to_hold(retention::HoldId id, std::string operator_name, retention::Time now,
                                   Done<HoldOutcome<HoldCase>> done)
{
    const auto hold = std::ranges::find(records().holds, id, &HoldCase::id);
    if (hold == records().holds.end()) return done(HoldOutcome<HoldCase>{HoldFailure::no_such_hold});
    if (hold->expires <= now) return done(HoldOutcome<HoldCase>{HoldFailure::expired});
    if (!hold->consented_by.empty()) return done(HoldOutcome<HoldCase>{HoldFailure::consented});
    if (hold->asked_by == operator_name) return done(HoldOutcome<HoldCase>{HoldFailure::same_operator});
    hold->consented_by = std::move(operator_name);
    done(HoldOutcome<HoldCase>{*hold});
}

void MemoryLedger::release_hold(retention::HoldId id, Done<HoldOutcome<HoldCase>> done)
{
    const auto hold = std::ranges::find(records().holds, id, &HoldCase::id);
    if (hold == records().holds.end()) return done(HoldOutcome<HoldCase>{HoldFailure::no_such_hold});
    const auto released = *hold;
    records().holds.erase(hold);
    done(HoldOutcome<HoldCase>{released});
}

void MemoryLedger::list_holds(Done<std::vector<HoldCase>> done) { done(records().holds); }

store::HeldCalls MemoryLedger::held(AccountId account, const retention::Policy& policy, retention::Time now,
                                    bool (*tell)(store::HoldKind)) const
{
    store::HeldCalls held{.account = account};
    for (const auto& [id, period] : memory_.periods) {
        store::HeldPeriod one{.month = period.month, .kind = period.kind, .invoiced = period.invoiced};
        for (const auto& [dialog, open] : records().open)
            if (open.call.account == account && open.seal.period == id)
                one.running.push_back(record_of(open.call, open.start, 0));
        for (const auto& call : records().ended)
            if (call.call.account == account && call.seal.period == id) one.calls.push_back(call.call);
        held.running = held.running || !one.running.empty();
        if (one.calls.empty() && one.running.empty()) continue;
        const retention::Row row{
            .account = account, .kind = period.kind, .month = period.month, .invoiced = period.invoiced};
        const auto decision = retention::plan(policy, scopes(tell), {&row, 1}, now).front();
        if (decision.goes && !retention::plan(policy, scopes(), {&row, 1}, now).front().goes) continue;
        one.reason = decision.reason;
        one.until = decision.until;
        one.held = decision.held.has_value();
        held.periods.push_back(std::move(one));
    }
    return held;
}

void MemoryLedger::held_of(AccountId account, retention::Policy policy, retention::Time now,
                           Done<store::HeldCalls> done)
{
    done(held(account, policy, now, store::may_be_told));
}

void MemoryLedger::erase(AccountId account, retention::Policy policy, retention::Time now, Done<store::HeldCalls> done)
{
    const auto key = ++memory_.subjects[account];
    const auto holds = scopes();
    const auto goes = [&](AccountId of, std::uint64_t id) {
        const auto& period = memory_.periods.at(id);
        const retention::Row row{.account = of, .kind = period.kind, .month = period.month};
        const bool kept = std::ranges::any_of(holds, [&](const auto& hold) { return hold.covers(row, now); });
        return of == account && !kept && !is_duty(retention::rule_of(row.kind));
    };
    std::erase_if(records().ended, [&](const Ended& call) { return goes(call.call.account, call.seal.period); });
    std::erase_if(records().open,
                  [&](const auto& one) { return goes(one.second.call.account, one.second.seal.period); });
    for (auto& call : records().ended)
        if (call.call.account == account) call.seal.subject = key;
    for (auto& [dialog, open] : records().open)
        if (open.call.account == account) open.seal.subject = key;
    done(held(account, policy, now, nullptr));
}

void MemoryLedger::back_up(std::filesystem::path to, Done<Nothing> done)
{
    if (!touch_private(to)) return done(Failure::unavailable);
    memory_.copies[to] = records();
    done(Nothing{});
}

void MemoryLedger::rotate_keys(Done<std::size_t> done)
{
    std::map<std::uint64_t, std::uint64_t> next;
    for (const auto& [id, period] : std::map{memory_.periods}) next[id] = in_place_of(id);
    for (auto& call : records().ended) call.seal.period = next.at(call.seal.period);
    for (auto& [dialog, open] : records().open) open.seal.period = next.at(open.seal.period);
    for (const auto& [before, after] : next) memory_.periods.erase(before);
    done(next.size());
}

void MemoryLedger::change_master_key(std::filesystem::path file, Done<Nothing> done)
{
    try {
        store::read_master_key(file);
    } catch (const store::StoreError&) {
        return done(Failure::unavailable);
    }
    memory_.master = content(file);
    done(Nothing{});
}

} // namespace sotto::test
