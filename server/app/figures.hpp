#pragma once
#include "app/keeping.hpp"
#include "metrics/family.hpp"
#include "net/identities.hpp"
#include "net/worker.hpp"
#include "push/notifier.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sotto::app {

/// How the daemon is doing, at one moment. Numbers only; nothing of it is about one person.
struct Figures {
    std::int64_t started{0}; ///< Unix time, seconds
    seconds uptime{0};
    bool draining{false}; ///< new calls are refused
    std::size_t workers{0};
    std::size_t silent_workers{0}; ///< that did not come by their loop within a second
    milliseconds delay{0};         ///< the longest that a worker took to come by
    std::size_t accounts{0};
    std::size_t bindings{0};
    std::size_t ended_dialogs{0};
    std::size_t handles{0};
    std::uint64_t unprotected_keys{0}; ///< that could not be locked in memory
    std::uint64_t log_lines_lost{0};
    std::uint64_t audit_entries{0};
    bool audit_broken{false};
    Keeping keeping;
    std::size_t accounts_waiting{0}; ///< tasks that wait for the store of the accounts
    std::size_t ledger_waiting{0};   ///< calls and tasks that wait for the ledger
    WaitTimes accounts_commits;      ///< how long the commits of a store took
    WaitTimes ledger_commits;
    push::Notifier::Counts pushes;
    net::WorkerCounters counters;
    std::vector<net::Identities::Term> certificates;
    std::vector<std::string> weakened;
};

/// For `sotto status`: exactly, since whoever asks is an operator who is known by name.
boost::json::object status(const Figures& figures);
/// For the metrics page.
std::vector<metrics::Measured> measured(const Figures& figures);

} // namespace sotto::app
