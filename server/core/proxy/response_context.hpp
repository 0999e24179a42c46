#pragma once
#include "core/billing/tariff.hpp"
#include "core/message/message.hpp"
#include "core/privacy/body.hpp"
#include "core/privacy/dialog_seal.hpp"
#include "core/privacy/quote.hpp"
#include "core/registrar/binding.hpp"
#include "core/routing/route.hpp"
#include "core/transaction/slots.hpp"
#include "core/transaction/timer_queue.hpp"
#include "core/types/ids.hpp"
#include "core/types/party.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sotto {

/// In which order targets are tried, the highest first, equal ones together (RFC 3261 16.6).
struct Preference {
    static constexpr std::uint16_t dialled = 1001;    ///< before whoever a redirection leads to
    static constexpr std::uint16_t announcing = 1002; ///< a media server comes before what it announces
    std::uint16_t contact{dialled};                   ///< q of the Contact of a 3xx, in thousandths
    std::uint16_t q{1000};                            ///< of the binding
    auto operator<=>(const Preference&) const = default;
};

/// Where one copy of the request goes: a device over one of its flows (RFC 3261 16.5 "target").
struct ForwardTarget {
    Party party;
    BindingId id;
    BindingId device;        ///< whose binding this is; none: nobody's
    std::uint32_t reg_id{0}; ///< of the binding
    FlowId flow;
    Transport transport{Transport::tls};
    Preference preference;
    std::string uri;      ///< Request-URI: the receiver's own Contact
    std::string route;    ///< its Path or its route set; empty when it is connected here
    bool by_path{false};  ///< that is its Path, which a dialog's own route set does not replace
    Destination next_hop; ///< of a foreign party: where to connect while `flow` is none
    std::string address;  ///< of a foreign party in a dialog: how it calls itself, without the tag
};

/// What a call that leaves over a route was dialled as; found again in the settings by the route's name.
struct Outside {
    std::string route;
    std::string aor, number, service; ///< as in Decision
    std::string former{};             ///< after a redirection: the Request-URI before it (RFC 7044)
};

/// One copy of the request and what became of it (RFC 3261 16.6, 16.7).
struct Branch {
    /// It waits for a connection, and nothing of it is under way.
    [[nodiscard]] bool connects() const { return !ended && target.party.foreign() && !target.flow; }

    ForwardTarget target;
    std::vector<ForwardTarget> other_flows; ///< of the same device, tried one after the other (RFC 5626 7)
    std::vector<FlowId> tried;              ///< those before the target's
    transaction::SlotId client;
    transaction::TimerHandle timer_c;
    std::optional<DialogSeal> seal;
    bool ended{false};
    bool cancelled{false};
    bool cancel_sent{false};
    bool refused{false}; ///< cancelled for a body in a reliable provisional response that may not pass
    /// Of a billed call: its answer waits until it is on the disk.
    enum class Record : std::uint8_t { none, waits, written } record{Record::none};
    bool session{false};    ///< its callee withholds its addresses
    bool gone{false};       ///< its connection has ended, and the device has no other
    bool lost{false};       ///< so it had before anything was heard over it
    bool authorised{false}; ///< sent again with an answer to the trunk's challenge
    bool announces{false};  ///< to a media server, before the call that it announces; its answer is nobody else's
    KeyedHash answered{};   ///< of the To tag of the first 2xx to an INVITE
    std::optional<std::string> hung_up{}; ///< the To tag of its 2xx that we have answered with a BYE
    std::string called;                   ///< the Request-URI that a foreign party was sent
    std::string to;                       ///< what its receiver was shown as To; kept as the address of a foreign party
    std::vector<FlowId> failed_hosts;     ///< of a foreign party: they led to hosts of its name that have failed
    int failed_status{0};                 ///< of the last one of these: it counts if there is no other
    MessagePtr failed_response;
};

/// Whether one of them leads to that device.
inline bool holds(const std::vector<Branch>& branches, BindingId device)
{
    return std::ranges::any_of(branches, [&](const Branch& branch) { return branch.target.device == device; });
}

