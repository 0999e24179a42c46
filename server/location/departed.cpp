#include "location/departed.hpp"

#include "location/wipe.hpp"

#include <algorithm>

namespace sotto::location {

void Departed::add(const Binding& binding)
{
    const std::scoped_lock lock{mutex_};
    auto& those = over_[binding.flow];
    if (drop(those, binding.id)) // another of its bindings over the same connection
        forget_place(binding.id, binding.flow);
    if (those.size() == most_of_flow) {
        forget_place(those.front().id, binding.flow);
        drop(those, BindingId{those.front().id});
    }
    those.push_back(binding);
    places_.emplace(binding.id, binding.flow);
    size_ = places_.size();
}

std::vector<Binding> Departed::find(BindingId id) const
{
    std::vector<Binding> all;
    if (size_ == 0) return all;
    const std::scoped_lock lock{mutex_};
    const auto [from, to] = places_.equal_range(id);
    for (auto place = from; place != to; ++place) {
        const auto& those = over_.at(place->second);
        all.push_back(*std::ranges::find(those, id, &Binding::id));
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &Binding::refreshed);
    return all;
}

void Departed::forget(BindingId id)
{
    if (size_ == 0) return;
    const std::scoped_lock lock{mutex_};
    const auto [from, to] = places_.equal_range(id);
    for (auto place = from; place != to; ++place) {
        const auto those = over_.find(place->second);
        drop(those->second, id);
        if (those->second.empty()) over_.erase(those);
    }
    places_.erase(id);
    size_ = places_.size();
}

void Departed::forget(BindingId id, FlowId flow)
{
    if (size_ == 0) return;
    const std::scoped_lock lock{mutex_};
    const auto those = over_.find(flow);
    if (those == over_.end() || !drop(those->second, id)) return;
    if (those->second.empty()) over_.erase(those);
    forget_place(id, flow);
    size_ = places_.size();
}

void Departed::flow_ended(FlowId flow)
{
    if (size_ == 0) return;
    const std::scoped_lock lock{mutex_};
    const auto those = over_.find(flow);
    if (those == over_.end()) return;
    for (auto& binding : those->second) {
        forget_place(binding.id, flow);
        wipe(binding);
    }
    over_.erase(those);
    size_ = places_.size();
}

bool Departed::drop(std::vector<Binding>& from, BindingId id)
{
    const auto one = std::ranges::find(from, id, &Binding::id);
    if (one == from.end()) return false;
    wipe(*one);
    from.erase(one);
    return true;
}

void Departed::forget_place(BindingId id, FlowId flow)
{
    const auto [from, to] = places_.equal_range(id);
    const auto place = std::find_if(from, to, [&](const auto& one) { return one.second == flow; });
    if (place != to) places_.erase(place);
}

} // namespace sotto::location
