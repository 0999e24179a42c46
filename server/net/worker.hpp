#pragma once
#include "core/element.hpp"
#include "core/registrar/location_service.hpp"
#include "net/connections.hpp"
#include "net/entrance.hpp"
#include "net/loop.hpp"
#include "net/newcomers.hpp"
#include "net/outside.hpp"
#include "net/tap.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace sotto::net {

struct WorkerCounters {
    ConnectionCounters connections;
    std::uint64_t refused_sources{0}; ///< connections closed because their source had too many
    ElementCounters element;
    DroppedHeaders dropped_headers;
    RefusalCounts refusals;
    WorkTimes bursts; ///< of those in which messages were heard or sent
    WaitTimes handshakes;
    transaction::AnswerTimes answers;
};

/// One I/O loop with everything that its flows need: listening sockets, connections, SIP element. Performs what
/// the element decides. Shares with other workers only the location service, the admission and immutable snapshots;
/// messages for another worker's flow are moved there.
///
/// Made and wired on one thread (`adopt`, `meet`), then `start`. After that, every public function may be called from
/// any thread; callbacks run in the worker's loop. Workers write to each other: `stop` and `join` all of them
/// before the first one is destroyed.
class Worker final : private ConnectionUser {
public:
    struct Parts {
        std::uint16_t index{0};
        std::uint16_t workers{1};
        std::unique_ptr<Cryptography> cryptography;
        std::unique_ptr<Sealer> sealer;
        std::shared_ptr<LocationService> location;
        std::shared_ptr<DialogMemory> dialogs;
        std::shared_ptr<AnonymousCallers> anonymous_callers;
        std::shared_ptr<auth::FailureLimits> failures;
        std::shared_ptr<RateLimit> peer_calls;
        std::shared_ptr<PushRegistrations> push;
        std::shared_ptr<billing::CallLedger> ledger; ///< null: nothing is billed
        /// Asks a phone to wake; calls `failed`, on any thread, when that did not work. Null: nobody can be woken.
        std::function<void(Wake phone, std::function<void()> failed)> wake{};
        std::shared_ptr<Admission> admission;
        std::shared_ptr<const CoreSettings> settings;
        std::shared_ptr<const AccountDirectory> accounts;
        std::shared_ptr<const Identities> identities;
        std::shared_ptr<const Identities> outside; ///< toward other domains (TlsOptions::mutual); null: there are none
        std::shared_ptr<const ConnectionLimits> limits;
        /// Stores that an account refuses a withheld caller, and says on any thread whether that is done.
        std::function<void(AccountId, KeyedHash, std::function<void(bool)>)> block{};
        Entrance::Fault on_accept_failure{}; ///< this and what follows: on the worker's thread
        Outside::Fault on_no_way{};
        std::function<void(const sotto::Report&)> on_report{};
    };

    explicit Worker(Parts parts);
    ~Worker() override;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Takes over a listening socket; returns the address that it stands on. Throws ListenError.
    Endpoint adopt(int descriptor, Transport transport) { return entrance_.adopt(descriptor, transport); }
    /// The same for other domains.
    Endpoint adopt_outside(int descriptor) { return outer_entrance_.adopt(descriptor, Transport::tls); }
    /// All workers, this one included, in the order of their indices.
    void meet(std::vector<Worker*> all);
    void start();

    /// Runs `work` in the worker's loop.
    template <class Work> void post(Work work) { loop_.post(std::move(work)); }

    void use(std::shared_ptr<const CoreSettings> settings);
    void use(std::shared_ptr<const AccountDirectory> accounts);
    /// `outside`: toward other domains.
    void use(std::shared_ptr<const Identities> identities, std::shared_ptr<const Identities> outside);
    void use(std::shared_ptr<const ConnectionLimits> limits);
    /// Shows `tap` what passes from now on; null: nobody.
    void use(std::shared_ptr<Tap> tap);
    void count(std::function<void(const WorkerCounters&)> done);

    /// A device that this worker watches may have other bindings now.
    void binding_changed(BindingId device);
    /// Gives to `done`, on the worker's thread, which of these connections of its own are there.
    void look_for(std::vector<FlowId> flows, std::function<void(std::vector<FlowId>)> done);