/// Where the sender of a request can be reached within the dialog.
struct SenderTarget {
    BindingId binding;                          ///< its registered binding, when its Contact is that one's
    std::optional<DialogMemory::Handle> handle; ///< else what is kept of its Contact
    bool proposed{false};                       ///< its Contact takes the place of another once the request is accepted
    /// Which device of ours it is, whatever its Contact says; none: that is not known.
    [[nodiscard]] BindingId device() const { return handle ? handle->device : binding; }
};

/// What a billed call is recorded with, once it is answered.
struct Charge {
    billing::Tariff tariff;
    std::string destination; ///< as far as rating needs it
};

/// A target that a Refer-To gave, which a new call names.
struct Referral {
    Epoch epoch;
    Salt salt;
    BindingId id;
    BindingId device;              ///< that it leads to
    bool withheld{false};          ///< whom it leads to withholds its identity
    bool session{false};           ///< and its addresses
    bool referred_withheld{false}; ///< who was referred withholds its own from the referrer
    Target source;                 ///< the dialog that it was made from, and the side there of whom it leads to
    bool of_help{false};           ///< made by whoever comes to help, who may ask in vain more than once
};

/// What a proxy keeps of one request that it forwards (RFC 3261 16.7 "response context").
struct ResponseContext {
    /// The device rings, has rung, or waits its turn.
    [[nodiscard]] bool tries(BindingId device) const
    {
        const auto reached = [&](const Branch& branch) { return branch.target.device == device && !branch.lost; };
        return std::ranges::any_of(branches, reached) ||
               std::ranges::any_of(waiting, [&](const auto& group) { return holds(group, device); });
    }
    /// Of the Contact that has led to that account.
    [[nodiscard]] std::uint16_t preference_of(AccountId account) const
    {
        const auto led = std::ranges::find(redirected, account, &std::pair<AccountId, std::uint16_t>::first);
        return led == redirected.end() ? Preference::dialled : led->second;
    }
    /// Nobody is rung any more.
    [[nodiscard]] bool over() const
    {
        return cancelled || no_answer || answered || best_status >= 600; // RFC 3261 16.7 step 5
    }
    /// Nothing reached a device over that connection.
    [[nodiscard]] bool lost(FlowId flow) const
    {
        const auto over_it = [&](const Branch& branch) {
            return branch.lost && (branch.target.flow == flow || std::ranges::count(branch.tried, flow) != 0);
        };
        return std::ranges::any_of(branches, over_it);
    }

