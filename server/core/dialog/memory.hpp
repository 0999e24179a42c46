#pragma once
#include "core/privacy/sealer.hpp"
#include "core/registrar/binding.hpp"
#include "core/types/party.hpp"

#include <bitset>
#include <optional>
#include <string>

namespace sotto {

/// By their numbers.
using Epochs = std::bitset<256>;

/// The little that is remembered of dialogs (SEALING.md): which have ended, and what does not fit into a token. Shared
/// by all workers and thread-safe; nothing outlives the epoch that the dialog began in.
class DialogMemory {
public:
    virtual ~DialogMemory() = default;

    /// Or its epoch is over. `epoch`: that it began in, here and below.
    [[nodiscard]] virtual bool ended(KeyedHash dialog, Epoch epoch) const = 0;
    /// From now on the dialog's tokens get 481, and what was kept for it is forgotten.
    virtual void end(KeyedHash dialog, Epoch epoch) = 0;

    /// A remote target that is no binding of ours: found again under `id` for the dialog's life.
    struct Handle {
        Party party;
        FlowId flow;      ///< where it was last reached; used when `device` has no live binding
        BindingId device; ///< the device's binding, if it has one: survives a new flow
        Transport transport{Transport::tls};
        SealedText contact;            ///< see RemoteTarget; of a referral, the dialog that it was made from
        bool referral{false};          ///< made for Refer-To: the one kind of target that a new call may name
        bool withheld{false};          ///< of a referral: whom it leads to withholds its identity
        bool session{false};           ///< and its addresses
        bool referred_withheld{false}; ///< whoever it was made for withholds its own from the referrer
    };
    /// `whose`: whose it is, and to whom it counts (none: to nobody). Beyond what one party may have, or one dialog,
    /// nothing is kept, and nothing of a dialog that has ended: what names it leads nowhere.
    virtual void keep(KeyedHash dialog, Epoch epoch, BindingId id, Handle handle, Holder whose) = 0;
    [[nodiscard]] virtual std::optional<Handle> handle(BindingId id) const = 0;

    /// A Call-ID or tag too long for its token, or a quote, under an id of its own.
    virtual void keep_text(KeyedHash dialog, Epoch epoch, BindingId id, SealedText text, Holder whose) = 0;
    /// What we note of a dialog ourselves: of a handful of kinds, and always kept, whatever its parties have filled.
    virtual void keep_note(KeyedHash dialog, Epoch epoch, BindingId id, SealedText note) = 0;
    /// Either of them.
    [[nodiscard]] virtual std::optional<SealedText> text(BindingId id) const = 0;

    /// Forgets everything of the epochs that are over, and keeps nothing more of them: a request that began before may
    /// end long after. Until told of others, as numbers of epochs come again.
    virtual void forget(const Epochs& over) = 0;
};

} // namespace sotto
