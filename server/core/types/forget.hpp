#pragma once
#include <string>

namespace sotto {

/// Overwrites a text and gives its memory back, where the process's allocator wipes it. Assigning an empty string or
/// `clear()` would keep both (DESIGN.md P9).
inline void forget(std::string& text)
{
    text.assign(text.capacity(), '\0');
    std::string{}.swap(text);
}

/// The same for a container: its elements are destroyed and its memory is given back.
template <class Container> void forget(Container& container) { Container{}.swap(container); }

} // namespace sotto
