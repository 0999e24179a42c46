#pragma once
#include "store/ledger.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace sotto::test {

/// The clocks of a ledger under test: the steady one and the calendar go together.
class LedgerClock {
public:
    void pass(std::chrono::seconds time) { passed_ += time.count(); }
    [[nodiscard]] TimePoint now() const { return TimePoint{std::chrono::hours{1} + std::chrono::seconds{passed_}}; }
    [[nodiscard]] retention::Time calendar() const
    {
        return std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + std::chrono::seconds{passed_};
    }

private:
    std::atomic<std::int64_t> passed_{0}; ///< the ledger's thread reads it
};

/// What every ledger has to do, whatever stands behind it. Call it inside a TEST_CASE: it is made of sections. `make`
/// gives a ledger on the same storage each time it is called, after the one before has gone; signs of life are written
/// each 30 s, and a call without one ends after 600 s.
void ledger_conforms(LedgerClock& clock, const std::function<std::unique_ptr<store::Ledger>()>& make);

} // namespace sotto::test
