#pragma once
#include "core/privacy/allow_list.hpp"

#include <string>
#include <string_view>

namespace sotto {

/// docs/minimisation.md, written from the tables that the daemon goes by.
std::string minimisation_page();

/// As reports name them.
std::string_view name_of(Receiver receiver);
std::string_view name_of(Treatment treatment);

} // namespace sotto
