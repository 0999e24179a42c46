#pragma once
#include "core/billing/call_ledger.hpp"
#include "core/dialog/memory.hpp"
#include "core/types/cryptography.hpp"

namespace sotto::billing {

/// Whose device and which flow stands for each end of a call.
struct Parties {
    Reach caller, callee;
    KeyedHash identifiers;  ///< as `identifiers_of` makes them; none: not known
    bool hanging_up{false}; ///< a BYE is on its way
};

/// What names a call (RFC 3261 12), as its parties wrote it themselves.
struct CallNames {
    std::string_view call_id, caller_tag; ///< the caller's
    std::string_view callee_tag;          ///< of the answer that was recorded
};

/// Whoever names its call otherwise asks for another one (RFC 3261 12.2.2), and must not have this one ended by the 481
/// that it gets.
KeyedHash identifiers_of(Cryptography& cryptography, const CallNames& names);

/// Keeps the devices and the identifiers of a recorded call in the dialog memory until the dialog ends: that reaches
/// the next process, where a live binding of either is a sign of life again. Flows end with this process, so they are
/// left out. A BYE that is on its way already stays noted.
void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog, Parties parties);
/// A BYE is on its way, or was refused. Should this process end before its answer comes, nobody says BYE again, and a
/// device that is registered no longer means that somebody talks. `ahead`: also where nothing is kept of the call yet.
void keep_hanging_up(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog, bool hanging_up,
                     bool ahead);
/// Of a call that a process before has recorded; nobody: nothing is kept, or the dialog has ended.
Parties kept_parties(const DialogMemory& memory, Cryptography& cryptography, KeyedHash dialog);

} // namespace sotto::billing
