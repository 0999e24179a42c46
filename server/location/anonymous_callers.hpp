#pragma once
#include "core/privacy/anonymous_callers.hpp"

#include <mutex>
#include <unordered_map>

namespace sotto::location {

/// The last withheld callers of one process. At most one for each account, behind a mutex: only withheld calls and
/// those who block one come here.
class MemoryAnonymousCallers final : public AnonymousCallers {
public:
    void called(AccountId callee, std::optional<KeyedHash> pseudonym, TimePoint now) override;
    [[nodiscard]] std::optional<KeyedHash> last(AccountId callee, TimePoint now) const override;
    /// Forgets those whose time is over; the edge calls it about every second.
    void expire(TimePoint now);
    [[nodiscard]] std::size_t size() const;

private:
    struct Call {
        KeyedHash pseudonym;
        TimePoint until;
    };
    mutable std::mutex mutex_;
    std::unordered_map<AccountId, Call> calls_;
};

} // namespace sotto::location
