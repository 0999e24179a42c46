#pragma once
#include "core/billing/call_ledger.hpp"
#include "core/message/message.hpp"
#include "core/registrar/binding.hpp"
#include "core/routing/route.hpp"
#include "core/types/ids.hpp"
#include "core/types/party.hpp"
#include "core/types/private.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace sotto {

/// Names work that waits for an answer from the location service or the store; given back with the answer.
struct Ticket {
    std::uint64_t value{0};
    auto operator<=>(const Ticket&) const = default;
};

/// Write one whole message on a flow, of this worker or another. When the flow is gone and `ticket` is not 0, tell
/// `Element::undeliverable`.
struct Send {
    FlowId flow;
    std::string bytes;
    Ticket ticket;
    bool awaits{false}; ///< an answer, an ACK or a CANCEL: when the flow ends later, tell `Element::flow_closed`
    bool wanted{false}; ///< to another domain, by somebody of ours: tell `Element::wanted` of the worker that owns it
};
/// Close a connection after what is queued has been written.
struct CloseFlow {
    FlowId flow;
};
/// Ask the location service; answer with `Element::located`.
struct LookUp {
    Ticket ticket;
    AorKeys aor;
};
/// Replace an account's bindings; answer with `Element::committed`, with the flow's state if it still exists.
struct Commit {
    Ticket ticket;
    FlowId flow;
    AorKeys aor;
    Located bindings;
};
/// Ask for the flows of one device; answer with `Element::found`.
struct Find {
    Ticket ticket;
    BindingId id;
    bool in_dialog{false}; ///< for a request inside a dialog
};
/// Drop one of a device's bindings: whoever keeps that flow says that it has failed (RFC 5626 9.3).
struct Unbind {
    BindingId device;
    FlowId flow;
    std::uint32_t reg_id{0};
};
/// Store that an account refuses a withheld caller; answer with `Element::blocked`.
struct Block {
    Ticket ticket;
    AccountId account;
    KeyedHash pseudonym;
};
/// Give a message to the worker that owns its transaction: post it to that worker's `Element::handed_over`.
struct HandOver {
    std::uint16_t worker;
    MessagePtr message;
    FlowId from;
    std::vector<Party> parties; ///< proven on that flow
};

/// Ask the push gateway to wake a phone, by what it registered for that (RFC 8599). When that cannot be done, tell
/// `Element::not_woken`.
struct Wake {
    Ticket ticket;
    std::string provider;
    std::string parameter;
    std::string token;
};
/// Tell that worker's `Element::woken`: a phone that it waits for has registered.
struct Woken {
    std::uint16_t worker{0};
    Ticket ticket;
};

/// From now on, or no longer: tell `Element::binding_changed` when a device's bindings may have changed.
struct Watch {
    BindingId device;
    bool on{true};
};

/// Record a billed call before the caller hears of its answer; answer with `Element::recorded`.
struct RecordCall {
    Ticket ticket;
    std::unique_ptr<billing::AnsweredCall> call;
};
/// The dialog lives, or has ended; whether it is a billed one, the ledger knows.
struct CallAlive {
    KeyedHash dialog;
};
struct CallEnded {
    KeyedHash dialog;
    milliseconds ago{0}; ///< as CallLedger::ended
};

/// Find a way to another domain: a live connection to it, or a new one, over TLS and with its certificate checked
/// (RFC 3263, RFC 5922). Answer with `Element::connected`.
struct Connect {
    Ticket ticket;
    Destination to;
    std::string own;   ///< the served domain that the other end is to see proven
    std::string route; ///< the name by which operators know it
    /// Where this way is known to be dead the call need not wait for it.
    bool others_follow{false};
    /// They led to hosts that have failed the call: it wants another one of the same name (RFC 3263 4.3), or none.
    std::vector<FlowId> instead_of{};
};
/// Something happened that operators must hear of. Says nothing about who called whom.
enum class Occurrence : std::uint8_t {
    emergency_call, ///< over `route`
    unannounced,    ///< a call leaves over `route`, and no media server has told its caller
    guessing        ///< the passwords of `account` are tried, faster than they may be
};
struct Report {
    Occurrence what;
    std::string route{};
    Private<std::string> account{std::string{}};
};

using Action = std::variant<Send, CloseFlow, LookUp, Commit, Find, Unbind, Block, HandOver, Wake, Woken, Watch,
                            RecordCall, CallAlive, CallEnded, Connect, Report>;
using Actions = std::vector<Action>;

} // namespace sotto
