#include "core/retention/plan.hpp"

#include <algorithm>
#include <array>

namespace sotto::retention {
namespace {

Day end_of(std::chrono::year_month month) { return Day{(month + std::chrono::months{1}) / std::chrono::day{1}}; }

Reason reason_of(const Row& row)
{
    switch (rule_of(row.kind).from) {
    case From::never_kept:
        return Reason::never_kept;
    case From::statement:
        return row.invoiced ? Reason::statement : Reason::not_invoiced;
    case From::invoice:
        return row.invoiced ? Reason::invoiced : Reason::not_invoiced;
    }
    return Reason::never_kept;
}

} // namespace

std::string_view name_of(Reason reason)
{
    constexpr std::array<std::string_view, 4> names{"never-kept", "invoiced", "statement-made", "not-invoiced"};
    return names[static_cast<std::size_t>(reason)];
}

Time due(const Policy& policy, const Row& row)
{
    const auto without_invoice = end_of(row.month) + policy.without_invoice;
    switch (reason_of(row)) {
    case Reason::never_kept:
        return Time{};
    case Reason::invoiced:
    case Reason::statement:
        return *row.invoiced + policy.period_of(row.kind);
    case Reason::not_invoiced:
        break;
    }
    return without_invoice;
}

std::vector<Decision> plan(const Policy& policy, std::span<const Hold> holds, std::span<const Row> rows, Time now)
{
    std::vector<Decision> decisions;
    decisions.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Decision decision{.row = i, .reason = reason_of(rows[i]), .due = due(policy, rows[i])};
        decision.until = decision.due;
        for (const auto& hold : holds) {
            if (!hold.covers(rows[i], now) || hold.expires <= decision.until) continue;
            decision.held = hold.id;
            decision.until = hold.expires;
        }
        decision.goes = decision.until <= now;
        decisions.push_back(decision);
    }
    return decisions;
}

std::optional<Time> next_end(std::span<const Hold> holds, std::span<const Decision> decisions, Time now)
{
    std::optional<Time> next;
    const auto consider = [&](Time end) {
        if (end > now && (!next || end < *next)) next = end;
    };
    for (const auto& decision : decisions) consider(decision.until);
    for (const auto& hold : holds) consider(hold.expires);
    return next;
}

} // namespace sotto::retention
