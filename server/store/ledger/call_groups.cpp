#include "store/ledger/call_groups.hpp"

namespace sotto::store {
namespace {

CallGroup group_in(Statement& rows)
{
    const auto subject = rows.bytes(1);
    return {{static_cast<std::uint64_t>(rows.number(0))}, {subject.begin(), subject.end()}};
}

} // namespace

CallGroups::CallGroups(Connection<Purpose::retention>& connection)
    : connection_{connection}, ended_in_{connection.prepare("SELECT period FROM call WHERE period = ?1 LIMIT 1")},
      running_in_{connection.prepare("SELECT period FROM open_call WHERE period = ?1 LIMIT 1")},
      ended_of_{connection.prepare("SELECT period FROM call WHERE period = ?1 AND subject = ?2 LIMIT 1")},
      running_of_{connection.prepare("SELECT period FROM open_call WHERE period = ?1 AND subject = ?2 LIMIT 1")}
{
}

std::vector<CallGroup> CallGroups::ended(const Step& step, std::optional<PeriodId> only)
{
    std::vector<CallGroup> all;
    auto next = connection_.prepare("SELECT period, subject FROM call WHERE (period, subject) > (?1, ?2) "
                                    "ORDER BY period, subject LIMIT 1");
    auto count = connection_.prepare("SELECT count(*) FROM call WHERE period = ?1 AND subject = ?2");
    CallGroup group{.period = only.value_or(PeriodId{})};
    for (;;) {
        next.bind_all(as_number(group.period), crypto::Bytes{group.subject});
        if (!next.step()) return all;
        group = group_in(next);
        next.reset();
        if (only && group.period != *only) return all;
        count.bind_all(as_number(group.period), crypto::Bytes{group.subject});
        count.step();
        group.calls = static_cast<std::size_t>(count.number(0));
        count.reset();
        all.push_back(group);
        if (step) step("group");
    }
}

std::vector<CallGroup> CallGroups::running()
{
    std::vector<CallGroup> all;
    auto rows = connection_.prepare("SELECT period, subject, count(*) FROM open_call GROUP BY period, subject");
    while (rows.step()) {
        all.push_back(group_in(rows));
        all.back().calls = static_cast<std::size_t>(rows.number(2));
    }
    return all;
}

bool CallGroups::finds(Statement& statement)
{
    const bool found = statement.step();
    statement.reset();
    return found;
}

bool CallGroups::any_running_in(PeriodId period) { return finds(running_in_.bind_all(as_number(period))); }

bool CallGroups::any_in(PeriodId period)
{
    return finds(ended_in_.bind_all(as_number(period))) || any_running_in(period);
}

bool CallGroups::any_of(PeriodId period, const Pseudonym& subject)
{
    return finds(ended_of_.bind_all(as_number(period), crypto::Bytes{subject})) ||
           finds(running_of_.bind_all(as_number(period), crypto::Bytes{subject}));
}

} // namespace sotto::store
