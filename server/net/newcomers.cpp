#include "net/newcomers.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net {

namespace {

/// Whoever answers a challenge has cost something already, and waits longer before that is thrown away.
constexpr std::chrono::milliseconds soon_at_last{1'000};
constexpr std::chrono::milliseconds later_at_last{100};

} // namespace

bool Newcomers::wait(Turn turn, FlowId flow, MessagePtr& request, Time now)
{
    auto& queue = queue_of(turn);
    if (queue.size() >= most) return false;
    queue.push_back({{flow, std::move(request)}, now + (turn == Turn::soon ? soon_at_last : later_at_last)});
    return true;
}

bool Newcomers::empty() const { return soon_.empty() && later_.empty(); }

std::optional<Newcomers::Newcomer> Newcomers::overdue(Time now)
{
    for (auto* queue : {&later_, &soon_})
        if (!queue->empty() && queue->front().until < now) return first_of(*queue);
    return std::nullopt;
}

std::optional<Newcomers::Newcomer> Newcomers::next()
{
    for (auto* queue : {&soon_, &later_})
        if (!queue->empty()) return first_of(*queue);
    return std::nullopt;
}

MessagePtr Newcomers::meant_by(const Message& cancel, FlowId flow)
{
    const auto means = [&](const Waiting& waiting) {
        const auto& [from, request] = waiting.newcomer;
        return from == flow && request->method == Method::invite &&
               request->vias.front().branch() == cancel.vias.front().branch();
    };
    for (auto* queue : {&soon_, &later_}) {
        const auto found = std::ranges::find_if(*queue, means);
        if (found == queue->end()) continue;
        auto request = std::move(found->newcomer.request);
        queue->erase(found);
        return request;
    }
    return nullptr;
}

Newcomers::Newcomer Newcomers::first_of(Queue& queue)
{
    auto first = std::move(queue.front().newcomer);
    queue.pop_front();
    return first;
}

} // namespace sotto::net
