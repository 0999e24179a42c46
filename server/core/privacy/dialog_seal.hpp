#pragma once
#include "core/dialog/memory.hpp"
#include "core/privacy/sealer.hpp"
#include "core/types/cryptography.hpp"
#include "core/types/forget.hpp"
#include "core/types/party.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// What seals need from outside; the same for all dialogs of a worker.
struct SealParts {
    Sealer& sealer;
    Cryptography& cryptography;
    DialogMemory& memory;
};

/// The translation between the two legs of one dialog (SEALING.md "Who sees what"). In all calls `stands_for` is the
/// side whose value it is; the token is made for, and opens only in the hands of, the other side.
class DialogSeal {
public:
    /// A dialog that begins: fresh salt, current epoch.
    DialogSeal(SealParts parts, Holder caller, Holder callee);
    /// The dialog that an opened target token belongs to.
    DialogSeal(SealParts parts, const Target& target, Holder caller, Holder callee);

    /// Who is on that side, where it was not known yet.
    void is_held_by(Role side, Holder holder)
    {
        holders_[side == Role::caller ? 0 : 1] = holder;
        forget_texts();
    }
    /// Of a request that begins no dialog (MESSAGE): no later one names its values, so that none is kept.
    void stands_alone() { stands_alone_ = true; }

    [[nodiscard]] Epoch epoch() const { return epoch_; }
    [[nodiscard]] Salt salt() const { return salt_; }
    [[nodiscard]] KeyedHash hash() const;
    [[nodiscard]] Holder holder(Role side) const { return holders_[side == Role::caller ? 0 : 1]; }

    /// The caller's Call-ID as the callee sees it. `owner`: mark of the caller; empty: that of the side's holder.
    std::string call_id(std::string_view value, std::string_view owner = {});
    /// The caller's Call-ID again, from what the callee sent; nothing when it is not of this dialog.
    std::optional<std::string> open_call_id(std::string_view token);

    struct Tag {
        std::string value;
        bool withheld{false}; ///< the caller's identity is withheld in this dialog
        bool session{false};  ///< the caller's addresses are (RFC 3323 `session`)
        bool dialled{false};  ///< whoever answers is whom the caller dialled: nothing led elsewhere
        std::string owner{};  ///< mark of the party whose tag it is; empty when sealing: that of the side's holder
    };
    /// Until the next one is made.
    const std::string& tag(Role stands_for, const Tag& tag);
    std::optional<Tag> open_tag(Role stands_for, std::string_view token);

    /// What the callee of this dialog said of itself in a response.
    struct CalleePrivacy {
        std::optional<bool> withheld; ///< whether the caller may be shown who answered; nothing: as its account says
        bool session{false};          ///< its addresses are withheld
    };
    void keep_callee_privacy(const CalleePrivacy& privacy);
    [[nodiscard]] CalleePrivacy callee_privacy() const;

    /// That side has asked for the other one, which was not there and has not spoken since.
    void keep_asked_in_vain(Role asker, bool in_vain);
    [[nodiscard]] bool asked_in_vain(Role asker) const;

    /// Of a callee's phone behind a route, before any has answered: the dialog with it is over, and others may ring
    /// (RFC 3261 15). False: of that many of them nothing is kept.
    bool keep_early_end(std::string_view callee_tag);
    [[nodiscard]] bool early_end_of(std::string_view callee_tag) const;

    /// Until the next one is made.
    const std::string& target(Role stands_for, BindingId id);
    /// CSeq numbers of `sender` on the other leg; and back, if it can be one. Of a phone that begins with 2^30 or more
    /// that half is left out, for good.
    std::uint32_t cseq(Role sender, std::uint32_t number);
    std::optional<std::uint32_t> cseq_back(Role sender, std::uint32_t number);
    /// RSeq numbers of `responder` on the other leg (RFC 3262 7.1), and back (RAck); each rises as it does.
    std::uint32_t rseq(Role responder, std::uint32_t number);
    std::uint32_t rseq_back(Role responder, std::uint32_t number);
    std::uint64_t sdp_session(Role sender) { return numbers(sender).sdp_session; }
    std::uint32_t sdp_version_offset(Role sender) { return numbers(sender).sdp_version_offset; }
    /// Forgets what it has sealed; only then it is sealed anew.
    void forget_texts()
    {
        forget(latest_tag_.text);
        forget(latest_tag_.token);
        forget(latest_target_.token);
    }

private:
    [[nodiscard]] Holder receiver_of(Role stands_for) const { return holders_[stands_for == Role::caller ? 1 : 0]; }
    const DialogNumbers& numbers(Role side);
    /// `text`: flags, then the value.
    std::string seal(SealKind kind, Role stands_for, const std::string& text);
    std::optional<std::string> open(SealKind kind, Role stands_for, std::string_view token);
    [[nodiscard]] std::string early_ends() const;

    SealParts parts_;
    Epoch epoch_;
    Salt salt_;
    std::array<Holder, 2> holders_; ///< caller, callee
    // What was made once is the same the next time: the answers to one request repeat much of it.
    struct Sealed {
        Role stands_for{Role::caller};
        std::string text, token{};
    };
    struct SealedTarget {
        Role stands_for{Role::caller};
        BindingId id;
        std::string token{};
    };
    mutable std::optional<KeyedHash> hash_;
    std::array<std::optional<DialogNumbers>, 2> numbers_; ///< caller's, callee's
    Sealed latest_tag_;
    SealedTarget latest_target_;
    bool stands_alone_{false};
};

/// In-Reply-To (RFC 3261 20.21): a Call-ID that `callee` saw, given back to the caller whose it is; nothing when it is
/// somebody else's than `receiver`.
std::optional<std::string> call_id_in_reply(std::string_view token, Holder callee, Holder receiver, SealParts parts);

/// Six characters that tell two holders apart inside a seal: who quotes a dialog later must name its other party.
std::string mark_of(Holder holder);

/// A keyed hash of the party, not of its flow: a new flow of the same phone, or of the same domain, holds the same
/// tokens.
Holder holder_of(const Party& party, Cryptography& cryptography);

} // namespace sotto
