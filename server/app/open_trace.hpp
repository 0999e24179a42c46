#pragma once
#include "audit/chain.hpp"

#include <cstdint>

namespace sotto::app {

/// Reads the audit log, entry by entry, for the one question whether a trace was running at its end. A trace lives in
/// memory, so it has ended with its process, and the log lacks the entry that says so.
class OpenTrace {
public:
    void see(const audit::Line& entry);
    [[nodiscard]] bool runs() const { return runs_ || starting_ != 0; }

private:
    void result(std::uint64_t of, std::string_view text);

    std::uint64_t starting_{0}; ///< the entry of a `trace start` whose result is not known yet
    std::uint64_t stopping_{0}; ///< likewise of a `trace stop`
    bool runs_{false};
};

} // namespace sotto::app
