#include "app/figures.hpp"

#include "app/counts.hpp"

#include <boost/json/array.hpp>

#include <numeric>

namespace sotto::app {
namespace {

using metrics::Measured;
using metrics::Sample;
using metrics::Shown;
using metrics::Type;

template <class Counters, class Table> boost::json::object to_json(const Counters& counters, const Table& table)
{
    boost::json::object json;
    for (const auto& count : table) json[count.name] = counters.*count.number;
    return json;
}

template <class Counters, class Table>
void add(std::vector<Measured>& all, const Counters& counters, const Table& table)
{
    for (const auto& count : table) {
        if (all.empty() || all.back().family.name != count.family.name) all.push_back({count.family, {}});
        all.back().samples.push_back({std::string{count.label}, static_cast<double>(counters.*count.number)});
    }
}

/// The upper bound, in seconds, of the bucket in which that share of them lies; of the last one, which has none, its
/// begin. 0: there were none.
template <const auto& Bounds> double within(const Histogram<Bounds>& times, double share)
{
    const auto all = std::accumulate(times.buckets.begin(), times.buckets.end(), std::uint64_t{0});
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Bounds.size() && all > 0; ++i) {
        below += times.buckets[i];
        if (static_cast<double>(below) >= share * static_cast<double>(all)) return Bounds[i];
    }
    return all > 0 ? Bounds.back() : 0;
}

template <const auto& Bounds> boost::json::object at_a_glance(const Histogram<Bounds>& times)
{
    return {{"half", within(times, 0.5)}, {"most", within(times, 0.99)}};
}

boost::json::object latency(const Figures& figures)
{
    boost::json::object json;
    const auto& answers = figures.counters.answers;
    for (std::size_t i = 0; i < answers.names.size(); ++i) json[answers.names[i]] = at_a_glance(answers.by_name[i]);
    json["handshake"] = at_a_glance(figures.counters.handshakes);
    json["accounts"] = at_a_glance(figures.accounts_commits);
    json["ledger"] = at_a_glance(figures.ledger_commits);
    json["burst"] = at_a_glance(figures.counters.bursts);
    return json;
}

/// The buckets stay where they are.
template <const auto& Bounds> Sample sample(std::string_view label, const Histogram<Bounds>& times)
{
    return {std::string{label}, std::chrono::duration<double>(times.sum).count(), Bounds, times.buckets};
}

} // namespace

boost::json::object status(const Figures& figures)
{
    auto connections = to_json(figures.counters.connections, connection_counts);
    connections["refused_sources"] = figures.counters.refused_sources;
    boost::json::array weakened;
    for (const auto& sentence : figures.weakened) weakened.emplace_back(sentence);
    boost::json::object dropped;
    figures.counters.dropped_headers.for_each(
        [&](std::string_view name, std::uint64_t count) { dropped[name] = count; });
    boost::json::object refusals;
    figures.counters.refusals.for_each([&](const std::string& reason, std::uint64_t count) {
        if (count > 0) refusals[reason] = count;
    });
    boost::json::object certificates;
    for (const auto& term : figures.certificates) certificates[term.name] = term.days;
    return {{"version", SOTTO_VERSION},
            {"uptime", figures.uptime.count()},
            {"draining", figures.draining},
            {"workers", figures.workers},
            {"silent_workers", figures.silent_workers},
            {"delay_ms", figures.delay.count()},
            {"accounts", figures.accounts},
            {"bindings", figures.bindings},
            {"connections", std::move(connections)},
            {"sip", to_json(figures.counters.element, element_counts)},
            {"refusals", std::move(refusals)},
            {"dropped_headers", std::move(dropped)},
            {"push",
             {{"sent", figures.pushes.sent},
              {"failed", figures.pushes.failed},
              {"dropped", figures.pushes.dropped},
              {"waiting", figures.pushes.waiting}}},
            {"dialogs", {{"ended", figures.ended_dialogs}, {"handles", figures.handles}}},
            {"waiting", {{"accounts", figures.accounts_waiting}, {"ledger", figures.ledger_waiting}}},
            {"retention",
             {{"overdue", figures.keeping.overdue},
              {"last_run", figures.keeping.last_run.time_since_epoch().count()},
              {"clock_doubted", figures.keeping.clock_is_doubted}}},
            {"latency", latency(figures)},
            {"unprotected_keys", figures.unprotected_keys},
            {"log_lines_lost", figures.log_lines_lost},
            {"audit", {{"entries", figures.audit_entries}, {"broken", figures.audit_broken}}},
            {"certificate_days", std::move(certificates)},
            {"weakened", std::move(weakened)}};
}

