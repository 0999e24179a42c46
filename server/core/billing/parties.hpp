#pragma once
#include "core/billing/call_ledger.hpp"
#include "core/dialog/memory.hpp"
#include "core/types/cryptography.hpp"

namespace sotto::billing {

/// Whose device and which flow stands for each end of a call.
struct Parties {
    Reach caller, callee;
};

/// Keeps the devices of a recorded call in the dialog memory until the dialog ends: that reaches the next process,
/// where a live binding of either is a sign of life again. Flows end with this process, so they are left out.
void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog,
                  const Parties& parties);
/// Of a call that a process before has recorded; nobody: nothing is kept, or the dialog has ended.
Parties kept_parties(const DialogMemory& memory, Cryptography& cryptography, KeyedHash dialog);

} // namespace sotto::billing
