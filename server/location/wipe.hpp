#pragma once
#include "core/registrar/binding.hpp"

#include <string.h>

namespace sotto::location {

/// Overwrites before the memory goes back: a plain assignment would leave the old bytes on the heap.
inline void wipe(Binding& binding)
{
    for (auto* text : {&binding.contact.bytes, &binding.path.bytes}) {
        explicit_bzero(text->data(), text->size());
        text->clear();
        text->shrink_to_fit();
    }
}

} // namespace sotto::location
