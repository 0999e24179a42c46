#include "core/billing/parties.hpp"

#include <array>
#include <cstring>
#include <string>

namespace sotto::billing {
namespace {

using Packed = std::array<BindingId, 2>; ///< caller, callee

BindingId id_of_parties(Cryptography& cryptography, KeyedHash dialog)
{
    std::string text{"parties"};
    text.append(reinterpret_cast<const char*>(&dialog), sizeof dialog);
    return {cryptography.keyed_hash(Cryptography::Use::dialog, text).high | 1U};
}

} // namespace

void keep_parties(DialogMemory& memory, Cryptography& cryptography, Epoch epoch, KeyedHash dialog,
                  const Parties& parties)
{
    const Packed packed{parties.caller.binding, parties.callee.binding};
    if (!packed[0] && !packed[1]) return;
    memory.keep_text(dialog, epoch, id_of_parties(cryptography, dialog),
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
    return {.caller = {.flow = {}, .binding = packed[0]}, .callee = {.flow = {}, .binding = packed[1]}};
}

} // namespace sotto::billing
