#pragma once
#include "crypto/key_ring.hpp"
#include "net/certificate.hpp"
#include "net/worker.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <vector>

namespace sotto::test {

/// The edge under test: workers on a port of their own, with certificates for example.org and example.net.
class Edge {
public:
    struct Options {
        net::TlsOptions tls{};
        net::AdmissionLimits admission{.connections_per_source = 0, .handshakes_per_second = 0};
        net::ConnectionLimits connections{};
        std::uint16_t workers{1};
        std::string address{"127.0.0.1:0"};
        Transport transport{Transport::tls};
        std::shared_ptr<const crypto::KeyRing> rotating{}; ///< key of sources; null: one that stays
    };
    Edge() : Edge{Options{}} {}
    explicit Edge(const Options& options);
    ~Edge();
    Edge(const Edge&) = delete;
    Edge& operator=(const Edge&) = delete;

    [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] net::Worker& worker(std::size_t index = 0) { return *workers_[index]; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] net::Admission& admission() { return *admission_; }
    [[nodiscard]] int accept_failures() const { return accept_failures_; }
    /// Of all workers.
    net::WorkerCounters count();
    /// Asks until `reached` holds; false after ten seconds.
    template <class Reached> bool eventually(Reached reached)
    {
        const auto end = Clock::now() + seconds{10};
        while (!reached(count()))
            if (Clock::now() > end) return false;
        return true;
    }

private:
    TemporaryFolder folder_;
    std::shared_ptr<net::Admission> admission_;
    net::Endpoint endpoint_;
    std::atomic<int> accept_failures_{0};
    std::vector<std::unique_ptr<net::Worker>> workers_;
};

} // namespace sotto::test
