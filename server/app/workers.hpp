#pragma once
#include "app/listeners.hpp"
#include "app/prepared.hpp"
#include "core/types/worker_set.hpp"
#include "crypto/epoch_sealer.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "net/worker.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sotto::app {

/// All workers as one: made alike, told the same. After `start`, every function may be called from any thread.
class Workers {
public:
    struct Shared {
        std::shared_ptr<const crypto::ProcessKeys> keys;
        std::shared_ptr<const crypto::KeyRing> ring;
        std::shared_ptr<const crypto::KeyRing> hash_ring;
        std::shared_ptr<LocationService> location;
        std::shared_ptr<DialogMemory> dialogs;
        std::shared_ptr<AnonymousCallers> anonymous_callers;
        std::shared_ptr<const crypto::Secret> pair_key;
        std::function<void(AccountId, KeyedHash, std::function<void(bool)>)> block; ///< see net::Worker::Parts
        std::shared_ptr<auth::FailureLimits> failures;
        std::shared_ptr<RateLimit> peer_calls;
        std::shared_ptr<PushRegistrations> push;
        std::shared_ptr<billing::CallLedger> ledger;           ///< null: nothing is billed
        std::function<void(Wake, std::function<void()>)> wake; ///< on any worker's thread
        std::shared_ptr<net::Admission> admission;
        std::shared_ptr<const AccountDirectory> accounts;
        net::Entrance::Fault on_accept_failure; ///< this and what follows: on any worker's thread
        net::Outside::Fault on_no_way;
        std::function<void(const Report&)> on_report;
    };

    Workers(std::uint16_t count, const Shared& shared, const Prepared& prepared);

    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Takes the address on every worker. Returns it, with the port that the system chose for port 0. Throws
    /// net::ListenError.
    std::string listen(const std::string& address, Transport transport, Listeners& listeners);
    /// The same for other domains.
    std::string listen_outside(const std::string& address, Listeners& listeners);
    void start();

    void use(const Prepared& prepared);
    void use(const std::shared_ptr<const AccountDirectory>& accounts);
    void use(const std::shared_ptr<net::Tap>& tap);
    /// After a rotation: destroyed keys leave the workers too.
    void refresh_keys();
    /// To those workers that watch the device.
    void binding_changed(BindingId device, const WorkerSet& workers);
    /// `done` may run several times, on workers' threads, each time with those of these connections that are there.
    void look_for(const std::vector<FlowId>& flows, const std::function<void(const std::vector<FlowId>&)>& done);
    /// New calls get 503.
    void refuse_calls();
    /// See net::Worker. `done` runs once, on some worker's thread, when all workers are done.
    void drain(const std::function<void()>& done);
    /// `done`, once: what is said about it is on its way.
    void end_calls(const std::function<void()>& done);
    void close_flows(const std::function<void()>& done);
    /// Ends the threads and waits for them. What is asked of a worker afterwards is never done.
    void stop();
    /// `done` runs once, on some worker's thread, when every worker has passed by its loop.
    void check_alive(const std::function<void()>& done);

    struct Counted {
        net::WorkerCounters counters; ///< the sum over all workers; of a silent one, what it has told last
        std::size_t silent{0};        ///< those that did not answer within a second
        milliseconds delay{0};        ///< the longest that one took to answer, or has been silent by now
    };
    /// Waits for the workers, a second at most.
    [[nodiscard]] Counted count();
    [[nodiscard]] std::size_t size() const { return workers_.size(); }

private:
    struct Told;

    std::vector<std::unique_ptr<net::Worker>> workers_;
    const std::shared_ptr<Told> told_; ///< shared with what workers are asked, who may answer when this is gone
    /// What holds keys that rotate, of the workers in their order; touched on their threads only.
    std::vector<crypto::EpochSealer*> sealers_;
    std::vector<crypto::OpenSslCryptography*> cryptographies_;
};

} // namespace sotto::app
