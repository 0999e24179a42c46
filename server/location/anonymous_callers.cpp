#include "location/anonymous_callers.hpp"

namespace sotto::location {

void MemoryAnonymousCallers::called(AccountId callee, std::optional<KeyedHash> pseudonym, TimePoint now)
{
    const std::lock_guard lock{mutex_};
    if (pseudonym)
        calls_.insert_or_assign(callee, Call{*pseudonym, now + remembered});
    else
        calls_.erase(callee);
}

std::optional<KeyedHash> MemoryAnonymousCallers::last(AccountId callee, TimePoint now) const
{
    const std::lock_guard lock{mutex_};
    const auto found = calls_.find(callee);
    return found == calls_.end() || found->second.until <= now ? std::nullopt : std::optional{found->second.pseudonym};
}

void MemoryAnonymousCallers::expire(TimePoint now)
{
    const std::lock_guard lock{mutex_};
    std::erase_if(calls_, [=](const auto& entry) { return entry.second.until <= now; });
}

std::size_t MemoryAnonymousCallers::size() const
{
    const std::lock_guard lock{mutex_};
    return calls_.size();
}

} // namespace sotto::location
