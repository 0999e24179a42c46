#pragma once
#include "core/registrar/binding.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sotto::location {

/// Bindings that are over while their connection lives: requests inside a dialog go on reaching their phones there, and
/// nothing else does (SEALING.md "Our URIs"). Thread-safe: one mutex, held for a copy, which a refresh does not take.
class Departed {
public:
    /// Of one connection. Beyond, the one that left first is forgotten.
    static constexpr std::size_t most_of_flow = 64;

    void add(const Binding& binding);
    /// The one refreshed last first.
    [[nodiscard]] std::vector<Binding> find(BindingId id) const;
    /// It has registered again.
    void forget(BindingId id);
    void forget(BindingId id, FlowId flow);
    void flow_ended(FlowId flow);
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    static bool drop(std::vector<Binding>& from, BindingId id);
    void forget_place(BindingId id, FlowId flow);

    mutable std::mutex mutex_;
    std::unordered_map<FlowId, std::vector<Binding>> over_; ///< the one that left last at the end
    std::unordered_multimap<BindingId, FlowId> places_;
    std::atomic<std::size_t> size_{0};
};

} // namespace sotto::location