std::vector<Measured> measured(const Figures& figures)
{
    const auto one = [](auto number) { return std::vector<Sample>{{"", static_cast<double>(number)}}; };
    const auto& counters = figures.counters;
    // clang-format off
    std::vector<Measured> all{
        {{"sotto_build_info", Type::gauge, Shown::exact, "1, with the version of the program.", "version"}, {{SOTTO_VERSION, 1}}},
        {{"sotto_start_time_seconds", Type::gauge, Shown::exact, "When the process started, Unix time."}, one(figures.started)},
        {{"sotto_workers", Type::gauge, Shown::exact, "Worker threads."}, one(figures.workers)},
        {{"sotto_workers_silent", Type::gauge, Shown::exact, "Worker threads that did not come by their loop within a second. Must be 0."}, one(figures.silent_workers)},
        {{"sotto_worker_delay_seconds", Type::gauge, Shown::exact, "How long work that was given to the busiest worker just now has waited in its queue; of one that is silent, for how long it has been."}, one(std::chrono::duration<double>(figures.delay).count())},
        {{"sotto_burst_seconds", Type::histogram, Shown::in_tens, "How long a worker took for what one event of its loop brought: messages read, decided, sealed and written."},
         {sample("", counters.bursts)}},
        {{"sotto_handshake_seconds", Type::histogram, Shown::in_tens, "How long a TLS handshake took that was completed, from the begin of its connection."},
         {sample("", counters.handshakes)}},
        {{"sotto_store_seconds", Type::histogram, Shown::in_tens, "How long a store took until a change of accounts, or what there was to record of calls, was on the disk.", "store"},
         {sample("accounts", figures.accounts_commits), sample("ledger", figures.ledger_commits)}},
        {{"sotto_accounts", Type::gauge, Shown::in_tens, "Accounts."}, one(figures.accounts)},
        {{"sotto_bindings", Type::gauge, Shown::in_tens, "Devices that are registered now."}, one(figures.bindings)},
        {{"sotto_dialogs_ended", Type::gauge, Shown::in_tens, "Ended dialogs that are remembered, as keyed hashes, until their keys are destroyed."}, one(figures.ended_dialogs)},
        {{"sotto_dialog_handles", Type::gauge, Shown::in_tens, "Sealed targets of running dialogs that are no registered device."}, one(figures.handles)},
        {{"sotto_keys_unprotected_total", Type::counter, Shown::exact, "Keys that could not be locked in memory, or left out of dumps. Must be 0."}, one(figures.unprotected_keys)},
        {{"sotto_log_lines_lost_total", Type::counter, Shown::exact, "Lines that the log's target was too slow for, or refused."}, one(figures.log_lines_lost)},
        {{"sotto_audit_entries_total", Type::counter, Shown::in_tens, "Entries of the audit log: what operators have done, and emergency calls."}, one(figures.audit_entries)},
        {{"sotto_audit_broken", Type::gauge, Shown::exact, "1 when the audit log was found changed, cut or reordered: at the start, in the check of each hour, or when it was read. Must be 0."}, one(figures.audit_broken)},
        {{"sotto_retention_overdue", Type::gauge, Shown::exact, "Records of calls whose time was over an hour ago, and that are still there. Must be 0."}, one(figures.keeping.overdue)},
        {{"sotto_retention_last_run_time_seconds", Type::gauge, Shown::exact, "When retention ran last, Unix time; it does so hourly. 0: it has not yet, or nothing is billed."}, one(figures.keeping.last_run.time_since_epoch().count())},
        {{"sotto_retention_clock_doubted", Type::gauge, Shown::exact, "1 while nothing is destroyed because the clock has jumped. Must be 0."}, one(figures.keeping.clock_is_doubted)},
        {{"sotto_store_waiting", Type::gauge, Shown::in_tens, "What waits for a store's thread: calls to be recorded, and operators' commands.", "store"},
         {{"accounts", static_cast<double>(figures.accounts_waiting)}, {"ledger", static_cast<double>(figures.ledger_waiting)}}},
        {{"sotto_sources_refused_total", Type::counter, Shown::in_tens, "Connections closed because their source had too many."}, one(counters.refused_sources)},
    };
    // clang-format on
    Measured dropped{{"sotto_headers_dropped_total", Type::counter, Shown::in_tens,
                      "Header fields that did not go on, by name; names that are not known count as other.", "name"},
                     {}};
    counters.dropped_headers.for_each([&](std::string_view name, std::uint64_t count) {
        dropped.samples.push_back({std::string{name}, static_cast<double>(count)});
    });
    all.push_back(std::move(dropped));
    Measured answers{{"sotto_answer_seconds", Type::histogram, Shown::in_tens,
                      "How long a request waited for its first answer, 100 and challenges left out: for INVITE the "
                      "delay until it rings (RFC 6076).",
                      "method"},
                     {}};
    for (std::size_t i = 0; i < counters.answers.names.size(); ++i)
        answers.samples.push_back(sample(counters.answers.names[i], counters.answers.by_name[i]));
    all.push_back(std::move(answers));
    Measured refused{{"sotto_refusals_total", Type::counter, Shown::in_tens,
                      "Requests that the server itself refused, by the answer that they got; challenges are not "
                      "included.",
                      "reason"},
                     {}};
    counters.refusals.for_each([&](const std::string& reason, std::uint64_t count) {
        refused.samples.push_back({reason, static_cast<double>(count)});
    });
    all.push_back(std::move(refused));
    all.push_back({{"sotto_pushes_total", Type::counter, Shown::in_tens, "Requests to the push gateway.", "outcome"},
                   {{"sent", static_cast<double>(figures.pushes.sent)},
                    {"failed", static_cast<double>(figures.pushes.failed)},
                    {"dropped", static_cast<double>(figures.pushes.dropped)}}});
    all.push_back({{"sotto_pushes_waiting", Type::gauge, Shown::in_tens,
                    "Phones to be woken for which the push gateway was not asked yet."},
                   one(figures.pushes.waiting)});
    add(all, counters.connections, connection_counts);
    add(all, counters.element, element_counts);
    Measured left{{"sotto_certificate_left_seconds", Type::gauge, Shown::exact,
                   "Time until a certificate ends, in whole days; negative: it has ended.", "domain"},
                  {}};
    for (const auto& term : figures.certificates) left.samples.push_back({term.name, term.days * 86'400.0});
    all.push_back(std::move(left));
    return all;
}

} // namespace sotto::app
