#include "net/edge.hpp"

#include "crypto/openssl_cryptography.hpp"
#include "location/memory_location_service.hpp"
#include "net/listener.hpp"
#include "wire/parse.hpp"

#include <csignal>

namespace sotto::test {

Edge::Edge(const Options& options) : admission_{std::make_shared<net::Admission>(options.admission)}
{
    std::signal(SIGPIPE, SIG_IGN); // as os::harden_process does for the daemon
    static const bool prepared = (wire::initialise(), true);
    static_cast<void>(prepared);
    const std::vector files{make_certificate(folder(), {"example.org", "sip.example.org"}),
                            make_certificate(folder(), {"example.net"})};
    const auto identities = std::make_shared<const net::Identities>(files, options.tls);
    const auto keys = crypto::ProcessKeys::create();
    const auto location = std::make_shared<location::MemoryLocationService>();
    endpoint_ = net::endpoint_of(options.address);
    std::vector<net::Worker*> all;
    for (std::uint16_t index = 0; index < options.workers; ++index) {
        workers_.push_back(std::make_unique<net::Worker>(
            net::Worker::Parts{.index = index,
                               .workers = options.workers,
                               .cryptography = std::make_unique<crypto::OpenSslCryptography>(keys, options.rotating),
                               .sealer = nullptr,
                               .location = location,
                               .dialogs = nullptr,
                               .failures = nullptr,
                               .peer_calls = nullptr,
                               .push = nullptr,
                               .admission = admission_,
                               .settings = nullptr,
                               .accounts = nullptr,
                               .identities = identities,
                               .limits = std::make_shared<net::ConnectionLimits>(options.connections),
                               .on_accept_failure = [this](const auto&, const auto&) { ++accept_failures_; }}));
        endpoint_ = workers_.back()->adopt(net::listen_on(endpoint_), options.transport);
        all.push_back(workers_.back().get());
    }
    for (auto* worker : all) {
        worker->meet(all);
        worker->start();
    }
}

Edge::~Edge()
{
    for (auto& worker : workers_) worker->stop();
    for (auto& worker : workers_) worker->join();
}

net::WorkerCounters Edge::count()
{
    net::WorkerCounters sum;
    for (auto& worker : workers_) {
        std::promise<net::WorkerCounters> promise;
        worker->count([&](const net::WorkerCounters& counters) { promise.set_value(counters); });
        const auto one = promise.get_future().get();
        sum.connections.open += one.connections.open;
        sum.connections.handshakes += one.connections.handshakes;
        sum.connections.handshake_failures += one.connections.handshake_failures;
        sum.connections.handshake_timeouts += one.connections.handshake_timeouts;
        sum.connections.crowded_out += one.connections.crowded_out;
        sum.connections.idle_timeouts += one.connections.idle_timeouts;
        sum.connections.slow_messages += one.connections.slow_messages;
        sum.connections.slow_readers += one.connections.slow_readers;
        sum.connections.unframeable += one.connections.unframeable;
        sum.connections.pings += one.connections.pings;
        sum.connections.internal_errors += one.connections.internal_errors;
        sum.refused_sources += one.refused_sources;
        sum.element.requests += one.element.requests;
        sum.element.strays += one.element.strays;
    }
    return sum;
}

} // namespace sotto::test
