#pragma once
#include "core/trace/ladder.hpp"
#include "net/tap.hpp"

#include <mutex>

namespace sotto::app {

/// The trace of one account: draws what passes on flows that have proved to be its, and sees no other. Lives in memory
/// only. Safe from every thread.
class AccountTrace final : public net::Tap {
public:
    AccountTrace(AccountId account, TimePoint start) : account_{account}, ladder_{start} {}

    void received(const Flow& flow, const Message& message, TimePoint now) override
    {
        if (!flow.proves(account_)) return;
        const std::lock_guard lock{mutex_};
        ladder_.received(flow.id, message, now);
    }
    void sent(const Flow& flow, std::string_view bytes, TimePoint now) override
    {
        if (!flow.proves(account_)) return;
        const std::lock_guard lock{mutex_};
        ladder_.sent(flow.id, bytes, now);
    }
    [[nodiscard]] trace::Ladder ladder() const
    {
        const std::lock_guard lock{mutex_};
        return ladder_;
    }

private:
    Party account_;
    mutable std::mutex mutex_;
    trace::Ladder ladder_;
};

} // namespace sotto::app