    /// Takes no new call; what runs goes on.
    void refuse_calls();
    /// Takes no new connection and no new call. `done`, once: nothing runs any more.
    void drain(std::function<void()> done);
    /// Cancels what rings, and says so to whoever calls.
    void end_calls();
    /// Says goodbye on every flow. `done`, once: all are closed.
    void close_flows(std::function<void()> done);
    /// Ends the thread soon, whatever runs.
    void stop() { loop_.stop(); }
    /// Waits until the thread has ended.
    void join() { loop_.join(); }

private:
    struct Recorded {
        Ticket ticket;
        bool durable;
    };

    // ConnectionUser
    void begin() override;
    void end() override;
    void received(Flow& flow, MessagePtr message) override;
    RelayReply asked(Flow& flow, const RelayRequest& request) override;
    void ended(const Flow& flow, std::uint64_t asked_by) override;
    void handshake_over(bool greeted) override { admission_->handshake_over(greeted); }
    void left(KeyedHash source) override { admission_->leave(source); }
    void dialled(FlowId flow, std::optional<WayFailure> failure) override;

    template <class Work> void post_burst(Work work);
    bool take(Socket socket, const Endpoint& from, Transport transport,
              const std::shared_ptr<const Identities>& outside);
    Worker& home_of(std::string_view domain);
    bool waits(Flow& flow, MessagePtr& message);
    void await_turn();
    void turn_to_newcomers();
    void offer_for_reuse(Flow& flow, const Message& request);
    void perform_all();
    void perform(Send& send);
    void perform(CloseFlow& close) { connections_.close(close.flow); }
    void perform(LookUp& look_up);
    void perform(Commit& commit);
    void perform(Find& find);
    void perform(Unbind& unbind) { location_->flow_failed(unbind.device, unbind.flow, unbind.reg_id); }
    void perform(Block& block);
    void perform(HandOver& hand_over);
    void perform(Wake& wake);
    void perform(Woken& woken);
    void perform(Watch& watch) { location_->watch(watch.device, index_, watch.on); }
    void perform(RecordCall& record);
    void take_recorded();
    void perform(CallAlive& alive) { ledger_->alive(alive.dialog); }
    void perform(CallEnded& ended) { ledger_->ended(ended.dialog, ended.ago); }
    void perform(Connect& connect);
    void perform(const sotto::Report& report);
    /// Calls the element with an answer that came at once or later.
    template <class Tell> void answer(Tell tell);
    void deliver(Send send, std::uint16_t asker);
    [[nodiscard]] std::chrono::microseconds worked_for_messages() const;
    void set_pulse();
    void take_pulse();
    void arm_timer();
    void on_timer();
    void tell_progress();
    void take_stock();
    void wipe();

    std::unique_ptr<Cryptography> cryptography_;
    std::unique_ptr<Sealer> sealer_;
    std::shared_ptr<LocationService> location_;
    std::shared_ptr<DialogMemory> dialogs_;
    std::shared_ptr<AnonymousCallers> anonymous_callers_;
    std::function<void(AccountId, KeyedHash, std::function<void(bool)>)> block_;
    std::shared_ptr<auth::FailureLimits> failures_;
    std::shared_ptr<RateLimit> peer_calls_;
    std::shared_ptr<PushRegistrations> push_;
    std::function<void(Wake, std::function<void()>)> wake_;
    std::shared_ptr<billing::CallLedger> ledger_;
    std::mutex recorded_mutex_;
    std::vector<Recorded> recorded_; ///< what the ledger has told since this worker took it last: a commit's answers
    bool takes_recorded_{false};     ///< its turn to them will come
    std::shared_ptr<Admission> admission_;
    std::uint16_t index_;
    Loop loop_;
    asio::steady_timer timer_{loop_.context()};
    Element element_;
    Connections connections_;
    Outside outside_;
    std::shared_ptr<const Identities> outside_identities_;
    std::function<void(const sotto::Report&)> on_report_;
    Entrance entrance_, outer_entrance_;
    std::vector<Worker*> all_;
    std::shared_ptr<Tap> tap_;
    Actions actions_;
    bool in_burst_{false};
    TimePoint now_{};
    Clock::time_point burst_began_{};
    WorkTimes bursts_;
    TimePoint armed_{TimePoint::max()};
    TimePoint wipe_stack_at_{TimePoint::max()};
    TimePoint pulse_at_{TimePoint::max()};
    Usage before_pulse_{};
    bool behind_{false}; ///< with what has arrived
    Newcomers newcomers_;
    bool turn_awaited_{false};
    std::chrono::microseconds worked_before_turn_{};
    bool heard_{false}; ///< this burst has seen a message
    std::uint64_t refused_sources_{0};
    std::function<void()> drained_, closed_;
};

} // namespace sotto::net
