#pragma once
#include "core/auth/digest.hpp"
#include "core/auth/failure_limits.hpp"
#include "core/element.hpp"
#include "core/privacy/dialog_seal.hpp"
#include "core/privacy/dropped_headers.hpp"
#include "core/privacy/outbound.hpp"
#include "core/proxy/domains.hpp"
#include "core/transaction/layer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sotto {

/// What the transaction users of one worker share. Settings and accounts are snapshots, replaced between two events.
struct Environment {
    /// The answers to wrong passwords that were held back: from some failures on guessing takes time.
    struct LateAnswer {
        transaction::SlotId server;
        int status{0};
        std::string bytes;
    };

    Cryptography& cryptography;
    Sealer& sealer;
    DialogMemory& dialogs;
    AnonymousCallers& anonymous_callers;
    std::shared_ptr<const CoreSettings> settings;
    std::shared_ptr<const AccountDirectory> accounts;
    ElementCounters counters;
    DroppedHeaders dropped;
    RefusalCounts refusals;
    auth::FailureLimits& failures;
    RateLimit& peer_calls;
    PushRegistrations& push;
    const billing::CallLedger* ledger{nullptr};
    std::uint16_t worker{0};
    std::uint64_t settings_read{1}; ///< how often
    bool draining{false};
    bool ending{false}; ///< all connections are about to be closed by us
    transaction::Layer* layer{nullptr};
    transaction::SlotTable<LateAnswer> late{};

    /// The bindings of the device are watched for as long as anybody here wants to hear of them.
    void watch(BindingId device, Actions& out);
    void watch_no_more(BindingId device, Actions& out);
    std::unordered_map<BindingId, std::size_t> watched{}; ///< by how many

    [[nodiscard]] Domains domains() const { return Domains{*settings}; }
    [[nodiscard]] SealParts seal_parts() const { return {sealer, cryptography, dialogs}; }

    /// Answers a request ourselves; the To tag is ours and differs for every transaction.
    [[nodiscard]] std::string own_tag(const transaction::Server& server) const;
    [[nodiscard]] Outbound own_reply(const transaction::Server& server, int status) const;
    enum class Admits : std::uint8_t {
        active,    ///< accounts in good standing
        suspended, ///< a suspended one as well: it may be in an emergency call
        for_help   ///< an emergency call: a right answer counts past every limit; wrong ones are counted and slow, and
                   ///< come one after the other for each address
    };
    /// Who sent the request, proven by Digest credentials for `realm`. Null: it has been challenged or refused.
    /// `expected` names whose challenge it gets when it brings no credentials.
    const Account* authenticate(transaction::SlotId server, Flow& flow, auth::Asker asker, const std::string& realm,
                                std::string_view expected, TimePoint now, Actions& out, Admits admits = Admits::active);
    /// Finds the parties that a foreign flow speaks for: a gateway's or emergency service's routes, and the domains
    /// themselves as peers; anew when the settings have changed.
    void recognise(Flow& flow) const;
    /// Counts credentials that were wrong, and says what that means for the answer.
    enum class Heed : std::uint8_t {
        at_once,
        late,      ///< they were wrong, as several before
        not_at_all ///< there were too many: not even a right answer counts, since guessing must not pay
    };
    /// `sent_by`: behind an edge, whom it has heard.
    Heed heeds(const auth::Checked& checked, const std::string& realm, Flow& flow, std::string_view sent_by,
               TimePoint now, Actions& out, Admits admits = Admits::active);
    static constexpr std::uint8_t late_answer = 6; ///< timer
    static constexpr seconds tarpit{2};            ///< what `Heed::late` means
    void answer_late(transaction::SlotId held, TimePoint now, Actions& out);
    void refuse(transaction::SlotId server, Refusal refusal, TimePoint now, Actions& out);
    /// 420, with these option tags as Unsupported.
    void refuse_extensions(transaction::SlotId server, std::string_view unsupported, TimePoint now, Actions& out);
    void answer(transaction::SlotId server, int status, const Outbound& reply, TimePoint now, Actions& out);
    /// The account whose address this canonical form is.
    [[nodiscard]] const Account* account_of(std::string_view aor) const;
};

/// What waits for the location service, as the kind of a ticket. 1 and 2 belong to the transaction layer.
enum class Waiting : std::uint8_t {
    cancel = transaction::Layer::cancel_ticket,
    registration = 4,
    targets = 5,
    dialog_target = 6,
    ack_target = 7,
    caller_flow = 8,
    referred = 9,
    block = 10,
    gruu = 11,
    sleeper = 12,
    reg_event = 13,
    record = 14,
    connection = 15 // the kind of a ticket has four bits
};

inline Ticket ticket_for(Waiting kind, transaction::SlotId id)
{
    return {transaction::pack(static_cast<std::uint8_t>(kind), id)};
}

} // namespace sotto
