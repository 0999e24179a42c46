#pragma once
#include "core/element.hpp"
#include "crypto/epoch_sealer.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "crypto/process_keys.hpp"
#include "location/anonymous_callers.hpp"
#include "location/dialog_memory.hpp"
#include "location/memory_location_service.hpp"
#include "location/push_memory.hpp"
#include "wire/parse.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::test {

/// Accounts by "user@domain", all with the password "secret".
class Accounts final : public AccountDirectory {
public:
    AccountId add(std::string_view user, std::string_view domain);
    /// A further address of an account.
    void attach(AccountId id, std::string_view user, std::string_view domain)
    {
        further_.emplace_back(id, user, domain);
    }
    Account& at(AccountId id) { return accounts_.at(id.value - 1).account; }

    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override;
    [[nodiscard]] const Account* find(AccountId id) const override;
    [[nodiscard]] std::size_t size() const override { return accounts_.size(); }
    [[nodiscard]] std::uint32_t md5_share() const override { return 0; }
    [[nodiscard]] bool blocks(AccountId account, KeyedHash pseudonym) const override
    {
        return blocked.contains({account, pseudonym});
    }

    std::set<std::pair<AccountId, KeyedHash>> blocked;

private:
    struct Entry {
        std::string user, domain;
        Account account;
    };
    std::deque<Entry> accounts_;
    std::deque<std::tuple<AccountId, std::string, std::string>> further_;
};

/// A ledger that the test answers for.
class FakeLedger final : public billing::CallLedger {
public:
    [[nodiscard]] bool writable() const override { return takes_calls; }
    [[nodiscard]] bool recording() const override { return !open.empty(); }
    void answered(billing::AnsweredCall call, std::function<void(bool)> recorded) override
    {
        open.insert(call.dialog);
        waiting.emplace_back(std::move(call), std::move(recorded));
    }
    void alive(KeyedHash dialog) override { lives += open.contains(dialog) ? 1 : 0; }
    void ended(KeyedHash dialog, milliseconds ago) override
    {
        ends += open.erase(dialog);
        ended_ago = ago;
    }

    bool takes_calls{true};
    std::set<KeyedHash> open;
    std::vector<std::pair<billing::AnsweredCall, std::function<void(bool)>>> waiting;
    std::size_t lives{0}, ends{0};
    milliseconds ended_ago{0}; ///< what was said last
};

/// One worker's element with real cryptography and location, no sockets and a clock that only the test moves. Phones
/// are flows: what the element sends to one is queued, parsed, in `inbox`.
class World {
public:
    explicit World(CoreSettings settings = defaults());

    static CoreSettings defaults();

    FlowId connect() { return connect({}); }
    /// From somewhere, as the edge names sources.
    FlowId connect(KeyedHash source);
    /// A connection to or from another domain, which has proved its name; found by what goes to it.
    FlowId domain(const std::string& name) { return provider({name}); }
    /// One with a certificate for several.
    FlowId provider(const std::vector<std::string>& names);
    void disconnect(FlowId flow);
    [[nodiscard]] const Flow& flow(FlowId id) const { return open_.at(id); }
    /// What the ledger says of the calls that wait to be recorded.
    void record(bool durable);
    /// What a phone sends, as it stands on the wire but with "\n" line ends and without Content-Length.
    void send(FlowId from, std::string_view text, std::string_view body = {});
    /// The same, as it stands on the wire. False when it gives no message (wire::parse).
    bool deliver(FlowId from, std::string_view bytes);
    /// Those ways to other domains that were asked for while `ways_wait` are found, or turn out not to lead there.
    void ways_are_found();
    /// The next message that a phone received; throws when there is none.
    std::string receive(FlowId phone);
    /// Puts a message back in front of those that were not received yet.
    void give_back(FlowId phone, std::string message) { inbox_.at(phone).push_front(std::move(message)); }
    [[nodiscard]] bool quiet(FlowId phone) const { return inbox_.at(phone).empty(); }
    /// The push gateway does not take the request with that ticket.
    void cannot_wake(Ticket ticket);
    /// Moves the clock in steps, so that every timer fires at its time.
    void pass(milliseconds time);

    /// Credentials for the challenge in `response`.
    std::string credentials(std::string_view response, std::string_view user, std::string_view method,
                            std::string_view uri);
    /// Registers `user` over a new flow.
    FlowId phone(const std::string& user);
    struct Register {
        std::string contact; ///< a whole Contact value; empty: none
        std::string extra{}; ///< further header lines, each with its "\n"
        std::string call_id{"reg-1"};
        std::string more_vias{}; ///< of hops before; header lines
    };
    /// Sends a REGISTER of `user`, answers the challenge, and returns what comes then. What the phone has received
    /// before is forgotten.
    std::string registers(FlowId flow, const std::string& user, const Register& request);
    /// Asks for TURN credentials over HTTPS.
    RelayReply asks_for_relay(FlowId flow, const RelayRequest& request);

    std::map<std::string, FlowId> domains;
    std::vector<std::string> connects; ///< "host" or "host:port" that a way was asked for to
    std::vector<std::string> speaks;   ///< on behalf of which domain of ours, each time
    bool ways_wait{false};             ///< a connection does not stand at once, or a name is being looked up
    std::vector<std::string> reports;  ///< routes that operators hear of
    std::vector<FlowId> closed;
    TimePoint now{std::chrono::hours{1000}};
    std::shared_ptr<Accounts> accounts{std::make_shared<Accounts>()};
    std::shared_ptr<CoreSettings> settings;
    std::shared_ptr<crypto::KeyRing> ring;
    std::shared_ptr<crypto::KeyRing> hash_ring; ///< a new key each day, the old one for an hour
    crypto::OpenSslCryptography cryptography;
    crypto::EpochSealer sealer;
    location::SharedDialogMemory dialogs;
    location::MemoryAnonymousCallers anonymous_callers;
    bool disk_full{false}; ///< nothing can be stored
    bool no_moment{false}; ///< the worker is behind: whoever can wait waits in vain
    location::MemoryLocationService location;
    auth::FailureLimits failures{0};
    RateLimit peer_calls;
    location::PushMemory push;
    std::vector<Wake> woken; ///< phones that were asked to wake, oldest first
    int renewed{0};          ///< how many were asked to renew their registration
    FakeLedger ledger;
    Element element;

private:
    void perform();
    void find_way(const Connect& wanted);

    std::uint64_t flows_{0};
    int registers_{0};
    std::map<FlowId, Flow> open_;
    std::map<FlowId, std::deque<std::string>> inbox_;
    Actions actions_;
    std::vector<Connect> ways_;
};

/// Value of the first header of that name (long form); empty when absent.
std::string header(std::string_view message, std::string_view name);
/// First line.
std::string start_line(std::string_view message);
/// What stands between < and >.
std::string uri_in(std::string_view value);
std::string tag_in(std::string_view value);

} // namespace sotto::test
