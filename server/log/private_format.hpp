#pragma once
#include "core/types/private.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace sotto::log {

/// Today's pseudonym of a personal value (see Pseudonyms).
std::string pseudonym(std::string_view value);

} // namespace sotto::log

/// A personal value in any formatted text is a pseudonym, or "[private]" when it is no text.
template <class T> struct fmt::formatter<sotto::Private<T>> : fmt::formatter<std::string_view> {
    template <class Context> auto format(const sotto::Private<T>& value, Context& context) const
    {
        if constexpr (std::is_convertible_v<const T&, std::string_view>)
            return fmt::formatter<std::string_view>::format(sotto::log::pseudonym(value.reveal()), context);
        else
            return fmt::formatter<std::string_view>::format("[private]", context);
    }
};
