#include "core/billing/parties.hpp"

#include <cstring>
#include <string>

namespace sotto::billing {
namespace {

struct Packed {
    BindingId caller, callee;
    KeyedHash identifiers;
};

/// Behind the rest while a BYE is on its way.
constexpr char hanging_up_mark = 'b';

/// No hash of it again: it is a keyed one, and every request inside a dialog asks for this.
BindingId id_of_parties(KeyedHash dialog) { return {~dialog.high | 1U}; }

} // namespace

KeyedHash identifiers_of(Cryptography& cryptography, const CallNames& names)
{
    std::string text{names.call_id};
    text.append(1, '\0').append(names.caller_tag).append(1, '\0').append(names.callee_tag);
    return cryptography.keyed_hash(Cryptography::Use::dialog, text);
}

void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog,
                  const Parties& parties)
{
    const Packed packed{parties.caller.binding, parties.callee.binding, parties.identifiers};
    std::string text{reinterpret_cast<const char*>(&packed), sizeof packed};
    if (parties.hanging_up) text += hanging_up_mark;
    memory.keep_note(dialog, epoch, id_of_parties(dialog), {cryptography.seal_in_memory(text)});
}

void keep_hanging_up(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog, bool hanging_up,
                     bool ahead)
{
    auto parties = kept_parties(memory, cryptography, dialog);
    const bool kept = parties.identifiers != KeyedHash{};
    if (parties.hanging_up == hanging_up || (hanging_up && !kept && !ahead)) return;
    parties.hanging_up = hanging_up;
    keep_parties(memory, cryptography, epoch, dialog, parties);
}

Parties kept_parties(const DialogMemory& memory, Cryptography& cryptography, KeyedHash dialog)
{
    const auto kept = memory.text(id_of_parties(dialog));
    if (!kept) return {};
    const auto text = cryptography.open_in_memory(kept->bytes);
    Packed packed;
    const bool hanging_up = text.size() == sizeof packed + 1;
    if (text.size() != sizeof packed && !hanging_up) return {};
    std::memcpy(&packed, text.data(), sizeof packed);
    return {.caller = {.flow = {}, .binding = packed.caller},
            .callee = {.flow = {}, .binding = packed.callee},
            .identifiers = packed.identifiers,
            .hanging_up = hanging_up};
}

} // namespace sotto::billing
