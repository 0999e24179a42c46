#pragma once
#include "store/account_store.hpp"

#include <future>
#include <memory>
#include <utility>

namespace sotto::store {

/// Starts what a store does on its own thread, and waits for the outcome: `wait_for<T>([&](auto done) {
/// accounts.show(address, std::move(done)); })`. Never on a worker's thread, nor on the store's.
template <class T, class Start> Outcome<T> wait_for(Start start)
{
    // Shared, because the store may still be inside set_value when this thread has its answer.
    const auto promise = std::make_shared<std::promise<Outcome<T>>>();
    auto future = promise->get_future();
    start([promise](Outcome<T> outcome) { promise->set_value(std::move(outcome)); });
    return future.get();
}

} // namespace sotto::store
