#pragma once
#include "core/types/cryptography.hpp"
#include "core/types/ids.hpp"

#include <string_view>

namespace sotto {

/// What a note is kept under in the dialog memory: `what` is one kind of those that are kept once for a dialog, or once
/// for a side of it. The same in the next process.
BindingId id_of_note(Cryptography& cryptography, std::string_view what, KeyedHash dialog);

} // namespace sotto
