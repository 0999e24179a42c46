#pragma once
#include "core/message/refusal.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace sotto {

/// How often requests were refused by this server itself, by reason, since the start. Challenges are no refusals.
class RefusalCounts {
public:
    void count(Refusal refusal) { ++counts_[static_cast<std::size_t>(refusal)]; }
    void add(const RefusalCounts& more)
    {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += more.counts_[i];
    }
    /// Calls `each` with every reason, such as "480 Temporarily Unavailable", and how often it was given.
    template <class Each> void for_each(Each each) const
    {
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            const auto refusal = static_cast<Refusal>(i);
            if (refusal == Refusal::unauthorised || refusal == Refusal::proxy_unauthorised) continue; // challenges
            const auto verdict = verdict_of(refusal);
            each(std::to_string(verdict.status).append(" ").append(verdict.reason), counts_[i]);
        }
    }

private:
    std::array<std::uint64_t, static_cast<std::size_t>(Refusal::count_)> counts_{};
};

} // namespace sotto
