#pragma once
#include "core/auth/trunk_credentials.hpp"
#include "core/billing/parties.hpp"
#include "core/dialog/remote_target.hpp"
#include "core/environment.hpp"
#include "core/privacy/body.hpp"
#include "core/proxy/response_context.hpp"
#include "core/routing/presentation.hpp"
#include "core/routing/protection.hpp"

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sotto {

/// The stateful proxy (RFC 3261 16) and what Sotto answers itself outside REGISTER. A request passes: validate (16.3),
/// admit (who asks), route (16.4, 16.5), forward (16.6), respond (16.7).
class Proxy {
public:
    static constexpr std::uint8_t timer_c = 4; ///< RFC 3261 16.6 step 11
    static constexpr std::uint8_t ring_timer = 5;
    static constexpr std::uint8_t wake_timer = 7; ///< RFC 8599 5.2 "Bucket Timer"
    static constexpr std::uint8_t probe_timer = 9;
    static constexpr std::uint8_t untold_timer = 10;

    explicit Proxy(Environment& environment) : env_{environment} {}

    void request(transaction::SlotId server, Flow& flow, TimePoint now, Actions& out);
    void ack(MessagePtr ack, Flow& flow, TimePoint now, Actions& out);
    void cancel(transaction::SlotId invite, const Message& cancel, TimePoint now, Actions& out);
    void response(transaction::SlotId client, MessagePtr response, TimePoint now, Actions& out);
    void no_answer(transaction::SlotId client, bool transport_error, TimePoint now, Actions& out);
    void server_end(transaction::SlotId server, TimePoint now, Actions& out);
    void timer(std::uint8_t kind, transaction::SlotId id, TimePoint now, Actions& out);
    void located(transaction::SlotId context, Located located, TimePoint now, Actions& out);
    void found(Waiting kind, transaction::SlotId id, std::vector<Binding> flows, TimePoint now, Actions& out);
    void blocked(transaction::SlotId server, bool stored, TimePoint now, Actions& out);
    void woken(transaction::SlotId context, Actions& out);
    void not_woken(transaction::SlotId context, bool none_of_them, TimePoint now, Actions& out);
    void recorded(transaction::SlotId waiting, bool durable, TimePoint now, Actions& out);
    /// Another domain can be reached over that flow now; none: it cannot.
    void connected(transaction::SlotId connecting, FlowId flow, TimePoint now, Actions& out);
    void opened(const Flow& flow, TimePoint now);
    /// Somebody of ours has sent over that connection to another domain.
    void wanted(FlowId flow, TimePoint now);
    /// An emergency call that one of our routes carries.
    [[nodiscard]] bool asks_for_help(const Message& request) const { return route_for_help(request) != nullptr; }
    /// Ends what begins and is not yet answered, since no answer could come any more.
    void end_calls(TimePoint now, Actions& out);
    /// A connection that this worker has sent over or received from has ended.
    void flow_closed(FlowId flow, TimePoint now, Actions& out);
    /// A CANCEL had nowhere to go.
    void cancel_undeliverable(transaction::SlotId client, TimePoint now, Actions& out);
    void binding_changed(BindingId device, Actions& out);
    /// A response to the caller had nowhere to go: it is sent over the device's new flow, if it has one. Another domain
    /// is connected to.
    void response_undeliverable(transaction::SlotId server, std::string bytes, Actions& out);

private:
    using SlotId = transaction::SlotId;

    /// How the receiver of a request of ours knows the dialog.
    struct DialogView {
        std::string call_id, from, to;
        std::uint32_t cseq{0};
        int cause{488}; ///< of a BYE (RFC 3326)
    };
    /// A BYE of ours to a party whose device is being looked up: the Path to it is not known yet.
    struct OurBye {
        ForwardTarget to; ///< its URI may be empty
        DialogView view;
        std::optional<std::uint32_t> acknowledges; ///< an ACK goes before it, to an INVITE of this CSeq
    };
    /// A request of ours to a trunk that may ask for our credentials, until it is answered.
    struct OurRequest {
        Method method{Method::other};
        ForwardTarget to;
        DialogView view;
        bool authorised{false}; ///< sent again with an answer to the trunk's challenge
    };
    struct WaitingAck {
        MessagePtr ack;
        FlowId flow;
        Transport transport{Transport::tls};
        BindingId device; ///< its sender's; none: not registered over that flow
        ResponseContext context;
        Branch branch{};
        std::optional<OurBye> bye{}; ///< what its sender said may not pass; nothing else is here any more
    };
    /// A branch that waits for a connection to another domain; or a response, an ACK or a CANCEL, whose connection was
    /// gone.
    struct Connecting {
        SlotId context{};
        std::size_t branch{0};
        SlotId homeless{};
        SlotId ack{};
        SlotId cancelled{}; ///< the INVITE
    };
    /// A connection to another domain whose health is asked for (RFC 3261 11, OPTIONS).
    struct Probed {
        FlowId flow;
        std::vector<std::string> domains; ///< that it has proved; the first one is asked
        TimePoint wanted{};               ///< last
        bool asked{false};                ///< and not yet answered
        transaction::TimerHandle timer{};
    };
    /// Who sends a request outside a dialog, once that is proven.
    struct Caller {
        Party party;
        std::string domain; ///< the served domain whose way of dialling counts
        bool withholds{false};
    };
    /// Who is asked for a password: a user of a served domain, whose name is the realm.
    struct Claimed {
        std::string domain, user;
    };
    /// A response whose connection was gone, until the caller's new flow is known, or there.
    struct Homeless {
        SlotId server;
        FlowId gone;
        std::string bytes;  ///< empty: the latest one of an INVITE
        BindingId device{}; ///< that is waited for; none: it is asked for, or another domain is connected to
    };
    /// A phone that rang as its connection ended, and was to ring no longer: its CANCEL waits until it is back. Another
    /// domain is connected to.
    struct Untold {
        SlotId client;
        BindingId device;     ///< none: another domain's
        Destination next_hop; ///< of that one
        Transport transport{Transport::tls};
        int cause{487}; ///< why it is hung up on (RFC 3326), should it be picked up meanwhile
        bool told{false};
    };

    /// The answer to a billed call, until the call is on the disk.
    struct WaitingRecord {
        SlotId context;
        std::size_t branch{0};
        KeyedHash dialog;
        MessagePtr answer;
        Body body; ///< what the caller may learn of the answer's
    };

    // proxy.cpp: validate, admit, route
    std::optional<Refusal> validate(const Message& request) const;
    void answer_ourselves(SlotId server, const Message& request, TimePoint now, Actions& out);
    const Account* authenticate(SlotId server, Flow& flow, Environment::Admits admits, TimePoint now, Actions& out);
    [[nodiscard]] Claimed claimed(const Message& request, const Flow& flow) const;
    [[nodiscard]] std::optional<Claimed> named_by_credentials(const Message& request) const;
    /// As one of its addresses.
    [[nodiscard]] bool names(const NameAddr& address, const Party& party) const;
    std::optional<Caller> admit(SlotId server, Flow& flow, bool for_help, TimePoint now, Actions& out);
    std::optional<Refusal> check_from(const Message& request, const Account& account) const;
    void block_last_caller(SlotId server, AccountId account, TimePoint now, Actions& out);
    void route(SlotId server, const Caller& caller, Flow& flow, TimePoint now, Actions& out);
    void call_inside(SlotId server, ResponseContext context, TimePoint now, Actions& out);
    /// How an account takes a request outside a dialog, whichever way led to it: address, redirection, GRUU, referral.
    enum class Reception : std::uint8_t { rings, nobody_there, refuses_anonymous };
    Reception received_by(const Account* callee, const ResponseContext& context, const Message& request, TimePoint now);
    bool note_withheld(const ResponseContext& context, const Message& request, const Account* callee, bool there,
                       TimePoint now);
    /// `route`: the route set that leads back to it.
    SenderTarget sender_target(const Message& request, const Party& party, const Flow& flow, std::string route) const;
    /// The name of the remote target of that side of a dialog, which its tag tells from others that answered (RFC 3261
    /// 12), where it is no binding of ours. A new Contact takes the place of the one before.
    BindingId id_of_remote(std::string_view tag, Role side, KeyedHash dialog) const;
    std::optional<RemoteTarget> remote_of(std::string_view tag, Role side, KeyedHash dialog, const Party& party) const;

    // wake.cpp
    ResponseContext::Sought sought(const Account* account, std::string_view aor) const;
    void wake_sleepers(SlotId context, const std::vector<Branch>& found, TimePoint now, Actions& out);
    std::optional<KeyedHash> seems_to_sleep(std::string_view aor) const;

    // gruu.cpp
    BindingId device_named_by(const NameAddr& contact, AccountId account,
                              std::span<const RegisteredDevice> registered) const;
    void found_behind_gruu(SlotId context, std::vector<Binding> flows, TimePoint now, Actions& out);
    bool quotes_are_of(const ResponseContext& context, const Party& callee) const;

    // in_dialog.cpp
    static bool receiver_withheld(const ResponseContext& context);
    static void asks_no_more(ResponseContext& context, Role asker, const Party& party);
    static void was_not_there(ResponseContext& context);
    [[nodiscard]] bool with_emergency_service(const Target& target) const;
    [[nodiscard]] bool leads_outside(const Target& target) const;
    void note_sender(const DialogSeal& seal, std::string_view others_tag, AccountId sender) const;
    [[nodiscard]] AccountId noted_sender(std::string_view others_tag) const;
    bool open_dialog(const Message& request, const Flow& flow, ResponseContext& context, Target& target) const;
    [[nodiscard]] bool may_be_unproven(const Message& request, const Flow& flow) const;
    void in_dialog(SlotId server, Flow& flow, TimePoint now, Actions& out);
    void find_remote_target(const ResponseContext& context, SlotId id, Actions& out) const;
    /// How the device is reached over each of its flows, the best first; none: it is not.
    std::vector<ForwardTarget> reachable(BindingId id, const std::vector<Binding>& flows) const;
    /// `ago`: how long it is that its party has ended it.
    void end_dialog(const DialogSeal& seal, Actions& out, milliseconds ago = {});
    bool end_named(const ResponseContext& context, const Message& request, DialogSeal& seal, Actions& out,
                   milliseconds ago = {});

    // bill.cpp
    static std::unique_ptr<Charge> charge(const billing::Tariff& tariff, std::string_view dialled);
    static std::unique_ptr<Charge> charge_outside(const Decision& decision);
    [[nodiscard]] std::unique_ptr<Charge> charge_inside(std::string_view aor) const;
    [[nodiscard]] const billing::InsideTariff* tariff_of(const Account& callee) const;
    [[nodiscard]] bool costs_otherwise(const ResponseContext& context, std::string_view aor) const;
    [[nodiscard]] std::unique_ptr<Charge> charge_referred(const ResponseContext& context,
                                                          const ForwardTarget& to) const;
    [[nodiscard]] bool recordable() const { return env_.ledger != nullptr && env_.ledger->writable(); }
    void record(SlotId context, std::size_t branch, MessagePtr answer, Body body, Actions& out);
    void keep_parties(const ResponseContext& context, const Branch& branch, const Message& answer);
    enum class Named : std::uint8_t { nothing_known, its_call, another };
    [[nodiscard]] Named call_named_by(const Message& request, const ResponseContext& context) const;
    void keep_answerer(const ResponseContext& context, const Branch& branch, const Message& answer);
    void tell_ledger(const DialogSeal& seal, Actions& out);
    void hangs_up(const DialogSeal& seal, bool on_its_way);

    // outside.cpp
    /// The route of kind `emergency` that the request takes; null: it is no call for help.
    const Route* route_for_help(const Message& request) const;
    bool carries_help(SlotId server, const Route& route, TimePoint now, Actions& out);
    std::optional<Caller> admit_outsider(SlotId server, const Flow& flow, TimePoint now, Actions& out);
    void call_outside(SlotId server, ResponseContext context, const Decision& decision, TimePoint now, Actions& out);
    void announcement_over(SlotId context, std::size_t branch, TimePoint now, Actions& out);
    /// Where to connect when the flow that it spoke over has gone.
    Destination way_to(const Party& party, const Flow& flow) const;
    Branch outside_branch(const Route& route, const Party& party, Destination domain) const;
    Decision redirected_to(const ResponseContext& context, const Party& redirecting, Uri contact) const;
    bool redirected_outside(ResponseContext& context, const Decision& decision, std::uint16_t port, std::uint16_t q,
                            std::string_view former);
    std::string own_from(const Party& sender, const Message& request) const;
    std::string own_address(const ResponseContext& context, const Message& request) const;
    std::string domain_for(const ResponseContext& context, const Message& request, const Party& receiver) const;
    void connect(SlotId context, std::size_t branch, Actions& out);
    void keep_way_back(ResponseContext& context, const Message& request) const;
    void connect_back(SlotId homeless, const ResponseContext& context, const Party& caller, Actions& out);
    void found_way_back(SlotId homeless, FlowId flow, Actions& out);
    void connect_for_ack(SlotId ack, Actions& out);
    void connect_for_cancel(const ResponseContext& context, const Branch& branch, Actions& out);
    void found_way_for_cancel(SlotId client, FlowId flow, TimePoint now, Actions& out);
    void found_way_for_ack(SlotId ack, FlowId flow, TimePoint now, Actions& out);
    [[nodiscard]] bool nobody_wants(const Probed& probed, TimePoint now) const;
    void probe(SlotId probed, TimePoint now, Actions& out);
    void probe_no_more(SlotId probed);
    bool probe_answered(const transaction::Client& client, TimePoint now);
    bool probe_failed(const transaction::Client& client, bool gone);
    bool try_next_host(SlotId context, std::size_t branch, int status, MessagePtr& response, TimePoint now,
                       Actions& out);
    bool try_credentials(SlotId context, std::size_t branch, const Message& response, TimePoint now, Actions& out);
    /// The route of a foreign party; null for a subscriber, and when the configuration has it no longer.
    const Route* route_of(const Party& party) const;
    Presented presented(const ResponseContext& context, const Message& request, const Branch& branch) const;
    void write_outside(Outbound& message, const ResponseContext& context, const Message& request, const Branch& branch,
                       const Presented& shown);
    /// Who calls from elsewhere, as far as somebody answers for it: "user@domain" or a number; empty: nobody does.
    std::string foreign_caller(const Party& sender, const Message& request) const;
    std::string foreign_sender(const ResponseContext& context, const Message& request) const;

    // protect.cpp
    /// Value of Call-Protection; empty where nothing drops.
    std::string protection(const Party& with, std::size_t hops, bool in_the_clear) const;
    std::string protection_warning(Told what, const Message& request) const;
    void mark_answer(Outbound& message, const ResponseContext& context, const Branch& branch, const Message& request,
                     const Message& response) const;
    void refuse_weaker(SlotId server, TimePoint now, Actions& out);
    bool answered_too_weakly(const ResponseContext& context, const Branch& branch, const Message& response) const;
    void refuse_answered(SlotId context, std::size_t branch, const Message& response, TimePoint now, Actions& out);

    // transfer.cpp
    [[nodiscard]] std::string undialled(std::string_view aor) const;
    [[nodiscard]] std::string address_to_call(std::string_view aor, bool withheld) const;
    std::string address_named(const Uri& uri, const ResponseContext& context) const;
    std::string refer_to(const ResponseContext& context, const NameAddr& address, Branch& branch);
    std::optional<Referral> referral_named_by(const Message& request, const Party& sender) const;
    [[nodiscard]] bool asks_too_late(const Referral& referral) const;
    void found_nobody(const Referral& referral);
    bool withholds_target(const QuotedDialog& quote) const;
    bool may_quote(const QuotedDialog& quote, const ResponseContext& context) const;
    void spend_referral(const ResponseContext& context, int status);
    void found_behind_referral(SlotId context, const std::vector<Binding>& flows, TimePoint now, Actions& out);
    bool read_quotes(const Message& request, ResponseContext& context) const;
    [[nodiscard]] std::string replied_to(const Message& request, Holder sender, Holder receiver) const;
    void write_quotes(Outbound& message, const ResponseContext& context, const Message& request, Holder receiver) const;

    // forward.cpp
    ForwardTarget target_of(const Binding& binding) const;
    static void waits_its_turn(ResponseContext& context, Branch branch);
    void start_device(SlotId context, std::vector<ForwardTarget> ways, TimePoint now, Actions& out);
    void start_group(SlotId context, std::vector<Branch> group, TimePoint now, Actions& out);
    void start(SlotId context, std::size_t branch, TimePoint now, Actions& out);
    /// The request for one branch's receiver, or why its body may not pass.
    boost::system::result<std::string, BodyRefusal> write_request(ResponseContext& context, const Message& request,
                                                                  Branch& branch, std::string_view via,
                                                                  transaction::Sent* sent);
    std::string sender_contact(ResponseContext& context, const Message& request, Branch& branch);
    void keep_proposed(ResponseContext& context, const Branch& branch);
    /// Our name toward an account's phones.
    std::string host_for(const Party& receiver, Transport transport) const;
    /// "SIP/2.0/TLS sip.example.org;branch=...", on a request of ours.
    std::string own_via(const ForwardTarget& to, std::string_view branch) const;
    std::string target_uri(DialogSeal& seal, Role stands_for, BindingId id, const Party& receiver, Transport transport,
                           Scheme scheme) const;
    std::string shown_sender(const ResponseContext& context, const Message& request) const;
    std::string dialled_address(const Uri& uri) const;
    std::string shown_receiver(const ResponseContext& context, const Message& request, const Party& receiver) const;
    /// The address of an account that every phone of it knows as its own.
    std::string address_of(const Party& party) const;
    BodyResult body_for(const ResponseContext& context, const Message& source, DialogSeal& seal, Role sender,
                        const Party& author, const Party& reader) const;
    /// Of a response over that branch.
    BodyResult answer_body(ResponseContext& context, Branch& branch, const Message& response) const;

    // hang_up.cpp
    void send_ours(const OurRequest& ours, TimePoint now, Actions& out);
    bool ours_answered(const transaction::Client& client, const Message& response, TimePoint now, Actions& out);
    bool ours_failed(const transaction::Client& client);
    static ForwardTarget answerer(const ResponseContext& context, const Branch& branch, const Message& ok);
    static DialogView view_of(const Message& ok);
    static DialogView view_of_bye(const Message& ok, int cause);
    [[nodiscard]] bool was_refused(const ResponseContext& context) const;
    [[nodiscard]] bool awaits_answer(const ResponseContext& context) const;
    [[nodiscard]] bool comes_too_late(const ResponseContext& context, const Branch& branch,
                                      const Message& answer) const;
    void end_unheard(SlotId context, std::size_t branch, const Message& answer, Refusal why, TimePoint now,
                     Actions& out);
    void acknowledge(const ResponseContext& context, const Branch& branch, const Message& ok, TimePoint now,
                     Actions& out);
    void end_answered(const ResponseContext& context, Branch& branch, const Message& ok, int cause, TimePoint now,
                      Actions& out);
    void end_renegotiated(const ResponseContext& context, Actions& out);
    void found_for_ack(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out);
    void pass_on(WaitingAck& waiting, TimePoint now, Actions& out);
    void end_acknowledged(WaitingAck& waiting, TimePoint now, Actions& out);
    void end_acknowledging(WaitingAck& waiting, Actions& out);
    void hang_up_late(const Untold& untold, const transaction::Client& client, const Message& ok, Actions& out);
    void look_up_for_bye(BindingId device, OurBye bye, Actions& out);
    void found_for_bye(OurBye& bye, const std::vector<Binding>& flows, TimePoint now, Actions& out);

    // respond.cpp
    void refuse_early(SlotId context, std::size_t branch, const BodyRefusal& why, TimePoint now, Actions& out);
    void end_refused(SlotId context, std::size_t branch, const Message& ok, TimePoint now, Actions& out);
    void follow_flow(const ResponseContext& context, Branch& branch, const Message& response, FlowId flow);
    void forward_response(SlotId context, std::size_t branch, const Message& response, const Body& body, TimePoint now,
                          Actions& out);
    bool answers_beside(const ResponseContext& context, std::size_t branch, const Message& response) const;
    void hang_up_beside(const ResponseContext& context, const Branch& branch, const Message& ok, TimePoint now,
                        Actions& out);
    void repeat_accepted(const ResponseContext& context, std::size_t branch, int status, TimePoint now, Actions& out);
    void shed(SlotId context);
    void refuse_body(SlotId server, const BodyRefusal& refusal, TimePoint now, Actions& out);
    void cancel_branches(ResponseContext& context, TimePoint now, Actions& out);
    void cancel_ringing(Branch& branch, TimePoint now, Actions& out);
    void found_for_cancel(SlotId client, const std::vector<Binding>& flows, TimePoint now, Actions& out);
    void cancel_given_up(SlotId client, FlowId flow, TimePoint now, Actions& out);
    void give_up(const ResponseContext& context, const Branch& branch, TimePoint now, Actions& out);
    bool given_up_answered(const transaction::Client& client, const Message& response, Actions& out);
    void forget_untold(SlotId untold, Actions& out);
    void await(BindingId device, Ticket ticket, Actions& out);
    void await_no_more(BindingId device, Ticket ticket, Actions& out);
    void await_caller(SlotId homeless, Actions& out);
    [[nodiscard]] std::string latest_response(SlotId server);
    void forget_homeless(SlotId homeless, Actions& out);
    std::string responder_contact(ResponseContext& context, const Message& request, Branch& branch,
                                  const Message& response);

    // best_response.cpp
    void failed(SlotId context, std::size_t branch, int status, MessagePtr response, TimePoint now, Actions& out);
    bool looks_again(ResponseContext& context, Branch& branch, SlotId id, Actions& out);
    bool redirected(SlotId context, std::size_t branch, const Message& response, TimePoint now, Actions& out);
    void branch_over(SlotId context, TimePoint now, Actions& out);
    std::optional<BodyRefusal> unseen_body(const ResponseContext& context, const Message& request) const;
    void refuse_unseen(SlotId context, Refusal refusal, TimePoint now, Actions& out);
    void answer_best(SlotId context, TimePoint now, Actions& out);

    Environment& env_;
    transaction::SlotTable<ResponseContext> contexts_;
    transaction::SlotTable<WaitingAck> acks_;
    transaction::SlotTable<Homeless> homeless_;
    transaction::SlotTable<Untold> untold_;
    std::unordered_multimap<BindingId, Ticket> awaited_; ///< devices between two connections, and who asks for them
    transaction::SlotTable<WaitingRecord> records_;
    transaction::SlotTable<Connecting> connecting_;
    transaction::SlotTable<Probed> probed_;
    std::unordered_map<FlowId, SlotId> probed_on_;
    transaction::SlotTable<OurRequest> ours_;
    auth::TrunkCredentials trunks_;
};

} // namespace sotto
