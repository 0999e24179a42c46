#pragma once
#include "net/connection.hpp"

#include <algorithm>
#include <map>

namespace sotto::net {

/// Connections by deadline. Those that wait for the same span stand in one list, the newest at its end; what a reload
/// or a phone's registration has changed makes another list, so that nobody's deadline hides behind a later one.
/// Forgets a connection by itself when that dies or waits for something else.
class WaitLists {
public:
    void add(Connection& connection, TimePoint now, seconds span)
    {
        connection.WaitHook::unlink();
        connection.wait_until = now + span;
        lists_[span].push_back(connection);
    }

    [[nodiscard]] TimePoint next_deadline() const
    {
        auto next = TimePoint::max();
        for (const auto& [span, list] : lists_)
            if (!list.empty()) next = std::min(next, list.front().wait_until);
        return next;
    }

    /// `act(Connection&)` takes it off its list.
    template <class Act> void overdue(TimePoint now, Act act)
    {
        for (auto& [span, list] : lists_)
            while (!list.empty() && list.front().wait_until <= now) act(list.front());
        if (lists_.size() > 1) std::erase_if(lists_, [](const auto& one) { return one.second.empty(); });
    }

    /// Of those that `fits(Connection&)`, the one that began first; null: there is none.
    template <class Fits> Connection* oldest(Fits fits)
    {
        Connection* oldest = nullptr;
        for (auto& [span, list] : lists_) {
            const auto first = std::ranges::find_if(list, fits);
            if (first != list.end() && (oldest == nullptr || first->began < oldest->began)) oldest = &*first;
        }
        return oldest;
    }

private:
    using List = intrusive::list<Connection, intrusive::base_hook<WaitHook>, intrusive::constant_time_size<false>>;
    std::map<seconds, List> lists_;
};

} // namespace sotto::net
