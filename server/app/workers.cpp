#include "app/workers.hpp"

#include "app/counts.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace sotto::app {

namespace {

/// Calls `done` when it was itself called `count` times.
std::function<void()> after(std::size_t count, std::function<void()> done)
{
    auto left = std::make_shared<std::atomic<std::size_t>>(count);
    return [left, done = std::move(done)] {
        if (left->fetch_sub(1) == 1) done();
    };
}

template <class Counters, class Table> void add(Counters& sum, const Counters& more, const Table& table)
{
    for (const auto& count : table) sum.*count.number += more.*count.number;
}

void add(net::WorkerCounters& sum, const net::WorkerCounters& more)
{
    add(sum.connections, more.connections, connection_counts);
    add(sum.element, more.element, element_counts);
    sum.dropped_headers.add(more.dropped_headers);
    sum.refusals.add(more.refusals);
    sum.refused_sources += more.refused_sources;
    sum.bursts += more.bursts;
    sum.handshakes += more.handshakes;
    sum.answers += more.answers;
}

milliseconds since(Clock::time_point when) { return std::chrono::duration_cast<milliseconds>(Clock::now() - when); }

} // namespace

/// What the workers, in their order, have told of themselves: each what it told last.
struct Workers::Told {
    struct One {
        net::WorkerCounters counters;
        milliseconds delay{0}; ///< until it told that
        std::uint64_t answers{0};
        std::optional<Clock::time_point> asked; ///< and has not answered yet
    };

    void answered(std::size_t worker, const net::WorkerCounters& counters)
    {
        const std::lock_guard lock{mutex};
        auto& one = of_worker[worker];
        one = {.counters = counters, .delay = since(*one.asked), .answers = one.answers + 1, .asked = {}};
        changed.notify_all();
    }

    std::mutex mutex; ///< guards what follows; nobody waits under it but for `changed`
    std::condition_variable changed;
    std::vector<One> of_worker;
};

Workers::Workers(std::uint16_t count, const Shared& shared, const Prepared& prepared) : told_{std::make_shared<Told>()}
{
    told_->of_worker.resize(count);
    std::vector<net::Worker*> all;
    for (std::uint16_t index = 0; index < count; ++index) {
        auto sealer = std::make_unique<crypto::EpochSealer>(shared.ring);
        auto cryptography =
            std::make_unique<crypto::OpenSslCryptography>(shared.keys, shared.hash_ring, shared.pair_key);
        sealers_.push_back(sealer.get());
        cryptographies_.push_back(cryptography.get());
        workers_.push_back(
            std::make_unique<net::Worker>(net::Worker::Parts{.index = index,
                                                             .workers = count,
                                                             .cryptography = std::move(cryptography),
                                                             .sealer = std::move(sealer),
                                                             .location = shared.location,
                                                             .dialogs = shared.dialogs,
                                                             .anonymous_callers = shared.anonymous_callers,
                                                             .failures = shared.failures,
                                                             .peer_calls = shared.peer_calls,
                                                             .push = shared.push,
                                                             .ledger = shared.ledger,
                                                             .wake = shared.wake,
                                                             .admission = shared.admission,
                                                             .settings = prepared.core,
                                                             .accounts = shared.accounts,
                                                             .identities = prepared.identities,
                                                             .outside = prepared.outside,
                                                             .limits = prepared.connections,
                                                             .block = shared.block,
                                                             .on_accept_failure = shared.on_accept_failure,
                                                             .on_no_way = shared.on_no_way,
                                                             .on_report = shared.on_report}));
        all.push_back(workers_.back().get());
    }
    for (auto* worker : all) worker->meet(all);
}

Workers::~Workers() { stop(); }

void Workers::stop()
{
    for (auto& worker : workers_) worker->stop();
    for (auto& worker : workers_) worker->join();
}

std::string Workers::listen(const std::string& address, Transport transport, Listeners& listeners)
{
    auto endpoint = net::endpoint_of(address);
    const auto descriptors = listeners.on(endpoint, workers_.size());
    for (std::size_t i = 0; i < descriptors.size(); ++i)
        endpoint = workers_[i % workers_.size()]->adopt(descriptors[i], transport);
    return net::text_of(endpoint);
}

