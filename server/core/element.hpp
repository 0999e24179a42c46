#pragma once
#include "core/action.hpp"
#include "core/auth/account.hpp"
#include "core/auth/failure_limits.hpp"
#include "core/dialog/memory.hpp"
#include "core/message/message.hpp"
#include "core/message/refusal_counts.hpp"
#include "core/privacy/anonymous_callers.hpp"
#include "core/privacy/dropped_headers.hpp"
#include "core/privacy/sealer.hpp"
#include "core/registrar/push.hpp"
#include "core/relay/credentials.hpp"
#include "core/routing/rate_limit.hpp"
#include "core/settings.hpp"
#include "core/transaction/answer_times.hpp"
#include "core/types/cryptography.hpp"
#include "core/types/flow.hpp"
#include "core/types/time.hpp"

#include <memory>
#include <vector>

namespace sotto {

/// What happened since the start, for `sotto status` and the metrics. Counts only, no identities.
struct ElementCounters {
    std::uint64_t requests{0};
    std::uint64_t responses{0};
    std::uint64_t registrations{0};
    std::uint64_t calls_answered{0};
    std::uint64_t calls_failed{0};
    std::uint64_t challenges{0};
    std::uint64_t auth_failures{0};
    std::uint64_t auth_slowed{0};  ///< failures that were answered late
    std::uint64_t auth_refused{0}; ///< not even looked at: too many failures before
    std::uint64_t strays{0};
    std::uint64_t server_transactions{0}; ///< now
    std::uint64_t client_transactions{0}; ///< now
};

/// When a message is to be served by a worker that is behind with what has arrived.
enum class Turn : std::uint8_t {
    at_once, ///< it goes on with what was begun, or ends it, or calls for help
    soon,    ///< it begins something, and answers a challenge: what that has cost must not be wasted
    later    ///< it begins something, and has yet to be challenged
};

/// One worker's SIP element (RFC 3261 6): transaction layer, registrar, proxy and minimisation. Pure: it is told what
/// happened and when, and appends what is to be done to `out`. Not thread-safe; owned by one worker.
class Element {
public:
    struct Parts {
        std::uint16_t worker{0};
        std::uint16_t workers{1};
        Cryptography* cryptography{nullptr};
        Sealer* sealer{nullptr};
        DialogMemory* dialogs{nullptr}; ///< this and what follows: shared by all workers
        AnonymousCallers* anonymous_callers{nullptr};
        auth::FailureLimits* failures{nullptr};
        RateLimit* peer_calls{nullptr};
        PushRegistrations* push{nullptr};
        const billing::CallLedger* ledger{nullptr}; ///< asked only; null: a billed call is refused
    };

    Element(Parts parts, std::shared_ptr<const CoreSettings> settings,
            std::shared_ptr<const AccountDirectory> accounts);
    ~Element();
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

    void use(std::shared_ptr<const CoreSettings> settings);
    void use(std::shared_ptr<const AccountDirectory> accounts);

    /// A message arrived on `flow`, which belongs to this worker.
    void received(Flow& flow, MessagePtr message, TimePoint now, Actions& out);
    [[nodiscard]] Turn turn_of(const Message& message) const;
    /// What waited for too long: 503 with Retry-After (RFC 3261 21.5.4), of which nothing is remembered (8.2.7).
    void refuse(const Flow& flow, const Message& request, Actions& out);
    /// A message for a transaction of this worker arrived elsewhere (see HandOver).
    void handed_over(HandOver handed, TimePoint now, Actions& out);
    /// The flow, of this worker or of another, has ended; its bindings are removed by the edge. Told of each flow that
    /// took a `Send` of this worker which awaits an answer.
    void flow_closed(FlowId flow, TimePoint now, Actions& out);
    /// A `Send` with that ticket could not be delivered; `bytes` are given back.
    void undeliverable(Ticket ticket, std::string bytes, TimePoint now, Actions& out);
    void located(Ticket ticket, Located located, TimePoint now, Actions& out);
    /// `accepted` false: someone else changed the bindings; they are looked up again.
    void committed(Ticket ticket, Flow* flow, bool accepted, TimePoint now, Actions& out);
    /// The flows of the device, latest first; none: it is not registered.
    void found(Ticket ticket, std::vector<Binding> flows, TimePoint now, Actions& out);
    /// `stored` false: it could not be, and the caller can call on.
    void blocked(Ticket ticket, bool stored, TimePoint now, Actions& out);
    /// False: the call is not on the disk; it is ended on both sides.
    void recorded(Ticket ticket, bool durable, TimePoint now, Actions& out);
    /// The answer to `Connect`; no flow: there is no protected way to there now.
    void connected(Ticket ticket, FlowId flow, TimePoint now, Actions& out);
    /// A connection that `Connect` made is open, on this worker: its health is watched from now on.
    void opened(const Flow& flow, TimePoint now);
    /// A `Send` over a flow of this worker was marked so.
    void wanted(FlowId flow, TimePoint now);

    /// A subscriber asked for credentials of the TURN servers, over HTTPS on `flow`. `date` is Unix time.
    RelayReply relay_credentials(Flow& flow, const RelayRequest& request, TimePoint now, seconds date, Actions& out);

    /// A phone that was asked to wake has registered.
    void woken(Ticket ticket, TimePoint now, Actions& out);
    /// It could not be asked.
    void not_woken(Ticket ticket, TimePoint now, Actions& out);

    /// The bindings of a device that is watched may have changed.
    void binding_changed(BindingId device, TimePoint now, Actions& out);

    /// When `on_deadline` wants to be called next; TimePoint::max() when nothing waits.
    [[nodiscard]] TimePoint next_deadline() const;
    void on_deadline(TimePoint now, Actions& out);

    /// New calls get 503 from now on; what runs goes on.
    void drain();
    /// The process ends: who is being called rings no longer, and who calls is told (503). That connections end from
    /// here on says nothing of those behind them.
    void end_calls(TimePoint now, Actions& out);
    [[nodiscard]] bool idle() const;
    [[nodiscard]] const ElementCounters& counters() const;
    [[nodiscard]] const DroppedHeaders& dropped_headers() const;
    [[nodiscard]] const RefusalCounts& refusals() const;
    [[nodiscard]] const transaction::AnswerTimes& answer_times() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace sotto
