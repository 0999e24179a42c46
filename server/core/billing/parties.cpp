#include "core/billing/parties.hpp"

#include "core/dialog/note.hpp"
#include "core/types/hashed_text.hpp"

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

BindingId id_of_parties(Cryptography& cryptography, KeyedHash dialog)
{
    return id_of_note(cryptography, "parties, with the callee's tag", dialog);
}

Parties read(const DialogMemory& memory, Cryptography& cryptography, BindingId id)
{
    const auto kept = memory.text(id);
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

SealedText sealed(Cryptography& cryptography, const Parties& parties)
{
    const Packed packed{parties.caller.binding, parties.callee.binding, parties.identifiers};
    std::string text{reinterpret_cast<const char*>(&packed), sizeof packed};
    if (parties.hanging_up) text += hanging_up_mark;
    return {cryptography.seal_in_memory(text)};
}

} // namespace

KeyedHash identifiers_of(Cryptography& cryptography, const CallNames& names)
{
    constexpr std::string_view separator{"\0", 1};
    HashedText text;
    text.add(names.call_id).add(separator).add(names.caller_tag).add(separator).add(names.callee_tag);
    return cryptography.keyed_hash(Cryptography::Use::dialog, text.view());
}

void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog, Parties parties)
{
    const auto id = id_of_parties(cryptography, dialog);
    parties.hanging_up = read(memory, cryptography, id).hanging_up;
    memory.keep_note(dialog, epoch, id, sealed(cryptography, parties));
}

void keep_hanging_up(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog, bool hanging_up,
                     bool ahead)
{
    const auto id = id_of_parties(cryptography, dialog);
    auto parties = read(memory, cryptography, id);
    const bool kept = parties.identifiers != KeyedHash{};
    if (parties.hanging_up == hanging_up || (hanging_up && !kept && !ahead)) return;
    parties.hanging_up = hanging_up;
    memory.keep_note(dialog, epoch, id, sealed(cryptography, parties));
}

Parties kept_parties(const DialogMemory& memory, Cryptography& cryptography, KeyedHash dialog)
{
    return read(memory, cryptography, id_of_parties(cryptography, dialog));
}

} // namespace sotto::billing