std::string Workers::listen_outside(const std::string& address, Listeners& listeners)
{
    auto endpoint = net::endpoint_of(address);
    const auto descriptors = listeners.on(endpoint, workers_.size());
    for (std::size_t i = 0; i < descriptors.size(); ++i)
        endpoint = workers_[i % workers_.size()]->adopt_outside(descriptors[i]);
    return net::text_of(endpoint);
}

void Workers::start()
{
    for (auto& worker : workers_) worker->start();
}

void Workers::use(const Prepared& prepared)
{
    for (auto& worker : workers_) {
        worker->use(prepared.core);
        worker->use(prepared.identities, prepared.outside);
        worker->use(prepared.connections);
    }
}

void Workers::use(const std::shared_ptr<const AccountDirectory>& accounts)
{
    for (auto& worker : workers_) worker->use(accounts);
}

void Workers::use(const std::shared_ptr<net::Tap>& tap)
{
    for (auto& worker : workers_) worker->use(tap);
}

void Workers::refresh_keys()
{
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->post([sealer = sealers_[i], cryptography = cryptographies_[i]] {
            sealer->refresh();
            cryptography->refresh();
        });
}

void Workers::binding_changed(BindingId device, const WorkerSet& workers)
{
    for (std::size_t i = 0; i < workers_.size(); ++i)
        if (workers.test(i)) workers_[i]->binding_changed(device);
}

void Workers::look_for(const std::vector<FlowId>& flows, const std::function<void(const std::vector<FlowId>&)>& done)
{
    std::vector<std::vector<FlowId>> of_worker(workers_.size());
    for (const auto flow : flows)
        if (flow.worker() < of_worker.size()) of_worker[flow.worker()].push_back(flow);
    for (std::size_t i = 0; i < workers_.size(); ++i)
        if (!of_worker[i].empty()) workers_[i]->look_for(std::move(of_worker[i]), done);
}

void Workers::refuse_calls()
{
    for (auto& worker : workers_) worker->refuse_calls();
}

void Workers::drain(const std::function<void()>& done)
{
    const auto one = after(workers_.size(), done);
    for (auto& worker : workers_) worker->drain(one);
}

void Workers::end_calls(const std::function<void()>& done)
{
    const auto one = after(workers_.size(), done);
    for (auto& worker : workers_) {
        worker->end_calls();
        worker->post(one); // behind it: by then other workers have been given what goes over their connections
    }
}

void Workers::close_flows(const std::function<void()>& done)
{
    const auto one = after(workers_.size(), done);
    for (auto& worker : workers_) worker->close_flows(one);
}

void Workers::check_alive(const std::function<void()>& done)
{
    const auto one = after(workers_.size(), done);
    for (auto& worker : workers_) worker->post(one);
}

Workers::Counted Workers::count()
{
    std::unique_lock lock{told_->mutex};
    std::vector<std::uint64_t> before;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        auto& one = told_->of_worker[i];
        before.push_back(one.answers);
        if (one.asked) continue; // questions to a worker that hangs do not pile up
        one.asked = Clock::now();
        workers_[i]->count([told = told_, i](const net::WorkerCounters& counters) { told->answered(i, counters); });
    }
    const auto is_silent = [&](std::size_t i) { return told_->of_worker[i].answers == before[i]; };
    told_->changed.wait_for(lock, seconds{1}, [&] {
        for (std::size_t i = 0; i < workers_.size(); ++i)
            if (is_silent(i)) return false;
        return true;
    });
    Counted counted;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const auto& one = told_->of_worker[i];
        // A sum without the silent ones would fall, and rise again: whoever collects it would count their past twice.
        add(counted.counters, one.counters);
        if (is_silent(i)) ++counted.silent;
        counted.delay = std::max(counted.delay, is_silent(i) ? since(*one.asked) : one.delay);
    }
    return counted;
}

} // namespace sotto::app
