#pragma once
#include "audit/audit_log.hpp"
#include "audit/chain.hpp"

#include <cstdint>
#include <string>

namespace sotto::app {

/// Reads the audit log, entry by entry, for what the last process has left in it.
class LastRun {
public:
    void see(const audit::Line& entry);

    /// A trace was running at the end. It lives in memory, so it has ended with its process, and the log lacks the
    /// entry that says so.
    [[nodiscard]] bool left_a_trace() const { return runs_ || starting_ != 0; }
    /// Whose: as it is sealed in the log.
    [[nodiscard]] const std::string& traced() const { return traced_; }
    /// The time that retention went by; the epoch: nobody noted one.
    [[nodiscard]] audit::Time believed() const { return believed_; }

private:
    void result(std::uint64_t of, std::string_view text);

    std::uint64_t starting_{0}; ///< the entry of a `trace start` whose result is not known yet
    std::uint64_t stopping_{0}; ///< likewise of a `trace stop`
    std::string asked_;         ///< about whom the last `trace start` was
    std::string traced_;
    bool runs_{false};
    audit::Time believed_{};
};

} // namespace sotto::app
