#pragma once
#include "store/ledger.hpp"

#include <atomic>
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

/// A kind of ledger with a storage of its own, empty at first. Signs of life are written each 30 s, and a call without
/// one ends after 600 s.
class LedgerKind {
public:
    virtual ~LedgerKind() = default;

    /// The ledger on that storage, as the next process would open it, after the one before has gone. `master` holds its
    /// master key. Throws store::StoreError when that is not the one by which its keys are wrapped.
    virtual std::unique_ptr<store::Ledger> open(const std::filesystem::path& master) = 0;
    /// Puts what `back_up` has written in the place of the records, while no ledger is open.
    virtual void restore(const std::filesystem::path& copy) = 0;

    LedgerClock clock;
};

/// What every ledger has to do, whatever stands behind it. Call it inside a TEST_CASE: it is made of sections.
void ledger_conforms(LedgerKind& kind);

} // namespace sotto::test
