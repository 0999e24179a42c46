#include "core/billing/parties.hpp"

#include <cstring>
#include <string>

namespace sotto::billing {
namespace {

struct Packed {
    BindingId caller, callee;
    KeyedHash identifiers;
};

BindingId id_of_parties(Cryptography& cryptography, KeyedHash dialog)
{
    std::string text{"parties"};
    text.append(reinterpret_cast<const char*>(&dialog), sizeof dialog);
    return {cryptography.keyed_hash(Cryptography::Use::dialog, text).high | 1U};
}

} // namespace

KeyedHash identifiers_of(Cryptography& cryptography, std::string_view call_id, std::string_view tag)
{
    std::string text{call_id};
    text.append(1, '\0').append(tag);
    return cryptography.keyed_hash(Cryptography::Use::dialog, text);
}

void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog,
                  const Parties& parties)
{
    const Packed packed{parties.caller.binding, parties.callee.binding, parties.identifiers};
    memory.keep_note(dialog, epoch, id_of_parties(cryptography, dialog),
                     {cryptography.seal_in_memory({reinterpret_cast<const char*>(&packed), sizeof packed})});
}

Parties kept_parties(const DialogMemory& memory, Cryptography& cryptography, KeyedHash dialog)
{
    const auto kept = memory.text(id_of_parties(cryptography, dialog));
    if (!kept) return {};
    const auto text = cryptography.open_in_memory(kept->bytes);
    Packed packed;
    if (text.size() != sizeof packed) return {};
    std::memcpy(&packed, text.data(), sizeof packed);
    return {.caller = {.flow = {}, .binding = packed.caller},
            .callee = {.flow = {}, .binding = packed.callee},
            .identifiers = packed.identifiers};
}

} // namespace sotto::billing
