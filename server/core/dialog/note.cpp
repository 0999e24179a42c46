#include "core/dialog/note.hpp"

#include "core/types/hashed_text.hpp"

namespace sotto {

BindingId id_of_note(Cryptography& cryptography, std::string_view what, KeyedHash dialog)
{
    HashedText text;
    text.add(what).add({reinterpret_cast<const char*>(&dialog), sizeof dialog});
    return {cryptography.keyed_hash(Cryptography::Use::dialog, text.view()).high | 1U};
}

} // namespace sotto