    transaction::SlotId server;
    Party sender;
    Holder holder;           ///< the sender's
    Role role{Role::caller}; ///< the sender's side of the dialog
    bool in_dialog{false};
    bool unnamed{false};         ///< it shares its connection, and neither its From nor a note tells who it is
    bool withheld{false};        ///< the caller's identity
    bool callee_withheld{false}; ///< in a request of the callee: its own
    bool hides_now{false};       ///< the caller withholds itself in this request, though not in its dialog
    [[nodiscard]] bool sender_withheld() const
    {
        return role == Role::caller ? withheld || hides_now : callee_withheld;
    }
    /// RFC 3323 `session`: no address in any description of that side.
    bool caller_session{false};
    bool callee_session{false};
    [[nodiscard]] bool session_of(Role side) const { return side == Role::caller ? caller_session : callee_session; }
    /// The name that its sender gives itself is for a person: whom it rings, or who reads it. Later messages of the
    /// dialog ring nobody; what stood there would be the phone's own, and the callee's own name would answer whom it
    /// was called as.
    [[nodiscard]] std::string_view display_name(const Message& request) const
    {
        const bool for_a_person = request.method == Method::invite || request.method == Method::message;
        return for_a_person && !in_dialog ? request.from.display : std::string_view{};
    }
    SenderTarget sender_target;
    /// A response that waits until the sender is back.
    transaction::SlotId homeless{};
    AccountId callee;    ///< whom the address rings; none: nobody
    bool dialled{false}; ///< in a dialog: its callee is whom the caller dialled
    /// A tag of either party with what the dialog's tokens say of it; `called` is whom the request goes to.
    [[nodiscard]] DialogSeal::Tag tag(std::string_view value, const Party& called) const
    {
        return {.value = std::string{value},
                .withheld = withheld,
                .session = caller_session,
                .dialled = in_dialog ? dialled : callee && called == callee};
    }
    BindingId remote_target;        ///< in a dialog: the device that the Request-URI opened to
    std::optional<DialogSeal> seal; ///< and the dialog's seal, as far as the sender's side
    std::optional<Referral> referral;
    GruuSeries gruu_series;   ///< of a call to a temporary GRUU
    bool hides_callee{false}; ///< such a call, or a redirection in private: its caller is not to learn whom it reaches
    std::string public_gruu;  ///< of a call to a public one: the value of `gr`
    std::string receiver_tag; ///< in a dialog: the receiver's own tag
    std::string receiver_call_id; ///< in a dialog toward the caller: its own Call-ID
    bool callee_outside{false};   ///< in a dialog: whose callee is a foreign party
    /// In the dialog of a call of which it was known by then who has answered: the request names it as it began.
    bool names_known_call{false};
    std::string aor;                                     ///< outside a dialog: whom the request is for, canonical
    std::vector<std::pair<Header, QuotedDialog>> quotes; ///< other dialogs that the request names
    std::optional<Outside> outside;                      ///< the request leaves over a route
    /// What a media server is to tell the caller before the call leaves (WhenWeaker::announce).
    enum class Announcement : std::uint8_t { none, due, heard } announcement{Announcement::none};
    std::uint32_t breadth{60};
    std::vector<Branch> branches;
    std::vector<std::vector<Branch>> waiting; ///< further groups, by falling preference
    MessagePtr best;                          ///< best final failure so far, from a branch
    std::size_t best_branch{0};
    int best_status{0};
    std::optional<BodyRefusal> refused_body; ///< why the last branch was not even sent, or was cancelled
    std::uint32_t look_ups{0};               ///< answers of the location service still to come
    std::uint32_t redirections{0};
    std::uint32_t asleep{0}; ///< phones that were asked to wake and have not come yet
    std::uint32_t woken{0};  ///< those that have come and are being looked up
    /// Whom redirections have led to, and by which q first.
    std::vector<std::pair<AccountId, std::uint16_t>> redirected;
    /// Whose phones are to be asked to wake, once those that are awake are known.
    struct Sought {
        AccountId account;                       ///< none: nobody's address
        std::optional<KeyedHash> seems_to_sleep; ///< nobody's, and is waited for: what stands for it
    };
    std::vector<Sought> sought;
    std::vector<BindingId> asked;    ///< those that were asked to wake
    std::vector<AccountId> sleepers; ///< and their accounts
    std::vector<KeyedHash> seeming;  ///< what seems to sleep; like a sleeper, it is waited for once
    transaction::TimerHandle wake_timer;
    transaction::TimerHandle ring_timer;
    bool no_answer{false};     ///< the ring timeout ended it
    bool cancelled{false};     ///< by the caller
    bool too_weak{false};      ///< an answer has shown a hop without TLS, where the route carries none
    std::string cancel_reason; ///< by the caller
    bool completed{false};     ///< another phone has answered
    bool answered{false};      ///< a final response was sent
    SealedText accepted;       ///< the 2xx that was sent last, and of which branch
    std::size_t accepted_branch{0};
    Destination way_back;           ///< of a caller in another domain, once it is accepted,
    std::string known_as;           ///< and the domain that is connected for
    FlowId sender_gone;             ///< its connection that has ended; it may have another one by now
    bool shed{false};               ///< nothing is kept in the clear any more
    std::unique_ptr<Charge> charge; ///< of a billed call
};

/// RFC 3261 16.7 step 6, as a number: the lower, the better. 0 is no response yet.
int rank_of(int status);

} // namespace sotto
