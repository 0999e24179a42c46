#pragma once
#include "core/element.hpp"
#include "crypto/epoch_sealer.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "location/anonymous_callers.hpp"
#include "location/dialog_memory.hpp"
#include "location/memory_location_service.hpp"
#include "location/push_memory.hpp"
#include "simulation/schedule.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sotto::simulation {

/// The accounts of one run, "user@example.org".
class Accounts final : public AccountDirectory {
public:
    AccountId add(std::string user, bool withhold);
    void block(AccountId account, KeyedHash pseudonym) { blocked_.insert({account, pseudonym}); }

    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override;
    [[nodiscard]] const Account* find(AccountId id) const override;
    [[nodiscard]] std::size_t size() const override { return entries_.size(); }
    [[nodiscard]] std::uint32_t md5_share() const override { return 0; }
    [[nodiscard]] bool blocks(AccountId account, KeyedHash pseudonym) const override
    {
        return blocked_.contains({account, pseudonym});
    }

private:
    struct Entry {
        std::string user;
        Account account;
    };
    std::deque<Entry> entries_;
    std::set<std::pair<AccountId, KeyedHash>> blocked_;
};

/// The far end of a connection.
class Peer {
public:
    virtual ~Peer() = default;
    virtual void received(const std::string& bytes) = 0;
    virtual void lost() = 0;
};

/// The daemon without its edges: workers with an element each, on virtual time. What the element asks of location
/// service and store is answered after a while, and not in the order in which it was asked; messages of one connection
/// stay in order, as TLS keeps them, those of different ones do not. The process may end at any time and come back,
/// with its keys or without.
class Machine {
public:
    Machine(Schedule& schedule, Chance& chance, std::shared_ptr<Accounts> accounts);
    ~Machine();

    FlowId connect(Peer& peer);
    void close(FlowId flow);
    void send(FlowId flow, std::string bytes);
    /// All connections are lost. `keys_handed_over`: what SEALING.md gives to the next process lives on.
    void restart(bool keys_handed_over);

    /// When some element wants to be called next.
    [[nodiscard]] TimePoint next_deadline() const;
    void on_deadline();

    /// Nothing runs any more in any worker.
    void require_idle() const;
    [[nodiscard]] std::uint64_t messages() const { return messages_; }

private:
    struct Connection {
        Flow flow;
        Peer* peer;
        TimePoint last_in{}, last_out{}; ///< when the latest message that is on its way will arrive
    };
    struct Worker {
        std::unique_ptr<crypto::OpenSslCryptography> cryptography;
        std::unique_ptr<crypto::EpochSealer> sealer;
        std::unique_ptr<Element> element;
    };

    void start_workers();
    void arrive(FlowId flow, const std::string& bytes);
    void perform(std::uint16_t worker, Actions actions);
    void perform_one(std::uint16_t worker, Action& action);
    /// Later, if the process still is the one that asked.
    void later(std::function<void()> event);
    /// Calls an element and performs what it decides.
    template <class Call> void call(std::uint16_t worker, Call call)
    {
        Actions actions;
        call(*workers_[worker].element, actions);
        perform(worker, std::move(actions));
    }

    Schedule& schedule_;
    Chance& chance_;
    std::shared_ptr<Accounts> accounts_;
    std::shared_ptr<const CoreSettings> settings_;
    std::shared_ptr<const crypto::ProcessKeys> keys_;
    std::shared_ptr<crypto::KeyRing> ring_;
    std::unique_ptr<location::SharedDialogMemory> dialogs_;
    std::unique_ptr<location::MemoryAnonymousCallers> anonymous_callers_;
    std::unique_ptr<auth::FailureLimits> failures_;
    RateLimit peer_calls_;
    std::unique_ptr<location::PushMemory> push_;
    std::unique_ptr<location::MemoryLocationService> location_;
    std::vector<Worker> workers_;
    std::map<FlowId, Connection> connections_;
    std::uint64_t serial_{0};
    std::uint64_t process_{0};
    std::uint64_t messages_{0};
};

} // namespace sotto::simulation
