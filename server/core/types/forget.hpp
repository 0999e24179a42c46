#pragma once
#include <cstddef>
#include <cstring>
#include <string>

namespace sotto {

/// Overwrites what stands on the stack. The compiler must not see that nobody reads it any more.
inline void forget(char* text, std::size_t size)
{
    std::memset(text, 0, size);
    __asm__ volatile("" : : "r"(text) : "memory");
}

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
